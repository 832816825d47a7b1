"""A capacitor that dries has its exchange foretold with an interval; a sound one has no date."""

import numpy as np
import pytest

from battery_assets.features.ripple import calendar
from battery_assets.features.ripple.detection import growth

OWN, WANDER = 30, 0.06


def history(rng, loss_a_year: float, days: int = 240, pulses: int = 6):
    """A year of days: a sound month, then a loss that grows; day, first line, reference."""
    day = np.arange(OWN + days)
    lost = np.clip((day - OWN) / 365.25 * loss_a_year, 0, 0.9)
    first = 1e-3 * growth(lost, pulses) * np.exp(WANDER * rng.standard_normal(len(day)))
    return day, first, day < OWN


def test_weekly_losses_lie_in_their_interval():
    rng, inside = np.random.default_rng(1), []
    for _ in range(60):
        day, first, reference = history(rng, 0.4)
        weeks = calendar.weekly(day, first, reference, 6)
        true = np.clip((weeks.day + 3 - OWN) / 365.25 * 0.4, 0, 0.9)
        inside += ((weeks.low <= true + 0.01) & (true <= weeks.high + 0.01)).tolist()
    assert 0.85 <= np.mean(inside) <= 0.97


@pytest.mark.parametrize("pulses", [6, 12])
def test_the_day_of_exchange_lies_in_its_interval(pulses):
    rng, hits, wide = np.random.default_rng(2), [], []
    for _ in range(80):
        rate = rng.uniform(0.12, 0.3)
        found = calendar.exchange(calendar.weekly(*history(rng, rate, pulses=pulses), pulses))
        true = OWN + calendar.EXCHANGE_AT / rate * 365.25
        assert found.median is not None
        hits.append(found.early <= true <= found.late)
        wide.append(abs(found.median - true))
    assert np.mean(hits) >= 0.8
    assert np.median(wide) < 60


def test_a_sound_capacitor_has_no_date():
    rng = np.random.default_rng(3)
    told = [calendar.exchange(calendar.weekly(*history(rng, 0.0), 6)).median for _ in range(150)]
    assert np.mean([one is not None for one in told]) <= 0.02


def test_too_few_weeks_say_nothing():
    day, first, reference = history(np.random.default_rng(4), 0.5, days=20)
    assert calendar.exchange(calendar.weekly(day, first, reference, 6)).median is None
    with pytest.raises(ValueError, match="a spread needs three"):
        calendar.weekly(day[:3], first[:3], day[:3] < 2, 6)
