"""Sensors and gateways: what is stuck, sent again, lost, or stamped by a clock that drifts."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.ingest.files.duplicates import without_copies
from battery_assets.synthetic.calendar import DAY_S, day_date, start_day
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.lives import in_service
from battery_assets.synthetic.signals.gateways import clock_ticks
from battery_assets.synthetic.signals.sensors import jar_sensors, string_sensors
from battery_assets.synthetic.signals.stuck import TEMPERATURE, VOLTAGE, stuck_on
from battery_assets.synthetic.signals.telemetry import jar_day, string_day
from battery_assets.synthetic.site import SyntheticSite

SITE = SyntheticSite.from_config("alpha", {"place": "chiangmai", "seed": 4, "interval_s": 5, "strings": 3})
DAY = date(2024, 4, 17)


def stuck_spell(channel: int):
    """A spell over midnight on which nothing else happens to its place."""
    site = SyntheticSite.from_config("alpha", {"place": "chiangmai", "seed": 4, "interval_s": 60})
    for day in range(start_day(site), start_day(site) + 1500):
        for spell in stuck_on(site, day):
            long = spell.start_s < (day + 1) * DAY_S - 7200 and spell.end_s > (day + 1) * DAY_S + 7200
            if spell.channel == channel and spell.start_s >= day * DAY_S + 7200 and long:
                return site, day, spell
    raise AssertionError("no channel sticks over midnight")


@pytest.mark.parametrize(("channel", "column"), [(VOLTAGE, "voltage_v"), (TEMPERATURE, "temperature_c")])
def test_a_stuck_channel_repeats_the_reading_at_which_it_stuck(channel, column):
    site, day, spell = stuck_spell(channel)
    rows = in_service(site, day, after_switch=True)
    jar = battery_ids(site)[int(rows[spell.place])]
    two = pl.concat(
        [
            jar_day(site, day_date(d)).with_columns(pl.col("battery_id").cast(pl.String))
            for d in (day, day + 1)
        ]
    )
    own = two.filter(pl.col("battery_id") == jar).with_columns(s=pl.col("ts").dt.epoch("s"))
    inside = own.filter(pl.col("s").is_between(spell.start_s + 60, spell.end_s - 60))
    before = own.filter(pl.col("s").is_between(spell.start_s - 3600, spell.start_s - 1))
    assert inside.height > 100
    assert inside[column].n_unique() == 1
    # The value it stuck at is one it could have read then, and the other channel goes on.
    assert abs(inside[column][0] - before[column].mean()) < (0.02 if channel == VOLTAGE else 0.3)
    other = {"voltage_v": "temperature_c", "temperature_c": "voltage_v"}[column]
    assert inside[other].n_unique() > 1


def test_stuck_channels_are_rare():
    site = SyntheticSite.from_config("alpha", {"place": "chiangmai", "seed": 4})
    begin = start_day(site)
    spells = {spell for day in range(begin, begin + 730) for spell in stuck_on(site, day)}
    assert 5 < len(spells) / 2 < 15
    lasts = np.array([spell.end_s - spell.start_s for spell in spells]) / 3600
    assert lasts.min() >= 1
    assert lasts.max() <= 96


def test_copies_are_exact_and_one_in_two_thousand():
    sent = jar_day(SITE, DAY)
    rows, copies = without_copies(sent, ["battery_id", "ts"])
    assert rows.height + copies == sent.height
    assert rows.height == sent.unique().height
    assert 0.0003 < copies / sent.height < 0.0008


def test_rows_that_contradict_each_other_are_no_copies():
    rows = jar_day(SITE, DAY).head(3)
    twice = pl.concat(
        [rows.head(1), rows.head(1).with_columns(voltage_v=pl.lit(1.0, pl.Float32)), rows.tail(2)]
    )
    with pytest.raises(
        ValueError, match=r"share their battery_id, ts and differ.*first at battery_id .*; next step: "
    ):
        without_copies(twice, ["battery_id", "ts"])


def test_each_gateway_keeps_its_own_time_within_two_seconds():
    ticks = clock_ticks(SITE, "jar", 3, 19_000, 17_280).astype(float) / 10
    assert ticks.min() >= 0
    assert ticks.max() < 2.0
    assert len({row.tobytes() for row in ticks}) == 3
    # Drift is slow and forward; only NTP steps a clock back.
    steps = np.diff(ticks, axis=1)
    assert steps.max() <= 0.1 + 1e-9
    assert ((steps < 0).sum(axis=1) <= 6).all()
    drift = ticks[:, -1] - ticks[:, 0] - np.where(steps < 0, steps, 0).sum(axis=1)
    assert (drift < 5.2).all()


def test_clocks_go_on_over_midnight():
    today, tomorrow = (clock_ticks(SITE, "string", 2, 19_000 + k, 17_280).astype(int) for k in (0, 1))
    change = tomorrow[:, 0] - today[:, -1]
    assert ((change == 0) | (change == 1) | (change < -2)).all()


@pytest.mark.parametrize("interval_s", [1, 5])
def test_a_sample_keeps_its_day_and_its_order(interval_s):
    site = SyntheticSite.from_config(
        "alpha", {"place": "phuket", "seed": 1, "interval_s": interval_s, "strings": 1, "jars_per_string": 3}
    )
    for made, unit in ((jar_day, "battery_id"), (string_day, "string_id")):
        rows = without_copies(made(site, DAY), [unit, "ts"])[0]
        assert set(rows["ts"].dt.date()) == {DAY}
        steps = rows.select(pl.col("ts").diff().over(pl.col(unit).cast(pl.String))).to_series().drop_nulls()
        assert steps.min() > timedelta(0)
        assert (rows["ts"].dt.microsecond() % 100_000 == 0).all()
        assert (rows["ts"].dt.microsecond() != 0).any()


def test_a_hall_sensor_is_off_by_a_tenth_to_half_an_ampere_and_drifts_slowly():
    sites = [SyntheticSite.from_config("h", {"place": "phuket", "seed": seed}) for seed in range(20)]
    year = np.array([[string_sensors(site, 20_000 + 30 * k)[2] for k in range(13)] for site in sites])
    assert 0.1 < np.abs(year).mean() < 0.5
    assert np.mean((np.abs(year) > 0.05) & (np.abs(year) < 0.5)) > 0.9
    assert year.min() < 0 < year.max()
    moves = np.ptp(year, axis=1)
    assert 0.02 < np.median(moves) < 0.2
    daily = np.abs(string_sensors(sites[0], 20_001)[2] - string_sensors(sites[0], 20_000)[2])
    assert daily.max() < 0.005


def test_every_kind_of_sensor_drifts_within_a_year():
    first, later = (jar_sensors(SITE, 20_000 + k) for k in (0, 180))
    assert (first[0] == later[0]).all(), "the gain of a jar's sensor stays"
    assert 0.0005 < np.std(later[1] - first[1]) < 0.004
    assert 0.1 < np.std(later[2] - first[2]) < 0.6
    gains = string_sensors(SITE, 20_000)[0] - string_sensors(SITE, 20_180)[0]
    assert 0 < np.abs(gains).max() < 0.001
