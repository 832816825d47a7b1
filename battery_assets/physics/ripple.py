"""Ripple on the DC bus: rectifier lines through source inductance, capacitor and the string's impedance.

V_batt,h = V_h |Zp / (Zp + j w L)| with Zp the capacitor parallel to the string, I_h = V_batt,h / |Z_string|,
so
voltage and current are tied by about 111 mohm. Both up: the source; current down at constant voltage: the
string.
"""

from dataclasses import dataclass

import numpy as np

LINES_HZ = np.array([50.0, 100.0, 150.0, 200.0, 300.0, 600.0, 900.0, 1200.0])
# Ideal six-pulse lines, rms share of Vdc: sqrt(2)/(n^2 - 1).
SIX_PULSE = np.array([0.0, 0.0, 0.0, 0.0, 0.0404, 0.00989, 0.00438, 0.00246])
UNBALANCE = np.array([0.0, 0.24, 0.0, 0.045, 0.0, 0.0, 0.0, 0.0])  # per unit of phase unbalance
NOISE_FLOOR_V = 0.010


@dataclass(frozen=True)
class Source:
    """A rectifier: inductance (H), capacitor (F) and its series resistance (ohm), phase unbalance (0-1)."""

    inductance_h: float = 1.0e-3
    capacitance_f: float = 20.0e-3
    series_ohm: float = 0.010
    unbalance: float = 0.0


def string_resistance_ohm(jar_mohm: float = 4.25, jars: int = 24, link_mohm: float = 0.06) -> float:
    """Jars, links and 8 mohm of cable: 111 mohm for a new string of 24."""
    return (jars * (jar_mohm + link_mohm) + 8.0) / 1000


def spectrum(source: Source, dc_v: float, string_ohm: float, string_h: float = 20e-6):
    """Rms voltage (V) and current (A) of every line of LINES_HZ at the battery terminals."""
    w = 2 * np.pi * LINES_HZ
    raw = dc_v * (SIX_PULSE + source.unbalance * UNBALANCE)
    battery = string_ohm + 1j * w * string_h
    capacitor = source.series_ohm + 1 / (1j * w * source.capacitance_f)
    parallel = battery * capacitor / (battery + capacitor)
    volts = raw * np.abs(parallel / (parallel + 1j * w * source.inductance_h))
    return volts, volts / np.abs(battery)


def aged_source(source: Source, capacitor_loss: float) -> Source:
    """The source after its capacitor lost a share (0-1) of its capacitance; resistance rises with it."""
    left = max(1 - capacitor_loss, 0.02)
    worse = 1 + 5 * capacitor_loss
    return Source(
        source.inductance_h, source.capacitance_f * left, source.series_ohm * worse, source.unbalance
    )


def rms(lines: np.ndarray) -> float:
    """Total rms of independent lines."""
    return float(np.sqrt(np.sum(np.square(lines))))


def thd_pct(lines_hz, volts, fundamental_hz: float = 300.0) -> float | None:
    """Total harmonic distortion of DC ripple, against the topology's own line (300 Hz six-pulse, 600 twelve).

    `100 sqrt(sum of V_h^2, 50 Hz to 2 kHz,
    without f1) / V_f1`; None where f1 is below the noise floor of 10 mV,
    because there is no fundamental to compare with.
    """
    lines_hz, volts = np.asarray(lines_hz, dtype=float), np.asarray(volts, dtype=float)
    own = np.isclose(lines_hz, fundamental_hz)
    first = rms(volts[own])
    if first < NOISE_FLOOR_V:
        return None
    return 100 * rms(volts[~own & (lines_hz >= 50) & (lines_hz <= 2000)]) / first


def ripple_factor_pct(volts, dc_v: float) -> float:
    """Rms ripple voltage relative to the DC voltage (%), the quantity that the 0.5 % limit is about."""
    return 100 * rms(np.asarray(volts)) / dc_v
