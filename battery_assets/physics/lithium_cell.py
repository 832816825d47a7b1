"""A lithium-ion cell on a cycler: two electrodes that share their lithium, a resistance, one RC, one body.

U = U_p(y) - U_n(x) with x and y the stoichiometries of the electrodes, tied by the lithium that still cycles:
x Q_n + y Q_p = Q_Li. Losing lithium shifts the electrodes against each other, losing active material shrinks
one of them; both move the peaks of dQ/dV as they do in real cells (Dubarry 2012). Positive current charges:

    x' = I / (3600 Q_n)     v1' = (R1 I - v1) / tau     V = U + I R0 + v1     C T' = I (V - U) - G (T - T_air)
"""

from typing import NamedTuple

import numba
import numpy as np

from battery_assets.physics.parameters.chen2020 import LG_M50, Chen2020

CUTOFF_SHARE = 0.05  # a constant-voltage charge ends at C/20
LONGEST_S = 40 * 3600.0


class Cell(NamedTuple):
    """What ageing has made of a cell: capacities and lithium (Ah), resistances (ohm)."""

    negative_ah: float
    positive_ah: float
    lithium_ah: float
    ohmic_ohm: float
    polarisation_ohm: float
    polarisation_s: float
    heat_capacity_j_k: float
    cooling_w_k: float

    @classmethod
    def aged(
        cls,
        lithium_lost: float = 0.0,
        negative_lost: float = 0.0,
        resistance_ratio: float = 1.0,
        cell: Chen2020 = LG_M50,
    ) -> "Cell":
        """A cell that lost shares (0-1) of its lithium and negative electrode; resistances times a ratio."""
        return cls(
            cell.negative_ah * (1 - negative_lost), cell.positive_ah, cell.lithium_ah * (1 - lithium_lost),
            cell.ohmic_ohm * resistance_ratio, cell.polarisation_ohm * resistance_ratio, cell.polarisation_s,
            cell.heat_capacity_j_k, cell.cooling_w_k,
        )  # fmt: skip


class Protocol(NamedTuple):
    """CC-CV charge, rest, constant-current discharge, rest; both rates are positive."""

    charge_a: float
    discharge_a: float
    high_v: float
    low_v: float
    cutoff_a: float
    rest_s: float
    sample_s: float
    air_c: float


@numba.njit(cache=True)
def negative_v(x):
    """Potential (V) of graphite with silicon at a stoichiometry."""
    return (
        1.9793 * np.exp(-39.3631 * x)
        + 0.2482
        - 0.0909 * np.tanh(29.8538 * (x - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (x - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (x - 0.6103))
    )


@numba.njit(cache=True)
def positive_v(y):
    """Potential (V) of NMC 811 at a stoichiometry."""
    return (
        -0.8090 * y
        + 4.4875
        - 0.0428 * np.tanh(18.5138 * (y - 0.5542))
        - 17.7326 * np.tanh(15.7890 * (y - 0.3117))
        + 17.5842 * np.tanh(15.9308 * (y - 0.3120))
    )


@numba.njit(cache=True)
def open_circuit_v(x, cell):
    """Rested voltage (V) of a cell at the stoichiometry x of its negative electrode."""
    return positive_v((cell.lithium_ah - x * cell.negative_ah) / cell.positive_ah) - negative_v(x)


@numba.njit(cache=True)
def stoichiometry(voltage_v, cell):
    """Stoichiometry of the negative electrode of a cell rested at a voltage: bisection."""
    low = max((cell.lithium_ah - cell.positive_ah) / cell.negative_ah, 0.0) + 1e-6
    high = min(cell.lithium_ah / cell.negative_ah, 1.0) - 1e-6
    for _ in range(60):
        middle = 0.5 * (low + high)
        if open_circuit_v(middle, cell) < voltage_v:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@numba.njit(cache=True)
def cycled(cell, protocol, state, time_s, current_a, voltage_v, temperature_c, step):
    """One cycle: charge, rest, discharge, rest. Writes samples into the arrays, returns how many.

    `state` is (x, v1 in V, T in C) and is moved on; `step` (rows) becomes 1 CC charge, 2 CV charge, 3 rest,
    4 discharge, 5 rest. The first sample is at time 0. It stops where the arrays are full.
    """
    count, now = 0, 0.0
    phase, entered = 1, 0.0
    current = 0.0
    since = protocol.sample_s
    dt = min(protocol.sample_s, 5.0)
    while count < time_s.size and now < LONGEST_S:
        x, v1, warm = state
        resting = open_circuit_v(x, cell) + v1
        if phase == 1:
            current = protocol.charge_a
        elif phase == 2:
            current = max((protocol.high_v - resting) / cell.ohmic_ohm, 0.0)
        elif phase == 4:
            current = -protocol.discharge_a
        else:
            current = 0.0
        volts = resting + current * cell.ohmic_ohm
        ends = (
            (phase == 1 and volts >= protocol.high_v)
            or (phase == 2 and current <= protocol.cutoff_a)
            or (phase in (3, 5) and now - entered >= protocol.rest_s)
            or (phase == 4 and volts <= protocol.low_v)
        )
        if since >= protocol.sample_s or ends:
            time_s[count], current_a[count], voltage_v[count] = now, current, volts
            temperature_c[count], step[count] = warm, phase
            count, since = count + 1, 0.0
        if ends:
            if phase == 5:
                break
            # A step is seen at once: the next sample carries the new current at the same instant's state.
            phase, entered, since = phase + 1, now, protocol.sample_s
            now += 0.1
            continue
        keep = np.exp(-dt / cell.polarisation_s)
        state[0] = x + current * dt / (3600.0 * cell.negative_ah)
        state[1] = keep * v1 + (1 - keep) * cell.polarisation_ohm * current
        heat = current * (volts - open_circuit_v(x, cell))
        state[2] = warm + dt * (heat - cell.cooling_w_k * (warm - protocol.air_c)) / cell.heat_capacity_j_k
        now, since = now + dt, since + dt
    return count


def one_cycle(cell: Cell, protocol: Protocol, state: np.ndarray) -> tuple[np.ndarray, ...]:
    """time_s, current_a, voltage_v, temperature_c, step of one cycle from `state` (moved on in place)."""
    room = int(LONGEST_S / protocol.sample_s) + 50
    time_s, current, volts, warm = (np.empty(room) for _ in range(4))
    step = np.empty(room, np.int8)
    count = cycled(cell, protocol, state, time_s, current, volts, warm, step)
    return tuple(part[:count].copy() for part in (time_s, current, volts, warm, step))


def rested(cell: Cell, voltage_v: float, air_c: float) -> np.ndarray:
    """State of a cell that rests at a voltage, as warm as the air."""
    return np.array([stoichiometry(voltage_v, cell), 0.0, air_c])
