"""When the load is lost: wear read forward, and the jar whose renewal puts the day off."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.estimate import BY_COURSE, LIKELY_END, WEAR_OUT
from battery_assets.features.health.wear_out import ENDS_AT
from battery_assets.features.ride_through.ahead import worn_on
from battery_assets.features.ride_through.draws import JarStates, jar_draws
from battery_assets.features.ride_through.kinetics import POPULATION_SD, scale_for_test
from battery_assets.features.ride_through.lives import Ends, Lives
from battery_assets.physics.ageing import state_of_health
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ten_hour_test import made_for_health
from battery_assets_tests.features.ride_through.test_runtime import WEAK, jars, runtime

YEAR = 365.25


def bending(days: np.ndarray) -> Ends:
    """Ends of jars whose capacity bends down."""
    return Ends(days, np.zeros(len(days), dtype=bool))


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
    life, age = bending(np.full((30, 24), 730.0)), np.full(24, 5 * YEAR)
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
    worn = worn_on(exact, bending(np.full((1, 24), 2.5 * YEAR - age)), np.full(24, age), more)
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
    drawn = Lives(days, np.full(24, np.nan)).drawn(luck, np.random.default_rng(2)).days
    assert np.median(drawn, axis=0) == pytest.approx(np.full(24, 800.0), rel=0.1)


def test_a_make_leaves_the_ten_hour_test_as_it_was():
    rng = np.random.default_rng(3)
    logs = np.array(POPULATION_SD) * rng.standard_normal((60, 3)).clip(-2.5, 2.5)
    new = np.full(60, HX12_120.acceptance_scale)
    exact = np.log(made_for_health(new, *np.exp(logs).T) / new)
    assert np.std(exact - logs @ scale_for_test()) < 0.004 < np.std(exact)


def in_a_line(days: np.ndarray) -> Ends:
    """Ends of jars whose capacity falls in a line."""
    return Ends(days, np.ones(len(days), dtype=bool))


def test_a_jar_without_a_knee_comes_to_80_percent_on_its_day_and_goes_on_as_before():
    known = JarStates.of(living(jars(), 730.0))
    drawn = jar_draws(known, 30, np.random.default_rng(1))
    life, age = np.full((30, 24), 730.0), np.full(24, 5 * YEAR)
    today, half, then, later = (
        worn_on(drawn, in_a_line(life), age, day).soh for day in (0.0, 365.0, 730.0, 1460.0)
    )
    assert then == pytest.approx(np.full((30, 24), 0.8), abs=0.001)
    assert today - half == pytest.approx(half - then, abs=1e-9)
    assert then - later == pytest.approx(today - then, abs=1e-9)
    bent = worn_on(drawn, bending(life), age, 1460.0).soh
    assert (later > bent + 0.05).all(), "past its knee a jar falls faster"


def of_two_forms(odds: float, count: int = 24) -> np.ndarray:
    """Jars that end in a year if they bend, in ten if they do not."""
    z = np.array([-2.3, -1.75, -1.2, -0.5, 0.0, 0.5, 1.3, 2.3])
    assert len(z) == len(ENDS_AT)
    row = np.concatenate([[odds], 365.0 * np.exp(0.1 * z), 3650.0 * np.exp(0.1 * z)])
    return np.tile(row, (count, 1))


def test_the_jars_of_a_string_share_the_form_of_their_course_since_it_is_their_make_s():
    nothing = np.full((3, 24), np.nan), np.full(24, np.nan)
    luck = np.zeros((400, 24))
    ends = Lives(*nothing, of_two_forms(0.0)).drawn(luck, np.random.default_rng(2))
    assert ends.straight.mean() == pytest.approx(0.5, abs=0.01)
    assert (ends.days[ends.straight] > 1500).all()
    assert (ends.days[~ends.straight] < 1000).all()


def test_what_all_jars_of_a_string_showed_tells_the_form_that_no_jar_tells_alone():
    nothing = np.full((3, 24), np.nan), np.full(24, np.nan)
    luck = np.zeros((400, 24))
    straight = [
        Lives(*nothing, of_two_forms(odds)).drawn(luck, np.random.default_rng(2)).straight.mean()
        for odds in (-1.0, -0.1, 0.1, 1.0)
    ]
    assert straight[0] < 0.01
    assert 0.2 < straight[1] < 0.45 < 0.55 < straight[2] < 0.8
    assert straight[3] > 0.99
    one = of_two_forms(1.0)
    one[1:] = np.nan
    lonely = Lives(*nothing, one).drawn(luck, np.random.default_rng(2))
    assert 0.5 < lonely.straight.mean() < 0.7
    assert np.isfinite(lonely.days).all(), "a jar of which nothing is known is as the others"


def test_the_day_of_a_string_whose_form_nobody_knows_holds_both():
    required = 0.7 * runtime(jars())["runtime_min"]
    told = living(jars(), 700.0)
    rows = [
        runtime(
            told.with_columns(pl.Series(BY_COURSE, of_two_forms(odds, told.height).tolist())),
            required_min=required,
        )
        for odds in (-2.0, 0.0, 2.0)
    ]
    lower, upper = ([row[f"load_lost_{end}_days"] or np.inf for row in rows] for end in ("lower", "upper"))
    assert upper[0] < 1200 < lower[2]
    assert lower[1] < 1200 < upper[1]
