"""Sixty systems whose faults begin where the first rule speaks: what it names, and how far a split flatters.

The figures were measured once on other draws of the same campaign: five classes of six bursts a system.
"""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.learning.signals.classical import rule
from battery_assets.learning.signals.leak import leak
from battery_assets.synthetic.rectifier_faults import TWELVE_PULSE_SHARE
from battery_assets_tests.worlds.ripple.rule_table import campaign_bursts

# Of three systems two are UPS, and of these a third has twelve pulses.
TWELVE = 2 / 3 * TWELVE_PULSE_SHARE


@pytest.fixture(scope="module")
def bursts():
    return campaign_bursts(60, seed=1)


def right(bursts, said: np.ndarray) -> np.ndarray:
    return np.asarray(((said > 0.5) == bursts.labels).all(axis=1))


def by_design(bursts, hit: np.ndarray) -> float:
    """Percent of bursts that are no references; systems of twelve pulses weigh as the layout makes them."""
    shown = ~bursts.reference
    of_twelve = bursts.pulses == 12
    return 100 * float(TWELVE * hit[shown & of_twelve].mean() + (1 - TWELVE) * hit[shown & ~of_twelve].mean())


def test_the_rule_names_what_it_named_before(bursts):
    assert by_design(bursts, right(bursts, rule(bursts, own=False))) == pytest.approx(88.0, abs=1)
    assert by_design(bursts, right(bursts, rule(bursts, own=True))) == pytest.approx(99.1, abs=1)
    unknown = replace(bursts, pulses=np.full(len(bursts), 6))
    guessed = rule(unknown, own=False)
    assert by_design(bursts, right(bursts, guessed)) == pytest.approx(79.3, abs=1)
    sound = bursts.sound & ~bursts.reference
    for own, of_sound in ((False, 100.0), (True, 100.0)):
        assert 100 * right(bursts, rule(bursts, own=own))[sound].mean() == pytest.approx(of_sound, abs=1)
    named = right(bursts, guessed)
    of_twelve = bursts.pulses == 12
    weighed = TWELVE * named[sound & of_twelve].mean() + (1 - TWELVE) * named[sound & ~of_twelve].mean()
    assert 100 * weighed == pytest.approx(78, abs=1)


def test_a_split_by_window_flatters_raw_features_and_not_those_against_own_references(bursts):
    told = leak(bursts)
    assert told["moments_exact_points"] > 1
    assert told["own_lines_exact_points"] == pytest.approx(0, abs=0.2)
    assert told["own_lines_exact_by_system"] > 0.99
