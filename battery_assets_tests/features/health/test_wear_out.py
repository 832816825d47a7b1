"""The ends of a life's interval, on distributions of days that are made by hand."""

import numpy as np
import pytest

from battery_assets.features.health.wear_out import (
    LATE_DAYS,
    LOG_DAYS,
    LONGEST_DAYS,
    SOON_DAYS,
    quantile_days,
)


def lives(median: float, nonsense: float = 0.0) -> np.ndarray:
    """A log-normal life, half again as long or short; of some jars the readings mean nothing: 18 years."""
    density = np.exp(-0.5 * ((LOG_DAYS - np.log1p(median)) / 0.4) ** 2)
    density *= (1.0 - nonsense) / density.sum()
    density[np.searchsorted(LOG_DAYS, np.log1p(18 * 365.25))] += nonsense
    return density


def test_a_few_jars_whose_readings_mean_nothing_do_not_open_the_interval() -> None:
    lower, middle, upper = quantile_days(lives(200.0, nonsense=0.06)[None, :])[0]
    assert middle == pytest.approx(200.0, rel=0.06)
    assert lower == pytest.approx(200.0 * np.exp(-1.96 * 0.4), rel=0.1)
    assert upper < 500.0
    # Of more than a tenth it is no nonsense.
    assert quantile_days(lives(200.0, nonsense=0.15)[None, :])[0, 2] > 6000.0


def test_long_lives_keep_a_wider_share_and_one_goes_over_into_the_other() -> None:
    medians = np.array([0.5 * SOON_DAYS, SOON_DAYS, 0.5 * (SOON_DAYS + LATE_DAYS), LATE_DAYS, 2 * LATE_DAYS])
    found = quantile_days(np.stack([lives(median) for median in medians]))
    ahead = np.log(found[:, 2] / found[:, 1]) / 0.4
    assert ahead[[0, 1]] == pytest.approx([1.28, 1.28], abs=0.06), "the 90 % quantile of a normal"
    assert ahead[[3, 4]] == pytest.approx([1.645, 1.645], abs=0.06), "the 95 % quantile"
    assert ahead[1] < ahead[2] < ahead[3]


def test_no_life_is_longer_than_one_can_say() -> None:
    found = quantile_days(lives(3 * LONGEST_DAYS)[None, :])[0]
    assert found.tolist()[1:] == [LONGEST_DAYS, LONGEST_DAYS]
    assert (np.diff(found) >= 0).all()
