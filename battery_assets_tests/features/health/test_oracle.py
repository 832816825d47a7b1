"""The oracle of health: calibrated where it looks, and still too high on weak jars that only people see."""

import numpy as np
import polars as pl
import pytest

from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.worlds.estimation.by_world import MONITOR, PEOPLE, june
from battery_assets_tests.worlds.estimation.oracle import Oracle

STRINGS = 6


@pytest.fixture(scope="module")
def told() -> pl.DataFrame:
    terms = {"place": "bangrak", "seed": 9101, "strings": STRINGS, "world": "weak_jars_stay"}
    then, rng = june(SyntheticSite.from_config("bench", terms), 2031), np.random.default_rng(1)
    string = then.known["string_id"].rank("dense").to_numpy()
    best = [
        Oracle(then, np.flatnonzero(string == n), rng).health(seen_by).with_columns(seen_by=pl.lit(seen_by))
        for n in np.unique(string)
        for seen_by in (PEOPLE, MONITOR)
    ]
    return pl.concat(best).with_columns(off=pl.col("soh_pct") - pl.col("true"))


def test_with_the_generators_own_law_nine_of_ten_jars_are_inside_and_none_is_favoured(told):
    for seen_by in (PEOPLE, MONITOR):
        own = told.filter(seen_by=seen_by)
        inside = own["true"].is_between(own["soh_lower_pct"], own["soh_upper_pct"]).mean()
        assert 0.84 < inside < 0.96
        assert abs(own["off"].mean()) < 0.7


def test_not_even_the_generators_own_law_tells_weak_jars_without_bias_where_only_people_look(told):
    weak = told.filter(pl.col("true") < 85.0)
    by = dict(weak.group_by("seen_by").agg(pl.col("off").mean()).iter_rows())
    assert weak.height >= 20
    assert by[PEOPLE] > 2.0
    assert by[MONITOR] < 0.6 * by[PEOPLE]
