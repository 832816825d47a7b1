"""Ripple waveforms of rectifiers: every figure here is read off a sampled waveform by FFT."""

import numpy as np
import pytest

from battery_assets.physics.rectifier import Bridge, bridge_voltage
from battery_assets.physics.ripple import (
    Lines,
    Source,
    inverter_lines,
    rectifier_lines,
    rms,
    sampled,
    string_resistance_ohm,
)

FLOAT_V = 326.9
STRING = string_resistance_ohm()
BALANCED, SOUND, GONE = Bridge(), Source(), Source().aged(1.0)


def spectrum(wave: np.ndarray) -> dict[int, float]:
    """Rms lines of 200 ms at 12.8 kHz, by frequency: ten mains cycles, bins of 5 Hz."""
    assert len(wave) == 2560
    lines = np.abs(np.fft.rfft(wave)) * np.sqrt(2) / len(wave)
    return {5 * k: float(lines[k]) for k in range(1, len(lines))}


def bridge(hz: int, of: Bridge) -> float:
    """A line of the voltage behind the diodes, rms % of a sound bridge's mean."""
    angle = 2 * np.pi * np.arange(2560) * 50 / 12800
    return 100 * spectrum(bridge_voltage(angle, of))[hz]


def terminals(of: Bridge = BALANCED, source: Source = SOUND, ohm: float = STRING):
    """Waveforms of voltage and current at the string, 200 ms at 12.8 kHz."""
    return sampled(rectifier_lines(of, source, FLOAT_V, ohm), 12800, 2560)


def rms_of(wave: np.ndarray) -> float:
    return float(np.sqrt(np.mean(wave**2)))


@pytest.mark.parametrize(("hz", "share"), [(300, 4.04), (600, 0.989), (900, 0.438), (1200, 0.246)])
def test_an_ideal_six_pulse_bridge_has_its_lines(hz, share):
    assert bridge(hz, Bridge()) == pytest.approx(share, rel=0.01)
    n = hz / 50
    assert bridge(hz, Bridge()) == pytest.approx(100 * np.sqrt(2) / (n**2 - 1), rel=0.01)


def test_an_ideal_six_pulse_bridge_has_42_permille_of_ripple_and_nothing_under_300_hz():
    wave = bridge_voltage(2 * np.pi * np.arange(2560) * 50 / 12800, Bridge())
    assert 100 * rms_of(wave - wave.mean()) / wave.mean() == pytest.approx(4.20, abs=0.02)
    assert max(value for hz, value in spectrum(wave).items() if hz < 300) < 1e-3


@pytest.mark.parametrize(("hz", "share"), [(600, 0.989), (1200, 0.246)])
def test_twelve_pulses_leave_only_every_second_line(hz, share):
    assert bridge(hz, Bridge(12)) == pytest.approx(share, rel=0.01)
    assert bridge(hz - 300, Bridge(12)) < 0.005


# Of the sagged bridge's own mean, as a meter on its output shows it.
OPEN = [(50, 25.7), (100, 18.9), (150, 10.6)]
LOST = [(100, 47.1), (200, 9.4)]


@pytest.mark.parametrize(("of", "sag", "lines"), [
    (Bridge(open_diode=True), 0.167, OPEN), (Bridge(lost_phase=True), 0.333, LOST),
    (Bridge(unbalance=0.02), 0.007, [(100, 0.48), (200, 0.09)]),
    (Bridge(unbalance=0.05), 0.017, [(100, 1.20), (200, 0.23)]),
])  # fmt: skip
def test_a_faulty_bridge_has_low_lines_and_sags(of, sag, lines):
    mean = bridge_voltage(2 * np.pi * np.arange(2560) * 50 / 12800, of).mean()
    assert 1 - mean == pytest.approx(sag, abs=0.005)
    for hz, share in lines:
        assert bridge(hz, of) / mean == pytest.approx(share, rel=0.03)


TABLE = [
    # state, ripple voltage (V), ripple current (A), strongest line (Hz)
    (Bridge(), SOUND, 0.195, 1.65, 300),
    (Bridge(unbalance=0.02), SOUND, 0.26, 2.2, 300),
    (Bridge(unbalance=0.05), SOUND, 0.47, 4.2, 100),
    (Bridge(), SOUND.aged(0.2), 0.24, 2.0, 300),
    (Bridge(), SOUND.aged(0.4), 0.31, 2.6, 300),
    (Bridge(), SOUND.aged(0.6), 0.43, 3.6, 300),
    (Bridge(), SOUND.aged(0.8), 0.64, 5.4, 300),
    (Bridge(), GONE, 0.82, 6.9, 300),
    (Bridge(open_diode=True), SOUND, 23.7, 212, 50),
    (Bridge(lost_phase=True), SOUND, 11.5, 102, 100),
    (Bridge(), Source(0.5e-3), 0.39, 3.3, 300),
    (Bridge(), Source(2e-3), 0.097, 0.82, 300),
]


@pytest.mark.parametrize(("of", "source", "volts", "amps", "strongest"), TABLE)
def test_the_terminals_show_what_the_table_says(of, source, volts, amps, strongest):
    wave_v, wave_a = terminals(of, source)
    assert rms_of(wave_v) == pytest.approx(volts, rel=0.025)
    assert rms_of(wave_a) == pytest.approx(amps, rel=0.025)
    lines = spectrum(wave_v)
    assert max(lines, key=lines.__getitem__) == strongest


def test_a_capacitor_that_is_gone_doubles_the_second_line_against_the_first():
    sound, gone = spectrum(terminals()[0]), spectrum(terminals(source=GONE)[0])
    assert sound[600] / sound[300] == pytest.approx(0.07, abs=0.005)
    assert gone[600] / gone[300] == pytest.approx(0.14, abs=0.005)


def test_voltage_and_current_are_tied_by_the_string_at_every_line():
    volts, amps = (spectrum(wave) for wave in terminals(Bridge(unbalance=0.03)))
    for hz in (100, 300, 600, 900):
        expected = abs(0.11144 + 2j * np.pi * hz * 20e-6)
        assert volts[hz] / amps[hz] == pytest.approx(expected, rel=1e-3)
    assert pytest.approx(0.11144) == STRING


def test_an_aged_string_lets_the_current_fall_at_the_same_voltage():
    new, old = terminals(), terminals(ohm=1.5 * STRING)
    assert rms_of(old[0]) == pytest.approx(rms_of(new[0]), rel=0.01)
    # At 300 Hz the cable's inductance takes part: -31 %, -33 % at DC.
    assert rms_of(old[1]) / rms_of(new[1]) == pytest.approx(0.69, abs=0.01)


def test_discontinuous_conduction_holds_the_ripple_and_leaves_the_lines_in_proportion():
    linear = rectifier_lines(Bridge(open_diode=True), SOUND, FLOAT_V, STRING)
    held = linear.held_to(48.0)
    assert held.amps_rms == pytest.approx(48.0)
    assert held.volts_rms / linear.volts_rms == pytest.approx(held.amps_rms / linear.amps_rms)
    sound = rectifier_lines(Bridge(), SOUND, FLOAT_V, STRING)
    assert sound.held_to(48.0).amps_rms == pytest.approx(sound.amps_rms)


def test_an_inverter_with_unbalanced_load_ripples_its_string_at_100_hz_two_to_five_times_as_much():
    wave_v, wave_a = sampled(inverter_lines(100.0, 0.1, SOUND, STRING), 12800, 2560)
    lines = spectrum(wave_a)
    assert max(lines, key=lines.__getitem__) == 100
    assert 2 < rms_of(wave_a) / rms_of(terminals()[1]) < 5
    assert spectrum(wave_v)[100] / lines[100] == pytest.approx(
        abs(STRING + 2j * np.pi * 100 * 20e-6), rel=1e-3
    )


def test_a_generator_moves_every_line_with_its_frequency():
    lines = rectifier_lines(Bridge(unbalance=0.05), SOUND, FLOAT_V, STRING)
    # 49.5 Hz: 400 ms are 19.8 cycles, 2 s are 99 whole ones.
    wave, _ = sampled(lines, 12800, 25600, mains_hz=49.5)
    amplitude = np.abs(np.fft.rfft(wave)) * np.sqrt(2) / len(wave)
    assert amplitude[2 * 297] == pytest.approx(np.abs(lines.volts[5]), rel=1e-6)
    assert amplitude[2 * 300] < 1e-6


def test_the_waveform_has_the_rms_of_its_lines_wherever_the_cycle_begins():
    lines = rectifier_lines(Bridge(12, 0.01), SOUND, FLOAT_V, STRING)
    for turn in (0.0, 0.3, 0.77):
        wave_v, wave_a = sampled(lines, 12800, 2560, turn=turn)
        assert rms_of(wave_v) == pytest.approx(lines.volts_rms, rel=1e-5)
        assert rms_of(wave_a) == pytest.approx(rms(lines.amps), rel=1e-5)


def test_no_ripple_is_a_flat_waveform():
    nothing = Lines(np.zeros(100, complex), np.zeros(100, complex))
    assert not sampled(nothing, 12800, 100).any()


def test_a_rectifier_has_six_or_twelve_pulses():
    with pytest.raises(ValueError, match="not 4"):
        Bridge(4)
