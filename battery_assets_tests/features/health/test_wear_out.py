"""Days until a jar is worn out: a distribution without holes, whose end is the end."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.estimate import WEAR_OUT, state_of_health
from battery_assets.features.health.wear_out import LONGEST_DAYS, life_density, quantile_days
from battery_assets_tests.features.health.test_levels import AT, JAR, NO_TESTS, WARM, week


def test_a_jar_that_should_have_ended_already_ends_now_and_not_in_decades():
    age, factor = np.array([5.0]), np.array([1.0])
    [days] = quantile_days(life_density(np.array([[4.0]]), age, factor, np.ones((1, 1))))
    assert (days < 60).all()
    half = life_density(np.array([[4.0, 15.0]]), age, factor, np.full((1, 2), 0.5))
    [days] = quantile_days(half)
    assert days[2] < 15 * 365.25, "the half that has ended is not among those that go on"


def test_what_is_left_lies_around_the_course_by_a_share_of_it_and_by_the_rates_between():
    [days] = quantile_days(life_density(np.array([[9.0]]), np.array([4.0]), np.array([1.0]), np.ones((1, 1))))
    assert days[1] == pytest.approx(5 * 365.25, rel=0.03)
    assert 0.2 < (days[2] - days[0]) / days[1] < 0.6
    assert days[2] < LONGEST_DAYS


def test_the_days_that_are_left_move_as_smoothly_as_the_evidence():
    readings = [week(4.0 * share, days=7) for share in np.arange(1.30, 1.45, 0.01)]
    told = pl.concat([state_of_health(JAR, read, NO_TESTS, WARM, AT) for read in readings])
    steps = np.diff(told[WEAR_OUT[1]].to_numpy())
    assert np.diff(told["soh_pct"].to_numpy()).min() > -1.0
    assert steps.max() < 15
    assert steps.min() > -75, "a per cent of resistance is weeks, not a third of a year"
