"""A string run down under a load to where it has to stop, many times over: the model of `discharge`.

Steps are long on the way and short at the end: one that leads beyond the end is taken back and taken again
with a quarter of its length, until it is the shortest. Within a step the depletion follows the depth and the
current of the step's middle, so that the error falls with the square of the step, and a constant power's
current is carried forward in a straight line before it is found. The string has to stop where its sum is at
the end voltage, or where its lowest jar, but for what a bad connection drops, is about to be reversed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from battery_assets.physics.discharge import (
    COUP_FALL_S,
    COUP_RISE_S,
    SURFACE_CHARGE_S,
    Constants,
    Jars,
    State,
    at_rest,
    constants,
    effective,
    loaded_v,
)
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

SHORTEST = 1 / 16  # of a long step: the ends are met within a thousandth of the span
AGREED, ROUNDS = 1e-4, 8  # a current that moves less than this moves a voltage by less than 0.1 mV
RECORD = np.dtype([(name, float) for name in Constants._fields])


@dataclass(frozen=True)
class Limits:
    """Where a run ends: V a jar in the string's mean, or V a cell of its lowest jar; s by which it ends.

    The solution goes on behind the end until the mean is at last_v; not at all where that is infinite.
    """

    mean_v: float
    reversal_v_cell: float
    last_v: float
    span_s: float


@dataclass(frozen=True)
class Rides:
    """How R runs ended: minutes, the jar that was lowest then, the jars' mean V and the string's A (positive
    is drawn) over that time, each (R,); own_min (R, J), when each jar was at the string's mean_v by itself.

    A jar that was not there when the solution ended has the minutes of that.
    """

    minutes: np.ndarray
    lowest: np.ndarray
    jar_v: np.ndarray
    drawn_a: np.ndarray
    own_min: np.ndarray


def records(products: tuple[Vrla12V120Ah, ...]) -> np.ndarray:
    """The parameter sets of R runs as the compiled loop reads them, (R,)."""
    return np.array([tuple(constants(jar)) for jar in products], dtype=RECORD)


def rides(
    jars: Jars, state: State, products: np.ndarray, level: float, by_power: bool, limits: Limits, steps: int
) -> Rides:
    """R runs of a string of J jars at a constant W a jar, or at constant A (positive is drawn).

    jars, state: arrays (R, J). products: as `records` gives them. steps: long steps in limits.span_s. With 48
    the minutes are within 0.1 % of those with very many (`test_ride.py`), but for rides much shorter than the
    span. The transients of leaving float are met at the steps alone.
    """
    runs, count = state.depth.shape
    parts = np.stack([np.broadcast_to(part, state.depth.shape) for part in effective(jars)], axis=1)
    moving = np.stack([state.depth, state.depletion, state.fast_v], axis=1).astype(float)
    ohms = parts[:, 1] * HX12_120.ohmic_mohm / 1e3
    excess = np.maximum(ohms - np.median(ohms, axis=1, keepdims=True), 0.0)
    end = (limits.mean_v, limits.reversal_v_cell, limits.last_v, limits.span_s)
    ridden = Rides(
        np.empty(runs),
        np.empty(runs, np.int64),
        np.empty(runs),
        np.empty(runs),
        np.full((runs, count), np.nan),
    )  # fmt: skip
    _rides(
        products, parts, moving, excess, (float(level), by_power), end, limits.span_s / steps,
        (ridden.minutes, ridden.lowest, ridden.jar_v, ridden.drawn_a, ridden.own_min),
    )  # fmt: skip
    return ridden


@njit(cache=True, nogil=True)
def _rides(products, jars, states, excess, load, limits, long_s, ridden):
    minutes, lowest, jar_v, drawn_a, own_min = ridden
    for r in range(minutes.size):
        minutes[r], lowest[r], jar_v[r], drawn_a[r] = _ride(
            products[r], jars[r], states[r], excess[r], load, limits, long_s, own_min[r]
        )


@njit(cache=True, nogil=True)
def _ride(c, jars, state, excess, load, limits, long_s, own_min):
    """Minutes, lowest jar, mean V and A of one run; fills own_min, which comes as NaN."""
    mean_v, last_v, span_s = limits[0], limits[2], limits[3]
    then, rest, volts, before = np.empty_like(state), np.empty_like(state), np.empty(own_min.size), excess * 0
    drawn = _met(c, jars, state, rest, 0.0, load, load[0] / 12.5 if load[1] else load[0], volts)
    middle, left, lowest = _left(volts, excess, jars, drawn, limits)
    t, step_s, rate, ended, sum_v, sum_a, end_s = 0.0, long_s, 0.0, left <= 0, 0.0, 0.0, 0.0
    _reached(own_min, volts, volts, mean_v, 0.0, 0.0)
    first_v, first_a = middle, drawn
    while t < span_s and (not ended or middle > last_v):
        dt = min(step_s, span_s - t)
        _moved(c, jars, state, then, dt, drawn + rate * dt / 2)
        before[:] = volts
        after = _met(c, jars, then, rest, t + dt, load, drawn + rate * dt, volts)
        new_middle, new_left, new_lowest = _left(volts, excess, jars, after, limits)
        if not ended and new_left <= 0 and step_s > SHORTEST * long_s:
            step_s = dt / 4
            volts[:] = before
            continue
        if not ended:
            share = left / (left - new_left) if new_left <= 0 else 1.0
            sum_v += share * dt * (middle + share * (new_middle - middle) / 2)
            sum_a += share * dt * (drawn + share * (after - drawn) / 2)
            end_s, lowest = t + share * dt, new_lowest
            if new_left <= 0:
                ended, step_s = True, long_s
        _reached(own_min, before, volts, mean_v, t, dt)
        state, then = then, state
        t, rate, drawn, middle, left = t + dt, (after - drawn) / dt, after, new_middle, new_left
    for j in range(own_min.size):
        if math.isnan(own_min[j]):
            own_min[j] = t / 60
    if end_s == 0.0:
        return 0.0, lowest, first_v, first_a
    return end_s / 60, lowest, sum_v / end_s, sum_a / end_s


@njit(cache=True, nogil=True)
def _moved(c, jars, state, then, dt, drawn):
    """`then` becomes the state after dt at a mean current."""
    keep_x, keep_1 = math.exp(-dt / c.tau_d), math.exp(-dt / c.tau_1)
    for j in range(jars.shape[1]):
        gone = drawn * dt / (c.q_as * jars[0, j])
        used = 1 - state[0, j] + gone / 2
        pull = c.kd * jars[8, j] / jars[0, j] * (1 + c.kz * used**2) * drawn
        then[0, j] = state[0, j] - gone
        then[1, j] = keep_x * state[1, j] + (1 - keep_x) * pull
        then[2, j] = keep_1 * state[2, j] + (1 - keep_1) * c.rf_ohm * drawn


@njit(cache=True, nogil=True)
def _met(c, jars, state, rest, t, load, drawn, volts):
    """Fills the jars' voltages at an instant and returns the current, which starts near `drawn`."""
    level, by_power = load
    _, r_scale, temperature, cells, surface, coup, acid, exchange, _ = jars
    lift = math.exp(-t / SURFACE_CHARGE_S)
    dip = math.exp(-t / COUP_RISE_S) - math.exp(-t / COUP_FALL_S)
    for j in range(volts.size):
        rest[0, j], rest[1, j], rest[2, j] = at_rest(
            c, state[0, j], state[1, j], r_scale[j], acid[j], exchange[j]
        )
    for _ in range(ROUNDS):
        total = 0.0
        for j in range(volts.size):
            v = loaded_v(
                c, drawn, rest[0, j], rest[1, j], rest[2, j], state[2, j], temperature[j] - 25.0, cells[j]
            )
            volts[j] = v + lift * surface[j] - dip * coup[j]
            total += volts[j]
        if not by_power:
            break
        asked = level * volts.size / max(total, 1.0)
        moved, drawn = abs(asked - drawn), asked
        if moved <= AGREED * drawn:
            break
    return drawn


@njit(cache=True, nogil=True)
def _left(volts, excess, jars, drawn, limits):
    """Mean V of the jars, V a jar that are left until the string has to stop, and the lowest jar."""
    total, inside, lowest = 0.0, math.inf, 0
    for j in range(volts.size):
        total += volts[j]
        inside = min(inside, volts[j] + excess[j] * drawn - limits[1] * jars[3, j])
        if volts[j] < volts[lowest]:
            lowest = j
    middle = total / volts.size
    return middle, min(middle - limits[0], inside), lowest


@njit(cache=True, nogil=True)
def _reached(own_min, before, volts, mean_v, t, dt):
    for j in range(volts.size):
        if math.isnan(own_min[j]) and volts[j] <= mean_v:
            fell = before[j] - volts[j]
            own_min[j] = (t + dt * ((before[j] - mean_v) / fell if fell > 0 else 0.0)) / 60
