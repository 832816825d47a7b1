"""Incremental capacity dQ/dV and differential voltage dV/dQ of discharges.

dQ/dV is the charge that was drawn at each voltage: the charge between two samples is spread evenly over the
voltages between them (bins of 2 mV) and smoothed with a Gaussian of 10 mV. It needs no monotonic voltage and
its area is the capacity. dV/dQ is the slope of the voltage over 200 equal steps of charge, smoothed with a
Gaussian of 2 % of the capacity. Both smooth within one discharge alone: no cycle sees another one.
"""

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter1d

BIN_V = 0.002
SMOOTHING_V = 0.010
CHARGE_STEPS = 200
SMOOTHING_SHARE = 0.02


def voltage_grid(low_v: float, high_v: float) -> np.ndarray:
    """Middles (V) of the 2 mV bins between two voltages, with room for the smoothing at both ends."""
    room = 4 * SMOOTHING_V
    return (np.arange(np.floor((low_v - room) / BIN_V), np.ceil((high_v + room) / BIN_V)) + 0.5) * BIN_V


def incremental_capacity(
    voltage_v: np.ndarray, drawn_ah: np.ndarray, cycle: np.ndarray, cycles: int, grid_v: np.ndarray
) -> np.ndarray:
    """dQ/dV (Ah/V, not negative) of each discharge, (cycles, bins), on the even grid of `voltage_grid`.

    voltage_v (n,) V and drawn_ah (n,) Ah at the samples of all discharges, one after the other; `cycle` (n,)
    is the row of the result that each sample belongs to. Charge outside the grid counts nowhere.
    """
    volts, drawn = (np.ascontiguousarray(part, dtype=float) for part in (voltage_v, drawn_ah))
    owner = np.asarray(cycle, dtype=np.int64)
    binned = _binned(volts, drawn, owner, cycles, grid_v[0] - BIN_V / 2, grid_v.size)
    return gaussian_filter1d(binned, SMOOTHING_V / BIN_V, axis=1, mode="constant") / BIN_V


def differential_voltage(voltage_v: np.ndarray, drawn_ah: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Charge drawn (Ah) and -dV/dQ (V/Ah) at CHARGE_STEPS points of one discharge (n,), n >= 2.

    Raises ValueError where no charge was drawn.
    """
    if not drawn_ah[-1] > drawn_ah[0]:
        raise ValueError("no charge was drawn: there is no discharge to differentiate")
    charge = np.linspace(float(drawn_ah[0]), float(drawn_ah[-1]), CHARGE_STEPS)
    slope = -np.gradient(np.interp(charge, drawn_ah, voltage_v), charge[1] - charge[0])
    return charge, gaussian_filter1d(slope, SMOOTHING_SHARE * CHARGE_STEPS, mode="nearest")


@njit(cache=True)
def _binned(volts, drawn, cycle, cycles, low, bins):
    out = np.zeros((cycles, bins))
    for k in range(1, volts.size):
        charge = drawn[k] - drawn[k - 1]
        if cycle[k] != cycle[k - 1] or not charge > 0:
            continue
        a = (min(volts[k], volts[k - 1]) - low) / BIN_V
        b = (max(volts[k], volts[k - 1]) - low) / BIN_V
        for place in range(max(int(np.floor(a)), 0), min(int(np.floor(b)), bins - 1) + 1):
            share = 1.0 if b - a < 1e-9 else (min(b, place + 1.0) - max(a, float(place))) / (b - a)
            out[cycle[k], place] += charge * share
    return out
