"""Ohmic readings of the generator: what scatters in them is the instrument's, and health is not resistance."""

from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl

from battery_assets.synthetic.calendar import day_date, start_day
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.lives import in_service, lives
from battery_assets.synthetic.signals.telemetry import jar_day
from battery_assets.synthetic.site import SyntheticSite

DAYS = 14


@cache
def readings() -> tuple[np.ndarray, np.ndarray]:
    """Scatter of the daily readings of each jar over two weeks, and its profile, of a site of fast jars."""
    config = {"place": "phuket", "seed": 3, "interval_s": 3600, "strings": 18, "world": "mix_60_30_10"}
    site = SyntheticSite.from_config("alpha", config)
    first = day_date(start_day(site) + 40)
    days = [jar_day(site, first + timedelta(n)).drop_nulls("resistance_mohm") for n in range(DAYS)]
    read = pl.concat([day.with_columns(pl.col("battery_id").cast(pl.String)) for day in days]).unique()
    within = read.group_by("battery_id").agg(
        (pl.col("resistance_mohm").log().diff().std() / 2**0.5).alias("scatter"), pl.len()
    )
    profile = dict(zip(battery_ids(site), lives(site).profile.tolist(), strict=True))
    own = within.filter(pl.col("len") > 8).with_columns(
        profile=pl.col("battery_id").replace_strict(profile, return_dtype=pl.Int64)
    )
    return own["scatter"].to_numpy(), own["profile"].to_numpy()


def auc(values: np.ndarray, positive: np.ndarray) -> float:
    ranks = values.argsort().argsort()
    n, m = positive.sum(), (~positive).sum()
    return float((ranks[positive].sum() - n * (n - 1) / 2) / (n * m))


def test_the_scatter_of_a_jars_readings_does_not_tell_its_hidden_profile():
    scatter, profile = readings()
    assert (profile == 1).sum() > 60
    assert (profile == 2).sum() > 8
    assert 0.35 < auc(scatter[profile < 2], profile[profile < 2] == 1) < 0.65
    assert 0.25 < auc(scatter[profile != 1], profile[profile != 1] == 2) < 0.75


def test_a_reading_scatters_as_its_instrument_does():
    scatter, _ = readings()
    assert 0.012 < np.median(scatter) < 0.022


def test_resistance_at_eighty_percent_differs_by_a_jars_own_tenth():
    found = []
    for seed in range(12):
        site = SyntheticSite.from_config("alpha", {"place": "phuket", "seed": seed, "strings": 36})
        for years in (2, 6, 10):
            day = start_day(site) + 365 * years
            rows = in_service(site, day, after_switch=True)
            jars, now = lives(site).take(rows), condition(site, rows, float(day))
            near = (
                (abs(now.soh - 0.82) < 0.03) & (jars.mechanism == 0) & (jars.profile == 0) & (now.cells == 6)
            )
            near &= (jars.sudden == 0) | (day < jars.sudden_day)
            found += now.resistance_ratio[near].tolist()
    assert len(found) > 50
    assert np.std(np.log(found)) > 0.05
    assert np.std(np.log(found)) < 0.10
