"""Ripple at a string's terminals: a rectifier through its inductance and capacitor, or the inverter's draw.

    rectifier   V_h = V_bridge,h Zp / (Zp + j w L)     with Zp = Z_cap || Z_string
    inverter    V_h = I_load,h Zp                      (the rectifier is off)
    both        I_h = V_h / Z_string                   with Z_string = R + j w L_string, about 111 mohm

so that voltage and current are tied by the string. Both up: the source, or its capacitor. Current down at
constant voltage: the string has aged (SOURCES 4). Positive current charges.
"""

from dataclasses import dataclass

import numpy as np

from battery_assets.physics.rectifier import LINES_HZ, MAINS_HZ, ORDERS, Bridge, bridge_lines

STRING_H = 20e-6
# Series resistance of an electrolytic capacitor against what is left of its capacitance (SOURCES 4).
LEFT = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
ESR_FACTOR = (10.0, 5.0, 3.0, 2.0, 1.5, 1.0)
# Current that an inverter draws beside its DC, rms share of it: 2 f from an unbalanced load is given by the
# caller; its own sixth and twelfth are convention.
INVERTER_OWN = {6: 0.03, 12: 0.015}


@dataclass(frozen=True)
class Source:
    """What lies between bridge and string: inductance (H), capacitor (F) and its series resistance (ohm)."""

    inductance_h: float = 1.0e-3
    capacitance_f: float = 20.0e-3
    series_ohm: float = 0.010

    def aged(self, loss: float) -> "Source":
        """The same with a share (0-1) of its capacitance lost, and the resistance that comes with it."""
        factor = float(np.interp(1 - loss, LEFT, ESR_FACTOR))
        return Source(self.inductance_h, self.capacitance_f * (1 - loss), self.series_ohm * factor)


@dataclass(frozen=True)
class Lines:
    """Rms phasors of `LINES_HZ` at the terminals: volts (100,) and amperes (100,)."""

    volts: np.ndarray
    amps: np.ndarray

    @property
    def volts_rms(self) -> float:
        """Ripple voltage (V rms)."""
        return rms(self.volts)

    @property
    def amps_rms(self) -> float:
        """Ripple current (A rms)."""
        return rms(self.amps)

    def times(self, factor: float) -> "Lines":
        """Every line larger or smaller."""
        return Lines(self.volts * factor, self.amps * factor)

    def held_to(self, most_a: float) -> "Lines":
        """Conduction that stops within the cycle cannot follow the linear network: at most so many A rms."""
        return self.times(min(1.0, most_a / self.amps_rms))


def rms(lines: np.ndarray) -> float:
    """Total rms of independent lines, given as rms phasors or values."""
    return float(np.sqrt(np.sum(np.abs(lines) ** 2)))


def string_resistance_ohm(jar_mohm: float = 4.25, jars: int = 24, link_mohm: float = 0.06) -> float:
    """Jars, links and 8 mohm of cable: 111 mohm for a new string of 24."""
    return (jars * (jar_mohm + link_mohm) + 8.0) / 1000


def string_impedance(string_ohm: float, hz: np.ndarray = LINES_HZ) -> np.ndarray:
    """Complex impedance (ohm) of a string, jars and cable, at frequencies."""
    return string_ohm + 2j * np.pi * hz * STRING_H


def _beside(source: Source, string: np.ndarray) -> np.ndarray:
    """Capacitor parallel to the string; by admittance, so that one that is gone is no special case."""
    s = 2j * np.pi * LINES_HZ
    capacitor = s * source.capacitance_f / (1 + s * source.capacitance_f * source.series_ohm)
    return 1 / (1 / string + capacitor)


def rectifier_lines(bridge: Bridge, source: Source, dc_v: float, string_ohm: float) -> Lines:
    """Ripple at a string's terminals while the rectifier holds it; `dc_v` is the mean of the sound bridge."""
    string = string_impedance(string_ohm)
    parallel = _beside(source, string)
    series = 2j * np.pi * LINES_HZ * source.inductance_h
    volts = dc_v * bridge_lines(bridge)[1] * parallel / (parallel + series)
    return Lines(volts, volts / string)


def inverter_lines(load_a: float, load_unbalance: float, source: Source, string_ohm: float) -> Lines:
    """Ripple while the string carries `load_a` (A, positive): 100 Hz by the load's unbalance (rms share)."""
    drawn = np.zeros(LINES_HZ.size, dtype=complex)
    drawn[1] = load_unbalance
    for order, share in INVERTER_OWN.items():
        drawn[order - 1] = share
    string = string_impedance(string_ohm)
    volts = -load_a * drawn * _beside(source, string)
    return Lines(volts, volts / string)


def sampled(lines: Lines, rate_hz: float, count: int, mains_hz: float = MAINS_HZ, turn: float = 0.0):
    """Waveforms (2, count) of voltage (V) and current (A) ripple, without their means.

    `mains_hz` is what the mains or the generator gives, `turn` (0-1 of a cycle) where it stands at the first
    sample. The network is that of 50 Hz: half a hertz moves its impedances by 1 %.
    """
    phasors = np.sqrt(2) * np.stack([lines.volts, lines.amps])
    strong = np.abs(phasors) > 1e-6 * np.abs(phasors).max(axis=1, keepdims=True)
    below = LINES_HZ * (mains_hz / MAINS_HZ) < rate_hz / 2
    used = ORDERS[strong.any(axis=0) & below]
    # Horner's rule in the highest power that all orders are multiples of: mostly every second order is empty.
    step = int(np.gcd.reduce(used)) if used.size else 1
    z = np.exp(2j * np.pi * step * (turn + mains_hz / rate_hz * np.arange(count)))
    total = np.zeros((2, count), dtype=complex)
    for order in range(int(used.max(initial=0)), 0, -step):
        total = (total + phasors[:, order - 1, None]) * z
    return total.real
