"""The loops over samples behind the state of charge: one pass over each string, one over each of its jars.

Times are int64 microseconds, NaN is a missing number, positive current charges.
"""

import numpy as np
from numba import njit

from battery_assets.features.charge.ocv_curve import soc_from_open_circuit

HOUR_US = 3_600_000_000

# Codes of a string's mode, and of what a string sample says about its jars.
MODE_UNKNOWN, MODE_FLOAT, MODE_BOOST, MODE_DISCHARGE, MODE_IDLE = range(5)
NOTHING, FULL, RESTED, LONG_RESTED = range(4)

# Columns of what is remembered of a string from sample to sample.
LAST_TS, LAST_A, LAST_ROW_TS, FLOAT_SINCE, TAIL_SINCE, REST_SINCE = range(6)
STRING_MEMORY = 6

# What a charge rests on: codes 1 to 5 are the words of soc_quality, in order; 0 is not known.
UNKNOWN, FULL_CHARGE, OPEN_CIRCUIT, COUNTED, HELD, GUESSED = range(6)
GUESS_VARIANCE = 10.0**2  # points²

FREEZE_A = 1.0  # below it the reading is float current and Hall offset, not charge (SOURCES 6)
CHARGE_EFFICIENCY = 1.0 / 1.05  # 1.05 to 1.10 times the charge removed must be returned (SOURCES 1.6)
SETPOINT_V = 13.2  # 2.20 V per cell: under it a jar is not floating, whatever the mode says (SOURCES 3.1)
BOOST_V = 14.1  # between the float band and the boost band
TAIL_C = 0.02  # boost is complete when the current has stayed under 0.02 C for 3 h (SOURCES 1.6)
FULL_FLOAT_US = 72 * HOUR_US
FULL_TAIL_US = 3 * HOUR_US
REST_US = 3 * HOUR_US
LONG_REST_US = 24 * HOUR_US
FORGET_US = HOUR_US  # a longer silence of the string starts the clocks anew

FULL_SD, REST_SD, LONG_REST_SD = 1.0, 5.0, 3.5  # points; 3.5 is the 40 mV of the OCV chart, SOURCES 1.2
COUNT_SD = 0.02  # share of a counted change that gain and stale capacity leave in doubt
IDLE_VARIANCE_PER_DAY = 0.15  # points², SOURCES 6


@njit(cache=True, nogil=True)
def floats_stably(mode, current, volts, capacity_ah):
    """Whether a string sample (V per jar) is float at setpoint with a small current."""
    small = np.isnan(current) or abs(current) < TAIL_C * capacity_ah
    high = volts >= SETPOINT_V
    if mode == MODE_FLOAT:
        return small and (high or np.isnan(volts))
    return mode == MODE_UNKNOWN and small and high and volts < BOOST_V


@njit(cache=True, nogil=True)
def rests(mode, current, volts):
    """Whether a string sample shows an open circuit: idle, or no mode, next to no current and no charger."""
    if mode == MODE_IDLE:
        return np.isnan(current) or abs(current) < FREEZE_A
    return mode == MODE_UNKNOWN and abs(current) < FREEZE_A and volts < SETPOINT_V


@njit(cache=True, nogil=True)
def string_steps(ts, current, volts, mode, unit, start, stop, capacity_ah, gap_us, memory, unseen_s):
    """Charge and anchors at each string sample: Ah that its jars gained since the sample before, Ah in doubt,
    and FULL, RESTED or LONG_RESTED. Updates `memory` (strings, 6); adds seconds not counted to `unseen_s`."""
    gained = np.zeros(len(ts))
    doubt = np.zeros(len(ts))
    anchor = np.zeros(len(ts), np.int8)
    for run in range(len(unit)):
        s = unit[run]
        for row in range(start[run], stop[run]):
            if ts[row] < memory[s, LAST_ROW_TS]:
                raise ValueError("rows of a string are not in order of time")
            if not np.isnan(current[row]):
                gained[row], doubt[row], missed = _gain(ts[row], current[row], memory[s], gap_us[s])
                unseen_s[s] += missed
            anchor[row] = _anchor(ts[row], current[row], volts[row], mode[row], capacity_ah[s], memory[s])
    return gained, doubt, anchor


@njit(cache=True, nogil=True)
def _gain(ts, current, memory, gap_us):
    """Trapezoid of the current since the last sample that had one; in a gap, Ah in doubt and seconds."""
    now = current if abs(current) >= FREEZE_A else 0.0
    before, pause = memory[LAST_A], ts - memory[LAST_TS]
    remembered = memory[LAST_TS] >= 0
    memory[LAST_TS], memory[LAST_A] = ts, now
    if not remembered:
        return 0.0, 0.0, 0.0
    if pause > gap_us:
        return 0.0, max(abs(now), abs(before)) * pause / HOUR_US, pause * 1e-6
    charge = 0.5 * (now + before) * pause / HOUR_US
    return (charge * CHARGE_EFFICIENCY if charge > 0 else charge), 0.0, 0.0


@njit(cache=True, nogil=True)
def _anchor(ts, current, volts, mode, capacity_ah, memory):
    before = memory[LAST_ROW_TS]
    silent = before < 0 or ts - before > FORGET_US
    memory[LAST_ROW_TS] = ts
    tail = mode == MODE_BOOST or (mode == MODE_UNKNOWN and volts >= BOOST_V)
    tail = tail and 0.0 <= current < TAIL_C * capacity_ah
    floating = floats_stably(mode, current, volts, capacity_ah)
    since_float = _since(memory, FLOAT_SINCE, floating, ts, silent)
    since_tail = _since(memory, TAIL_SINCE, tail, ts, silent)
    rest = _since(memory, REST_SINCE, rests(mode, current, volts), ts, silent)
    rest_before = rest - (ts - before)
    if since_float >= FULL_FLOAT_US or since_tail >= FULL_TAIL_US:
        return FULL
    if rest >= LONG_REST_US and rest_before < LONG_REST_US:
        return LONG_RESTED
    if rest >= REST_US and rest_before < REST_US:
        return RESTED
    return NOTHING


@njit(cache=True, nogil=True)
def _since(memory, clock, holds, ts, silent):
    """Microseconds for which a condition has held without a break; 0 at its first sample."""
    if not holds:
        memory[clock] = -1.0
        return 0.0
    if silent or memory[clock] < 0:
        memory[clock] = ts
    return ts - memory[clock]


@njit(cache=True, nogil=True)
def jar_soc(
    ts, volts, temps, first, last, string_of, step_ts, gained, doubt, anchor, step_first, step_last,
    capacity_ah, soc, variance, basis,
):  # fmt: skip
    """SOC in % at each jar row (Float32) and what it rests on (int8), the steps of its string applied up to
    the row's instant.

    Jar k owns rows [first[k], last[k]); `soc`, `variance` and `basis` (jars,) are updated in place.
    """
    out = np.full(len(ts), np.nan, np.float32)
    quality = np.zeros(len(ts), np.uint8)
    for jar in range(len(soc)):
        s = string_of[jar]
        step = step_first[s]
        v, t = np.nan, np.nan
        code = _quality(soc[jar], variance[jar], basis[jar], False)
        for row in range(first[jar], last[jar]):
            v = volts[row] if not np.isnan(volts[row]) else v
            t = temps[row] if not np.isnan(temps[row]) else t
            if step < step_last[s] and step_ts[step] <= ts[row]:
                while step < step_last[s] and step_ts[step] <= ts[row]:
                    _apply(
                        jar,
                        gained[step],
                        doubt[step],
                        anchor[step],
                        capacity_ah[jar],
                        v,
                        t,
                        soc,
                        variance,
                        basis,
                    )
                    step += 1
                code = _quality(soc[jar], variance[jar], basis[jar], gained[step - 1] != 0.0)
            out[row] = soc[jar]
            quality[row] = code
        for rest in range(step, step_last[s]):
            _apply(jar, gained[rest], doubt[rest], anchor[rest], capacity_ah[jar], v, t, soc, variance, basis)
    return out, quality


@njit(cache=True, nogil=True)
def _quality(soc, variance, basis, counting):
    if np.isnan(soc):
        return UNKNOWN
    if variance > GUESS_VARIANCE:
        return GUESSED
    if basis in (COUNTED, HELD):
        return COUNTED if counting else HELD
    return basis


@njit(cache=True, nogil=True)
def _apply(jar, gained, doubt, anchor, capacity_ah, volts, temp, soc, variance, basis):
    if gained != 0.0 or doubt != 0.0:
        change = 100.0 * gained / capacity_ah
        moved = soc[jar] + change
        soc[jar] = min(max(moved, 0.0), 100.0) if not np.isnan(moved) else np.nan
        sd = np.sqrt(variance[jar]) + COUNT_SD * abs(change) + 100.0 * doubt / capacity_ah
        variance[jar] = min(sd, 30.0) ** 2
        basis[jar] = COUNTED
    if anchor == FULL:
        soc[jar], variance[jar], basis[jar] = 100.0, FULL_SD**2, FULL_CHARGE
    elif anchor != NOTHING:
        shown = soc_from_open_circuit(volts, temp)
        noise = (LONG_REST_SD if anchor == LONG_RESTED else REST_SD) ** 2
        if np.isnan(soc[jar]) and not np.isnan(shown):
            soc[jar], variance[jar], basis[jar] = shown, noise, OPEN_CIRCUIT
        elif not np.isnan(shown):
            gain = variance[jar] / (variance[jar] + noise)
            soc[jar] += gain * (shown - soc[jar])
            variance[jar] *= 1.0 - gain
            basis[jar] = OPEN_CIRCUIT
