"""Rectifier faults are told from noisy waveforms of any source, string and phase; sound ones raise no alarm."""

import numpy as np
import pytest

from battery_assets.features.ripple.diagnosis import Usual, diagnose
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, inverter_lines, rectifier_lines
from battery_assets_tests.worlds.ripple.systems import (
    COUNT,
    FLOAT_V,
    any_source,
    any_string,
    recorded,
    seen,
)


def rectifier(pulses: int = 6, loss: float = 0.0, low=(0.0, 0.02), **fault):
    def make(rng):
        supply = Bridge(pulses, rng.uniform(*low), **fault)
        lines = rectifier_lines(supply, any_source(rng).aged(loss), FLOAT_V, any_string(rng))
        return lines.held_to(rng.uniform(36, 60)).times(1 + 0.06 * rng.standard_normal())

    return make


@pytest.mark.parametrize("pulses", [6, 12])
def test_fewer_than_one_in_a_hundred_sound_windows_raises_an_alarm(pulses):
    kinds, _ = diagnose(seen(recorded(np.random.default_rng(1), rectifier(pulses), 500), pulses))
    assert np.mean(kinds != "healthy") < 0.01


@pytest.mark.parametrize("pulses", [6, 12])
@pytest.mark.parametrize(("kind", "fault"), [
    ("open_diode", {"open_diode": True}), ("lost_phase", {"lost_phase": True}), ("unbalance", {"low": (0.045, 0.08)}),
])  # fmt: skip
def test_a_fault_of_the_bridge_is_told_by_its_lines_alone(pulses, kind, fault):
    kinds, _ = diagnose(seen(recorded(np.random.default_rng(2), rectifier(pulses, **fault)), pulses))
    assert np.mean(kinds == kind) > 0.99


@pytest.mark.parametrize(("ohm", "within"), [(0.111, 0.002), (0.17, 0.013)])
def test_the_unbalanced_phase_is_measured_of_an_aged_string_a_sixth_too_large(ohm, within):
    rng = np.random.default_rng(3)
    low = rng.uniform(0.04, 0.09, COUNT)
    turn = iter(low)

    def make(rng):
        return rectifier_lines(Bridge(6, next(turn)), any_source(rng), FLOAT_V, ohm)

    _, severity = diagnose(seen(recorded(rng, make)))
    assert np.abs(severity - low).mean() < within


@pytest.mark.parametrize("pulses", [6, 12])
def test_what_a_capacitor_lost_is_measured_against_the_strings_own_windows(pulses):
    rng, loss = np.random.default_rng(4), np.linspace(0.5, 0.9, COUNT)
    sources = [(any_source(rng), any_string(rng)) for _ in loss]

    def series(losses):
        turn = iter(zip(sources, losses, strict=True))

        def make(rng):
            (source, ohm), lost = next(turn)
            return rectifier_lines(Bridge(pulses, 0.01), source.aged(lost), FLOAT_V, ohm)

        return seen(recorded(rng, make), pulses)

    sound, worn = series(np.zeros(COUNT)), series(loss)
    usual = Usual(sound.first_share, sound.dc_v)
    kinds, severity = diagnose(worn, usual)
    assert np.mean(kinds == "capacitor_loss") > 0.98
    assert np.abs(severity - loss).mean() < 0.06
    assert np.mean(diagnose(sound, usual)[0] == "healthy") == 1.0


def test_without_own_windows_a_capacitor_that_is_nearly_gone_still_shows():
    kinds, severity = diagnose(seen(recorded(np.random.default_rng(5), rectifier(loss=0.9))))
    assert np.mean(kinds == "capacitor_loss") > 0.9
    assert np.median(severity) == pytest.approx(0.9, abs=0.15)


def test_an_aged_string_is_no_fault_of_the_source():
    """Current falls at the same voltage: nothing is found, and the string's ohms are read off."""
    rng = np.random.default_rng(6)
    new = seen(recorded(rng, lambda _: rectifier_lines(Bridge(), Source(), FLOAT_V, 0.111), 50))
    old = seen(recorded(rng, lambda _: rectifier_lines(Bridge(), Source(), FLOAT_V, 0.167), 50))
    kinds, _ = diagnose(old, Usual(new.first_share, new.dc_v))
    assert (kinds == "healthy").all()
    assert np.mean(old.string_ohm) == pytest.approx(abs(0.167 + 2j * np.pi * 300 * 20e-6), rel=0.01)
    assert np.mean(old.first_share / new.first_share) == pytest.approx(1.0, abs=0.01)


def test_a_sagging_bus_is_measured_with_an_open_diode():
    found = seen(recorded(np.random.default_rng(7), rectifier(open_diode=True), 20, dc_v=0.96 * FLOAT_V))
    _, severity = diagnose(found, Usual(np.full(20, 6e-4), np.full(20, FLOAT_V)))
    assert severity == pytest.approx(np.full(20, 0.04), abs=0.005)


@pytest.mark.parametrize("pulses", [6, 12])
def test_the_inverters_ripple_on_discharge_is_no_fault_of_the_rectifier(pulses):
    def make(rng):
        return inverter_lines(rng.uniform(30, 150), rng.uniform(0.02, 0.2), Source(), any_string(rng))

    kinds, severity = diagnose(seen(recorded(np.random.default_rng(8), make, dc_a=-90.0, dc_v=295.0), pulses))
    assert (kinds == "discharge").all()
    assert not severity.any()
