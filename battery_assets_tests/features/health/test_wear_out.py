"""Days until a jar is worn out: a distribution without holes, whose end is the end, and its interval."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.estimate import BY_COURSE, LIKELY_END, WEAR_OUT, state_of_health
from battery_assets.features.health.wear_out import (
    ENDS_AT,
    LATE_DAYS,
    LOG_DAYS,
    LONGEST_DAYS,
    SOON_DAYS,
    ends_by_course,
    interval_days,
    life_density,
)
from battery_assets_tests.features.health.test_levels import AT, JAR, NO_TESTS, WARM, week


def interval(density: np.ndarray) -> np.ndarray:
    """The interval where one form of course is all there is."""
    return interval_days(density, density)


def test_a_jar_that_should_have_ended_already_ends_now_and_not_in_decades():
    age, factor = np.array([5.0]), np.array([1.0])
    [days] = interval(life_density(np.array([[4.0]]), age, factor, np.ones((1, 1))))
    assert (days < 60).all()
    half = life_density(np.array([[4.0, 15.0]]), age, factor, np.full((1, 2), 0.5))
    [days] = interval(half)
    assert days[2] < 15 * 365.25, "the half that has ended is not among those that go on"


def test_what_is_left_lies_around_the_course_by_a_share_of_it_and_by_the_rates_between():
    [days] = interval(life_density(np.array([[9.0]]), np.array([4.0]), np.array([1.0]), np.ones((1, 1))))
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


def lives(median: float, nonsense: float = 0.0) -> np.ndarray:
    """A log-normal life, half again as long or short; of some jars the readings mean nothing: 18 years."""
    density = np.exp(-0.5 * ((LOG_DAYS - np.log1p(median)) / 0.4) ** 2)
    density *= (1.0 - nonsense) / density.sum()
    density[np.searchsorted(LOG_DAYS, np.log1p(18 * 365.25))] += nonsense
    return density


def test_a_few_jars_whose_readings_mean_nothing_do_not_open_the_interval() -> None:
    lower, middle, upper = interval(lives(200.0, nonsense=0.03)[None, :])[0]
    assert middle == pytest.approx(200.0, rel=0.06)
    assert lower == pytest.approx(200.0 * np.exp(-1.96 * 0.4), rel=0.1)
    assert upper < 500.0
    # Of more than a twentieth it is no nonsense.
    assert interval(lives(200.0, nonsense=0.08)[None, :])[0, 2] > 6000.0


def test_long_lives_keep_a_wider_share_and_one_goes_over_into_the_other() -> None:
    medians = np.array([0.5 * SOON_DAYS, SOON_DAYS, 0.5 * (SOON_DAYS + LATE_DAYS), LATE_DAYS, 2 * LATE_DAYS])
    found = interval(np.stack([lives(median) for median in medians]))
    ahead = np.log(found[:, 2] / found[:, 1]) / 0.4
    assert ahead[[0, 1]] == pytest.approx([1.645, 1.645], abs=0.06), "the 95 % quantile of a normal"
    assert ahead[[3, 4]] == pytest.approx([2.326, 2.326], abs=0.08), "the 99 % quantile"
    assert ahead[1] < ahead[2] < ahead[3]


def test_no_life_is_longer_than_one_can_say() -> None:
    found = interval(lives(3 * LONGEST_DAYS)[None, :])[0]
    assert found[1:] == pytest.approx([LONGEST_DAYS, LONGEST_DAYS])
    assert (np.diff(found) >= 0).all()


def test_far_from_its_end_a_jar_may_go_on_in_a_line_and_near_it_the_bend_has_been_seen() -> None:
    """What wears without a knee lasts longer: two of ten jars had outlived their interval."""
    for median, ahead in ((1500.0, 3500.0), (200.0, 500.0)):
        bends, in_a_line = lives(median)[None, :], lives(2.0 * median)[None, :]
        told, alike = interval(bends)[0], interval_days(bends, 0.5 * (bends + in_a_line))[0]
        assert alike[:2] == pytest.approx(told[:2])
        assert (alike[2] > max(ahead, 1.3 * told[2])) == (median > LATE_DAYS)
        assert median > LATE_DAYS or alike[2] == pytest.approx(told[2])


def test_a_string_learns_of_each_jar_its_end_in_either_form_and_which_form_the_evidence_is_likelier_of() -> (
    None
):
    courses = np.stack([lives(400.0), lives(900.0)])[None]
    [row] = ends_by_course(courses, np.array([[0.2, 0.6]]))
    assert row[0] == pytest.approx(np.log(3.0))
    of_each = row[1:].reshape(2, len(ENDS_AT))
    assert (np.diff(of_each, axis=1) > 0).all()
    assert of_each[:, ENDS_AT.index(0.50)] == pytest.approx([400.0, 900.0], rel=0.06)
    nothing = ends_by_course(np.stack([lives(400.0), 0.0 * lives(900.0)])[None], np.array([[1.0, 0.0]]))
    assert np.isfinite(nothing).all()


def test_health_alone_is_to_the_bit_what_it_is_beside_the_days_that_are_left():
    given = JAR, week(5.4, days=7), NO_TESTS, WARM, AT
    whole, alone = state_of_health(*given), state_of_health(*given, lives=False)
    assert set(whole.columns) - set(alone.columns) == {*WEAR_OUT, *LIKELY_END, BY_COURSE}
    assert alone.equals(whole.select(alone.columns))
