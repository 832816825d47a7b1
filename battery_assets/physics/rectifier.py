"""What a line-commutated rectifier puts on its DC side, in time and as lines of the mains frequency.

The upper group of a bridge conducts from the highest phase whose diode works, the lower group to the lowest:
v_d = max(v_k) - min(v_k). A sound six-pulse bridge leaves sqrt(2)/(n^2 - 1) of its mean, rms, at n = 6, 12...
Twelve pulses are two bridges through an interphase reactor, the second fed 30 degrees apart (SOURCES 4).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

MAINS_HZ = 50.0
HIGHEST_ORDER = 100  # 5 kHz: what a monitor's anti-alias filter lets through (SOURCES 4)
ORDERS = np.arange(1, HIGHEST_ORDER + 1)
LINES_HZ = MAINS_HZ * ORDERS
CYCLE_POINTS = 7200  # 0.05 degrees: the commutation falls on a point of every sound bridge


@dataclass(frozen=True)
class Bridge:
    """A rectifier: 6 or 12 pulses, how much lower one phase is (0-1), an open diode, a lost phase."""

    pulses: int = 6
    unbalance: float = 0.0
    open_diode: bool = False
    lost_phase: bool = False

    def __post_init__(self) -> None:
        if self.pulses not in (6, 12):
            raise ValueError(f"a rectifier has 6 or 12 pulses, not {self.pulses}")


def phase_voltages(angle: np.ndarray, bridge: Bridge) -> np.ndarray:
    """Phase voltages (3, n), amplitude 1, at mains angles (rad). A lost phase floats between the others."""
    phases = np.cos(angle - np.arange(3)[:, None] * 2 * np.pi / 3)
    phases[0] *= 1 - bridge.unbalance
    if bridge.lost_phase:
        phases[0] = (phases[1] + phases[2]) / 2
    return phases


def _rectified(phases: np.ndarray, open_diode: bool) -> np.ndarray:
    upper = phases[1:] if open_diode else phases
    return upper.max(axis=0) - phases.min(axis=0)


def bridge_voltage(angle: np.ndarray, bridge: Bridge) -> np.ndarray:
    """Voltage behind the diodes (n,), 1 being the mean of a sound bridge, at mains angles (rad)."""
    phases = phase_voltages(angle, bridge)
    volts = _rectified(phases, bridge.open_diode)
    if bridge.pulses == 12:
        # A delta winding has the differences of the star's phases, sqrt(3) larger and 30 degrees apart.
        turned = (phases - np.roll(phases, -1, axis=0)) / np.sqrt(3)
        volts = (volts + _rectified(turned, open_diode=False)) / 2
    return volts * np.pi / (3 * np.sqrt(3))


@lru_cache(maxsize=512)
def bridge_lines(bridge: Bridge) -> tuple[float, np.ndarray]:
    """Mean, and rms phasors of `LINES_HZ`, per unit of a sound bridge's mean: the waveform's own spectrum."""
    angle = np.arange(CYCLE_POINTS) * (2 * np.pi / CYCLE_POINTS)
    spectrum = np.fft.rfft(bridge_voltage(angle, bridge)) / CYCLE_POINTS
    lines = np.sqrt(2) * spectrum[1 : HIGHEST_ORDER + 1]
    lines.setflags(write=False)
    return float(spectrum[0].real), lines
