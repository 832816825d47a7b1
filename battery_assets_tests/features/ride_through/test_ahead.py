"""When the load is lost: wear read forward, and the jar whose renewal puts the day off."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.estimate import LIKELY_END, WEAR_OUT
from battery_assets.features.ride_through.ahead import Lives, worn_on
from battery_assets.features.ride_through.draws import JarStates, jar_draws
from battery_assets.features.ride_through.kinetics import POPULATION_SD, scale_for_test
from battery_assets.physics.ageing import state_of_health
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ten_hour_test import made_for_health
from battery_assets_tests.features.ride_through.test_runtime import WEAK, jars, runtime

YEAR = 365.25


def living(
    frame: pl.DataFrame, days: float, spread: float = 1.3, of_weak: float | None = None
) -> pl.DataFrame:
    """Jars of five years with a life left of `days`; the seventh with `of_weak`."""
    mine = days if of_weak is None else of_weak
    middle = pl.when(battery_id=WEAK).then(mine).otherwise(days)
    quantiles = dict(zip(WEAR_OUT, (middle / spread, middle, middle * spread), strict=True))
    tight = {"soh_lower_pct": pl.col("soh_pct") - 1.5, "soh_upper_pct": pl.col("soh_pct") + 1.5}
    return frame.with_columns(**quantiles, **tight, age_days=pl.lit(5 * YEAR))


def test_a_jar_comes_to_80_percent_on_the_day_that_its_life_says_and_goes_on_falling():
    known = JarStates.of(living(jars(), 730.0))
    drawn = jar_draws(known, 30, np.random.default_rng(1))
    life, age = np.full((30, 24), 730.0), np.full(24, 5 * YEAR)
    today, then, later = (worn_on(drawn, life, age, day).soh for day in (0.0, 730.0, 1100.0))
    assert today == pytest.approx(drawn.soh)
    assert then == pytest.approx(np.full((30, 24), 0.8), abs=0.01)
    assert (later < then - 0.05).all()
    assert (worn_on(drawn, life, age, 730.0).mohm > drawn.mohm).all()


def test_a_jar_of_the_ageing_law_wears_on_along_that_law():
    rate, age, more = 0.08, 1.5 * YEAR, 0.6 * YEAR
    health = float(state_of_health(age / YEAR, rate))
    known = JarStates.of(living(jars(), 1.0).with_columns(soh_pct=pl.lit(100 * health)))
    drawn = jar_draws(known, 1, np.random.default_rng(1))
    exact = type(drawn)(**{**vars(drawn), "soh": np.full((1, 24), health)})
    worn = worn_on(exact, np.full((1, 24), 2.5 * YEAR - age), np.full(24, age), more)
    assert worn.soh == pytest.approx(
        np.full((1, 24), float(state_of_health((age + more) / YEAR, rate))), abs=0.01
    )


def test_a_string_that_carries_its_load_for_long_is_lost_later_than_one_at_its_edge():
    required = runtime(jars())["runtime_min"]
    sound = runtime(living(jars(), 2000.0), required_min=0.5 * required)
    edge = runtime(living(jars(), 2000.0), required_min=0.9 * required)
    assert edge["load_lost_days"] < 2000.0
    assert sound["load_lost_days"] is None or sound["load_lost_days"] > edge["load_lost_days"] + 300
    assert sound["load_lost_365d"] < 0.05
    assert edge["load_lost_lower_days"] <= edge["load_lost_days"] <= edge["load_lost_upper_days"]


def test_a_string_s_day_is_drawn_from_likely_ends_since_of_many_jars_told_as_rare_one_always_ends_soon():
    """What a person is told of one jar has near ends raised; the first of 24 such jars would end at once."""
    required = 0.7 * runtime(jars())["runtime_min"]
    told = living(jars(), 1400.0, spread=30.0)
    likely = dict(zip(LIKELY_END, map(pl.lit, (700.0, 1600.0, 4500.0)), strict=True))
    by_told, by_likely = (
        runtime(rows, required_min=required) for rows in (told, told.with_columns(**likely))
    )
    assert by_told["load_lost_365d"] > 0.6
    assert by_likely["load_lost_365d"] < 0.3
    assert by_likely["load_lost_days"] > 400


def test_a_string_that_no_longer_carries_its_load_is_lost_today():
    row = runtime(living(jars(), 2000.0), required_min=500.0)
    assert row["load_lost_days"] == 0.0
    assert row["load_lost_365d"] > 0.9


def test_the_jar_that_wears_fast_is_the_first_to_change():
    required = 0.75 * runtime(jars())["runtime_min"]
    row = runtime(living(jars(), 2500.0, of_weak=200.0), required_min=required)
    even = runtime(living(jars(), 2500.0), required_min=required)
    assert row["change_first_battery_id"] == WEAK
    assert row["change_first_gain_days"] > 300
    assert row["load_lost_days"] < 500
    assert even["load_lost_days"] is None or even["load_lost_days"] > 1000


def test_an_interrupted_string_is_lost_today():
    row = runtime(jars(r0_mohm=400.0))
    assert (row["load_lost_days"], row["load_lost_365d"]) == (0.0, 1.0)
    assert row["change_first_battery_id"] == WEAK


def test_lives_that_nobody_knows_are_those_of_the_string():
    days = np.full((3, 24), np.nan)
    days[:, 0] = (400.0, 800.0, 1600.0)
    luck = np.zeros((500, 24))
    drawn = Lives(days, np.full(24, np.nan)).drawn(luck, np.random.default_rng(2))
    assert np.median(drawn, axis=0) == pytest.approx(np.full(24, 800.0), rel=0.1)


def test_a_make_leaves_the_ten_hour_test_as_it_was():
    rng = np.random.default_rng(3)
    logs = np.array(POPULATION_SD) * rng.standard_normal((60, 3)).clip(-2.5, 2.5)
    new = np.full(60, HX12_120.acceptance_scale)
    exact = np.log(made_for_health(new, *np.exp(logs).T) / new)
    assert np.std(exact - logs @ scale_for_test()) < 0.004 < np.std(exact)
