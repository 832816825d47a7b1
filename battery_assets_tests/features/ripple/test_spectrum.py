"""Lines, distortion and mains frequency out of recorded waveforms."""

import numpy as np
import pytest

from battery_assets.features.ripple.spectrum import mains_hz, ripple_factor_pct, spectra, thd_pct
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, sampled, string_resistance_ohm

FLOAT_V = 326.9


def lines(seconds: np.ndarray, **volts_rms: float) -> np.ndarray:
    return sum(
        np.sqrt(2) * v * np.cos(2 * np.pi * float(name[1:]) * seconds) for name, v in volts_rms.items()
    )


def at(rate: float = 12800, length_s: float = 0.2) -> np.ndarray:
    return np.arange(round(length_s * rate)) / rate


def at_terminals(bridge: Bridge, source: Source) -> np.ndarray:
    of = rectifier_lines(bridge, source, FLOAT_V, string_resistance_ohm())
    return FLOAT_V + sampled(of, 12800, 2560)[0]


def thd(wave: np.ndarray, rate: float = 12800, first: float = 300.0) -> float:
    return float(thd_pct(spectra(wave, rate), first)[0])


@pytest.mark.parametrize("rate", [6400, 10000, 12800])
def test_an_ideal_six_pulse_bridge_has_28_percent(rate):
    seconds = at(rate)
    phases = [np.cos(2 * np.pi * 50 * seconds - k * np.pi / 3) for k in range(6)]
    assert thd(FLOAT_V * np.max(phases, axis=0), rate) == pytest.approx(28.0, abs=0.4)


def test_harmonics_of_the_first_line_add_as_squares_and_other_lines_are_no_distortion():
    ripple = FLOAT_V + lines(at(), f300=1.0, f600=0.3, f900=0.4, f100=5.0, f50=2.0, f1200=0.15)
    assert thd(ripple) == pytest.approx(100 * np.sqrt(0.25 + 0.0225), abs=0.01)
    assert thd(ripple, first=600.0) == pytest.approx(50.0, abs=0.01)


@pytest.mark.parametrize("pulses", [6, 12])
@pytest.mark.parametrize("unbalance", [0.0, 0.005, 0.02])
def test_a_sound_system_shows_7_to_10_percent_whatever_its_topology_and_balance(pulses, unbalance):
    for inductance_h in (0.5e-3, 1e-3):
        found = at_terminals(Bridge(pulses, unbalance=unbalance), Source(inductance_h))
        assert 7.0 <= thd(found, first=50.0 * pulses) <= 10.0


@pytest.mark.parametrize("pulses", [6, 12])
def test_a_capacitor_that_is_gone_leaves_half_more_distortion(pulses):
    sound, gone = (
        thd(at_terminals(Bridge(pulses), source), first=50.0 * pulses)
        for source in (Source(), Source().aged(0.95))
    )
    assert gone > 1.45 * sound


def test_strings_of_different_rectifiers_are_judged_together():
    ripple = FLOAT_V + lines(at(), f300=1.0, f600=0.3, f1200=0.15)
    found = thd_pct(spectra(np.stack([ripple, ripple]), 12800), np.array([300.0, 600.0]))
    assert found == pytest.approx([100 * np.hypot(0.3, 0.15), 50.0], rel=1e-3)


def test_lines_above_2_khz_are_no_distortion():
    found = spectra(FLOAT_V + lines(at(), f300=1.0, f4800=0.5), 12800)
    assert thd_pct(found)[0] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("length_s", [0.1, 0.2, 0.205, 0.5])
@pytest.mark.parametrize("hz", [49.95, 50.0, 50.05])
def test_windows_of_100_to_500_ms_agree_on_mains(hz, length_s):
    seconds, scale = at(length_s=length_s), hz / 50
    ripple = lines(seconds, **{f"f{300 * scale}": 1.0, f"f{600 * scale}": 0.3, f"f{900 * scale}": 0.4})
    assert thd(FLOAT_V + ripple) == pytest.approx(50.0, abs=1.0)


@pytest.mark.parametrize("hz", [49.5, 49.8, 50.3, 50.5])
def test_a_generators_frequency_is_measured_and_its_lines_found(hz):
    rng, seconds, scale = np.random.default_rng(3), at(length_s=0.205), hz / 50
    ripple = lines(
        seconds + 0.0123, **{f"f{300 * scale}": 0.2, f"f{1800 * scale}": 0.02, f"f{100 * scale}": 0.1}
    )
    found = spectra(FLOAT_V + ripple + 0.005 * rng.standard_normal(len(seconds)), 12800)
    assert found.mains_hz[0] == pytest.approx(hz, abs=0.01)
    assert found.line(300)[0] == pytest.approx(0.2, rel=0.01)
    assert found.line(1800)[0] == pytest.approx(0.02, rel=0.05)
    assert found.line(100)[0] == pytest.approx(0.1, rel=0.01)
    assert thd_pct(found)[0] == pytest.approx(100 * 0.02 / 0.2, rel=0.06)


def test_noise_alone_has_no_frequency_and_no_distortion():
    noise = 0.003 * np.random.default_rng(4).standard_normal((20, 2560))
    assert np.all(np.abs(mains_hz(noise, 12800) - 50) <= 5)
    assert np.isnan(thd_pct(spectra(FLOAT_V + noise, 12800))).all()


def test_a_first_line_under_10_mv_has_no_distortion():
    assert np.isnan(thd(FLOAT_V + lines(at(), f300=0.0099, f600=1.0)))
    assert thd(FLOAT_V + lines(at(), f300=0.0101, f600=1.0)) > 9000


def test_a_string_that_settles_after_a_step_has_no_50_hz_for_that():
    seconds = at()
    found = spectra(310.0 - 5.0 * seconds + lines(seconds, f300=0.2), 12800)
    assert found.line(50)[0] < 0.002
    assert found.mean[0] == pytest.approx(309.5, abs=0.01)


def test_a_strong_50_hz_line_spills_little_over_the_others():
    seconds = at(length_s=0.205)
    found = spectra(FLOAT_V + lines(seconds + 0.0031, **{"f49.98": 5.0, "f599.76": 0.005}), 12800)
    assert found.line(50)[0] == pytest.approx(5.0, rel=1e-3)
    assert found.line(600)[0] == pytest.approx(0.005, rel=0.1)
    assert found.line(300)[0] < 0.001


def test_the_ripple_factor_is_of_the_dc_voltage():
    found = spectra(FLOAT_V + lines(at(), f300=1.2, f100=0.5), 12800)
    assert ripple_factor_pct(found)[0] == pytest.approx(100 * 1.3 / FLOAT_V, rel=1e-6)


def test_the_crest_factor_tells_a_sine_from_a_spike():
    sine, spike = lines(at(), f300=1.0), np.zeros(2560)
    spike[::256] = 1.0
    crest = spectra(np.stack([sine, spike]), 12800).crest
    assert crest[0] == pytest.approx(np.sqrt(2), rel=0.01)
    assert crest[1] > 10


def test_too_short_or_too_slow_a_window_is_refused():
    with pytest.raises(ValueError, match="mains cycle"):
        spectra(np.zeros(100), 12800)
    with pytest.raises(ValueError, match="kHz"):
        spectra(np.zeros(1000), 1000)
