"""The power curve of a string: what its own bursts would have shown."""

import numpy as np
import pytest

from battery_assets.errors import BadInput
from battery_assets.features.ripple.detection import growth, power
from battery_assets.features.ripple.log_lines import against_own, moments


def own_lines(wander: float = 0.06, count: int = 20, seed: int = 1) -> np.ndarray:
    """First lines (V) of sound bursts that wander by a share."""
    return 0.2 * np.exp(wander * np.random.default_rng(seed).standard_normal(count))


def test_seven_windows_show_a_tenth_of_the_capacitance_and_no_loss_is_no_finding():
    """Known answer: at 6 % wander 7 windows see 10 % in nine of ten; nothing is seen in one of a hundred."""
    found = np.mean([power(own_lines(seed=k), growth([0.0, 0.1]), (7,), seed=k)[0] for k in range(8)], axis=0)
    assert found[0] == pytest.approx(0.01, abs=0.005)
    assert found[1] >= 0.9


def test_more_days_more_loss_and_less_wander_see_more():
    found = power(own_lines(), growth([0.05, 0.1, 0.2]), (1, 7, 30))
    assert (np.diff(found, axis=0) >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert power(own_lines(0.12), growth([0.1]), (7,)) < power(own_lines(0.03), growth([0.1]), (7,))


def test_too_few_bursts_say_nothing():
    with pytest.raises(BadInput, match="7 sound bursts"):
        power(own_lines(count=7), growth([0.1]))


def test_a_pure_sine_of_300_hz_by_hand():
    wave = 10 + np.sin(2 * np.pi * 300 * np.arange(2560) / 12_800)[None]
    rms, kurtosis, dominant, crest = moments(wave, 12_800.0)[0]
    assert rms == pytest.approx(2**-0.5, rel=1e-3)
    assert kurtosis == pytest.approx(-1.5, abs=1e-3)
    assert dominant == 300
    assert crest == pytest.approx(2**0.5, rel=1e-3)


def test_nothing_at_all_has_no_shape():
    assert moments(np.full((1, 2624), 3.0), 12_800.0)[0].tolist() == [0, 0, 0, 0]


def test_lines_are_held_against_the_own_string_s_references():
    lines, strings = np.array([[1.0], [1.0], [3.0], [9.0]] * 5), np.array(["a", "a", "a", "b"] * 5)
    reference = np.array([True, True, False, True] * 5)
    assert against_own(lines, strings, reference)[:4, 0].tolist() == [0.0, 0.0, 2.0, 0.0]
    with pytest.raises(BadInput, match="b has 4 sound references"):
        against_own(lines[:16], strings[:16], reference[:16])
