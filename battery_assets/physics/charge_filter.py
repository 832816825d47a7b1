"""An extended Kalman filter of the charge of a lithium cell: open-circuit curve, a resistance, one RC pair.

    V = U(s) + R0 I + v1      s' = I / Q      v1' = (R1 I - v1) / tau      positive current charges

The state is (s, v1); the measurement is the voltage under load, linear about the predicted state. The curve
is linear between knots that lie evenly from 0 to 1 and may not fall. Source: Plett, J. Power Sources 134
(2004) 277, with fewer states. The covariance keeps Joseph's form.
"""

from typing import NamedTuple

import numba
import numpy as np

from battery_assets.physics.lithium_cell import Cell, open_circuit_v
from battery_assets.physics.parameters.chen2020 import LG_M50

# Standard deviations before the first sample, and of what a second adds: conventions.
FIRST_SOC, FIRST_V = 0.2, 0.05
WANDER_SOC, WANDER_V = 2e-5, 1e-3
# Rows of a curve's departure from the usual one weigh as half a sample each: they decide only what no sample
# does, as the height of the curve where a cell was never at rest.
PRIOR = 0.5
# Share of full above which resistances are read; time constants that are tried.
ABOVE = 1 / 6
TAUS_S = tuple(np.geomspace(10.0, 1000.0, 9).tolist())


class Circuit(NamedTuple):
    """Open-circuit voltage at even knots of charge (k,), resistances in ohm, seconds, noise of a voltage."""

    curve_v: np.ndarray
    ohmic_ohm: float
    polarisation_ohm: float
    polarisation_s: float
    noise_v: float


@numba.njit(cache=True)
def filtered(voltage_v, current_a, moved_ah, capacity_ah, step_s, first, circuit):
    """Charge as a share at each sample (n,). `first` (n,) is true where a record begins anew.

    current_a is that of the instant; moved_ah the charge since the sample before, whose mean current drives
    the RC pair; capacity_ah what the cell is taken to hold.
    """
    said = np.empty(voltage_v.size)
    knots = circuit.curve_v.size - 1
    keep, per_h = np.exp(-step_s / circuit.polarisation_s), 3600.0 / step_s
    s, v1, p00, p01, p11 = 0.5, 0.0, 0.0, 0.0, 0.0
    for k in range(voltage_v.size):
        drop = circuit.ohmic_ohm * current_a[k]
        if first[k]:
            s, v1 = _charge_at(voltage_v[k] - drop, circuit.curve_v), 0.0
            p00, p01, p11 = FIRST_SOC**2, 0.0, FIRST_V**2
        else:
            s += moved_ah[k] / capacity_ah[k]
            v1 = keep * v1 + (1 - keep) * circuit.polarisation_ohm * moved_ah[k] * per_h
            p00 += WANDER_SOC**2 * step_s
            p01 *= keep
            p11 = keep * keep * p11 + WANDER_V**2 * step_s
        place = min(max(int(s * knots), 0), knots - 1)
        slope = (circuit.curve_v[place + 1] - circuit.curve_v[place]) * knots
        off = voltage_v[k] - (circuit.curve_v[place] + slope * (s - place / knots) + drop + v1)
        r = circuit.noise_v**2
        h0, h1 = p00 * slope + p01, p01 * slope + p11
        spread = h0 * slope + h1 + r
        g0, g1 = h0 / spread, h1 / spread
        s = min(max(s + g0 * off, 0.0), 1.0)
        v1 += g1 * off
        # (I - g h) P (I - g h)' + g r g'
        a, b, c, d = 1 - g0 * slope, -g0, -g1 * slope, 1 - g1
        q00, q01 = a * p00 + b * p01, a * p01 + b * p11
        q10, q11 = c * p00 + d * p01, c * p01 + d * p11
        p00 = q00 * a + q01 * b + g0 * r * g0
        p01 = q00 * c + q01 * d + g0 * r * g1
        p11 = q10 * c + q11 * d + g1 * r * g1
        said[k] = s
    return said


@numba.njit(cache=True)
def counted(voltage_v, current_a, moved_ah, capacity_ah, first, circuit):
    """Charge as a share by counting alone, from the voltage of each record's first sample (n,)."""
    said = np.empty(voltage_v.size)
    s = 0.5
    for k in range(voltage_v.size):
        if first[k]:
            s = _charge_at(voltage_v[k] - circuit.ohmic_ohm * current_a[k], circuit.curve_v)
        else:
            s = min(max(s + moved_ah[k] / capacity_ah[k], 0.0), 1.0)
        said[k] = s
    return said


@numba.njit(cache=True)
def _charge_at(voltage_v, curve_v):
    return np.interp(voltage_v, curve_v, np.linspace(0.0, 1.0, curve_v.size))


def usual_curve(knots: int) -> np.ndarray:
    """Rested voltage (V) of a new NMC cell at even knots of charge (knots,)."""
    x = np.linspace(LG_M50.negative_empty, LG_M50.negative_full, knots)
    return np.array([open_circuit_v(one, Cell.aged()) for one in x])


def identified(
    voltage_v: np.ndarray, current_a: np.ndarray, moved_ah: np.ndarray, charge: np.ndarray, step_s: float,
    first: np.ndarray, knots: int = 41,
) -> Circuit:  # fmt: skip
    """The circuit that shows these voltages at charge (n,), by least squares for each of nine taus.

    Rows of unknown charge (NaN) only move the RC pair. The curve is sought as a smooth departure from that
    of an NMC cell (Chen et al. 2020): under one constant current alone, curve and resistance are one number.
    Resistances come from rows above a sixth of full, since they rise towards the empty end; the curve, which
    takes in that rise, then comes from all rows under load.
    """
    finite = np.isfinite(charge)
    lagged = {
        tau: _lagging(moved_ah * 3600.0 / step_s, float(np.exp(-step_s / tau)), first) for tau in TAUS_S
    }
    usual = usual_curve(knots)
    rows = finite & (charge > ABOVE)
    starts = [
        (*_solved(voltage_v[rows], charge[rows], usual, current_a[rows], lag[rows]), tau)
        for tau, lag in lagged.items()
    ]
    solved, _, tau = min(starts, key=lambda one: one[1])
    ohmic, polarisation = (max(float(one), 0.0) for one in solved[knots:])
    dropped = voltage_v - ohmic * current_a - polarisation * lagged[tau]
    loaded = finite & (np.abs(current_a) > 0.05 * np.abs(current_a[finite]).max(initial=0.0))
    departure, noise = _solved(dropped[loaded], charge[loaded], usual)
    curve = np.maximum.accumulate(usual + departure) + np.linspace(0.0, 1e-6, knots)
    return Circuit(curve, ohmic, polarisation, tau, max(noise, 1e-3))


def _solved(
    voltage_v: np.ndarray, charge: np.ndarray, usual: np.ndarray, *currents: np.ndarray
) -> tuple[np.ndarray, float]:
    """Departure from the usual curve at its knots, then what each current is multiplied by; noise in V."""
    knots, rows = usual.size, np.arange(charge.size)
    place = np.clip(charge, 0.0, 1.0) * (knots - 1)
    below = np.minimum(place.astype(np.int64), knots - 2)
    share = place - below
    matrix = np.zeros((charge.size, knots + len(currents)))
    matrix[rows, below], matrix[rows, below + 1] = 1 - share, share
    matrix[:, knots:] = np.column_stack([*currents, np.empty((charge.size, 0))])
    off = voltage_v - matrix[:, :knots] @ usual
    bent = np.diff(np.eye(knots), 2, axis=0) * np.sqrt(charge.size) * 1e-2
    held = np.zeros((2 * knots - 2, matrix.shape[1]))
    held[:, :knots] = np.vstack([bent, PRIOR * np.eye(knots)])
    normal = matrix.T @ matrix + held.T @ held + 1e-9 * np.eye(matrix.shape[1])
    solved = np.linalg.solve(normal, matrix.T @ off)
    return solved, float(np.sqrt(np.mean((matrix @ solved - off) ** 2)))


@numba.njit(cache=True)
def _lagging(current_a, keep, first):
    """The current behind an RC pair (n,), 0 where a record begins anew."""
    said = np.empty(current_a.size)
    lag = 0.0
    for k in range(current_a.size):
        lag = 0.0 if first[k] else keep * lag + (1 - keep) * current_a[k]
        said[k] = lag
    return said
