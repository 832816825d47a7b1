"""A string on float: one current, Tafel behaviour in every cell, the charger holding the string's sum.

`I = C i (exp) (11 (v - 2.23))`, ln i shifted by spread, age and 0.06 (T-25) per kelvin [S15]. Jar j with n_j
cells and shift L_j then takes v_j = n_j (2.23 + (ln I/I_ref - L_j)/11), and ln I follows from the sum.
"""

import numba
import numpy as np

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

SETTLED_SPREAD = 0.25  # sigma of ln i per cell: 56 mV per jar (EnerSys HX +-2 % settled)
FRESH_SPREAD = 0.80  # +-5 % early in float life
SETTLING_YEARS = 0.25
ONE = np.uint32(1)  # an index that cannot be negative need not be looked at


@numba.njit(cache=True)
def compensated(temperature_c, v_25, per_k, floor):
    """Setpoint (V/cell) for a sensed temperature (C); the sensor reads 0-40 C."""
    return max(floor, v_25 + per_k * (min(max(temperature_c, 0.0), 40.0) - 25.0))


# Not of `compensated.py_func`: see open_circuit.
@numba.vectorize(cache=True)
def _compensated(temperature_c, v_25, per_k, floor):
    return compensated(temperature_c, v_25, per_k, floor)


def setpoint_v_cell(temperature_c, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Compensated float setpoint (V/cell): 2.27 at 25 C, -3.3 mV/K, sensor 0-40 C, never below 2.21."""
    sensed = np.asarray(temperature_c, dtype=float)
    return _compensated(sensed, jar.float_v_cell, jar.float_v_cell_per_k, jar.float_floor_v_cell)


def float_current_a(v_cell, temperature_c=25.0, ageing=1.0, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Float current (A) of a cell at a voltage (V/cell) and temperature (C); `ageing` 1 new, 5 worn."""
    exponent = jar.tafel_per_v * (np.asarray(v_cell) - jar.tafel_v_cell)
    exponent = exponent + jar.tafel_per_k * (np.asarray(temperature_c) - 25.0)
    return jar.tafel_a_per_ah * jar.rated_ah * ageing * np.exp(exponent)


def spread(years_on_float, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Standard deviation of a jar's mean ln i (its cells averaged) after some time on float (years)."""
    cell = SETTLED_SPREAD + (FRESH_SPREAD - SETTLED_SPREAD) * np.exp(
        -np.asarray(years_on_float) / SETTLING_YEARS
    )
    return cell / np.sqrt(jar.cells)


@numba.njit(cache=True, nogil=True)
def _share(string_v, shift, cells, left, part, per_string, v_ref, per_v, i_ref, jar_v, current_a):
    # Jar after jar with the samples innermost: such loops the compiler makes several steps at a time of.
    strings, samples = string_v.shape
    level, working = np.empty((2, per_string, samples), np.float32)
    count, weighted, ln_i = np.empty((3, samples))
    for s in range(strings):
        first = s * per_string
        count[:], weighted[:] = 0.0, 0.0
        for j in range(per_string):
            points, held, own, n = shift[first + j], cells[first + j], level[j], working[j]
            for i in range(samples):
                a = left[i]
                own[i] = points[a] + part[i] * (points[a + ONE] - points[a])
                n[i] = held[a]
            for i in range(samples):
                count[i] += n[i]
                weighted[i] += n[i] * own[i]
        for i in range(samples):
            ln_i[i] = (per_v * (string_v[s, i] - v_ref * count[i]) + weighted[i]) / count[i]
            current_a[s, i] = i_ref * np.exp(ln_i[i])
        for j in range(per_string):
            volts, own, n = jar_v[first + j], level[j], working[j]
            for i in range(samples):
                volts[i] = n[i] * (v_ref + (ln_i[i] - own[i]) / per_v)


def share_voltage(string_v, shift, cells, per_string: int, jar: Vrla12V120Ah = HX12_120):
    """Jar voltages and the current of strings whose sum the charger holds.

    `string_v` (strings, n) V; `shift` (strings x per_string, g) the L_j on an even grid whose last point
    closes
    the span; `cells` the same shape, held from each grid point. Returns jar_v (jars, n) float32 and the
    current (strings, n) in A, positive (it charges). The jar voltages of a string sum to `string_v`.
    """
    strings, samples = string_v.shape
    where = np.arange(samples) * ((shift.shape[1] - 1) / samples)
    left = where.astype(np.uint32)
    jar_v = np.empty((strings * per_string, samples), dtype=np.float32)
    current = np.empty((strings, samples))
    _share(
        np.ascontiguousarray(string_v, dtype=float), np.ascontiguousarray(shift, dtype=np.float32),
        np.ascontiguousarray(cells, dtype=np.float32), left, (where - left).astype(np.float32), per_string,
        jar.tafel_v_cell, jar.tafel_per_v, jar.tafel_a_per_ah * jar.rated_ah, jar_v, current,
    )  # fmt: skip
    return jar_v, current
