"""The loops over samples behind the feature windows: one day of rows in, sums per unit and hour out.

All times are int64 microseconds; NaN is a missing number. `first_us`, `step_us`, `offset` and `buckets` lay a
grid of instants over the day for each string: sample ts falls into bucket (ts − first_us) / step_us.
"""

import numpy as np
from numba import njit

HOUR_US = 3_600_000_000
HOURS = 24

# Columns of the hourly sums of a jar, then those of its maxima.
N_V, SUM_V, SQ_V, N_BALANCE, SUM_BALANCE, N_T, SUM_T, N_AMBIENT, SUM_AMBIENT, BELOW_S, ABOVE_S = range(11)
JAR_SUMS = 11
MAX_V, MAX_MINUS_V, MAX_T = range(3)
JAR_MAXIMA = 3

# Columns of the hourly sums of a string.
N_SAMPLES, N_CURRENT, AH, CYCLES, SURGES, N_RIPPLE, SUM_RIPPLE, N_THD, SUM_THD = range(9)
STRING_SUMS = 9

# Columns of what is remembered of a string from day to day.
LAST_TS, LAST_I, IN_DISCHARGE, LOW_RUN, OUT_RUN, IN_SURGE = range(6)
STRING_MEMORY = 6
UNKNOWN, YES, NO = 0, 1, 2


@njit(cache=True, nogil=True)
def string_means(ts, volts, unit, start, stop, string_of, first_us, step_us, offset, buckets):
    """Mean jar voltage per string and bucket, NaN with fewer than two jars. Raises on unsorted rows."""
    total = np.zeros(offset[-1])
    count = np.zeros(offset[-1], np.int32)
    for run in range(len(unit)):
        s = string_of[unit[run]]
        per_us = 1.0 / step_us[s]
        before = ts[start[run]]
        for row in range(start[run], stop[run]):
            if ts[row] < before:
                raise ValueError("rows of a jar are not in order of time")
            before = ts[row]
            bucket = int((ts[row] - first_us[s]) * per_us)
            v = volts[row]
            if 0 <= bucket < buckets[s] and not np.isnan(v):
                total[offset[s] + bucket] += v
                count[offset[s] + bucket] += 1
    for k in range(len(total)):
        total[k] = total[k] / count[k] if count[k] > 1 else np.nan
    return total


@njit(cache=True, nogil=True)
def string_on_float(ts, is_float, unit, start, stop, hold_us, first_us, step_us, offset, buckets):
    """YES, NO or UNKNOWN per string and bucket: the latest sample's mode, held `hold_us` at most."""
    state = np.zeros(offset[-1], np.int8)
    for run in range(len(unit)):
        s = unit[run]
        for row in range(start[run], stop[run]):
            if is_float[row] == UNKNOWN:
                continue
            until = ts[row] + hold_us[s]
            if row + 1 < stop[run]:
                until = min(until, ts[row + 1])
            low = max(int(np.floor((ts[row] - first_us[s]) / step_us[s])), 0)
            high = min(int(np.ceil((until - first_us[s]) / step_us[s])), buckets[s])
            for bucket in range(low, max(high, min(low + 1, buckets[s]))):
                state[offset[s] + bucket] = is_float[row]
    return state


@njit(cache=True, nogil=True)
def float_by_voltage(state, means, float_min, float_max, offset):
    """Where no mode is known, a string is on float while its mean jar is within 3 % of the float band."""
    for s in range(len(float_min)):
        for k in range(offset[s], offset[s + 1]):
            if state[k] == UNKNOWN and not np.isnan(means[k]):
                inside = 0.97 * float_min[s] < means[k] < 1.03 * float_max[s]
                state[k] = YES if inside else NO


@njit(cache=True, nogil=True)
def jar_hours(
    ts, volts, temps, unit, start, stop, string_of, first_us, step_us, offset, buckets,
    means, on_float, ambient, day_us, shift_v, float_min, float_max,
):  # fmt: skip
    """Hourly sums (jars, 24, JAR_SUMS) and maxima (jars, 24, JAR_MAXIMA) of a day's jar rows.

    Voltages are summed less `shift_v` (jars,), which keeps the variance exact; `ambient` is °C per minute.
    `float_min` and `float_max` (jars,) have the type of `volts`, so that a sample on the limit is inside.
    """
    sums = np.zeros((len(shift_v), HOURS, JAR_SUMS))
    maxima = np.full((len(shift_v), HOURS, JAR_MAXIMA), -np.inf)
    for run in range(len(unit)):
        jar = unit[run]
        s = string_of[jar]
        row = start[run]
        while row < stop[run] and ts[row] < day_us:
            row += 1
        for hour in range(HOURS):
            first = row
            end = day_us + (hour + 1) * HOUR_US
            while row < stop[run] and ts[row] < end:
                row += 1
            if row > first:
                _voltage_sums(
                    ts[first:row], volts[first:row], sums[jar, hour], maxima[jar, hour], shift_v[jar],
                    means[offset[s] : offset[s + 1]], on_float[offset[s] : offset[s + 1]], first_us[s],
                    step_us[s], float_min[jar], float_max[jar],
                )  # fmt: skip
                _temperature_sums(
                    ts[first:row], temps[first:row], sums[jar, hour], maxima[jar, hour], ambient, day_us
                )
    return sums, maxima


@njit(cache=True, nogil=True)
def _voltage_sums(ts, volts, sums, maxima, shift, means, on_float, first_us, step_us, low_v, high_v):
    per_us = 1.0 / step_us
    n = n_balance = n_below = n_above = 0
    total = squares = balance = 0.0
    highest, lowest = -np.inf, np.inf
    for k in range(len(ts)):
        v = volts[k]
        if np.isnan(v):
            continue
        d = v - shift
        n += 1
        total += d
        squares += d * d
        highest = max(highest, v)
        lowest = min(lowest, v)
        bucket = int((ts[k] - first_us) * per_us)
        if not 0 <= bucket < len(means):
            continue
        if not np.isnan(means[bucket]):
            n_balance += 1
            balance += abs(v - means[bucket])
        if on_float[bucket] == YES:
            n_below += v < low_v
            n_above += v > high_v
    sums[N_V] += n
    sums[SUM_V] += total
    sums[SQ_V] += squares
    sums[N_BALANCE] += n_balance
    sums[SUM_BALANCE] += balance
    sums[BELOW_S] += n_below * step_us * 1e-6
    sums[ABOVE_S] += n_above * step_us * 1e-6
    maxima[MAX_V] = max(maxima[MAX_V], highest)
    maxima[MAX_MINUS_V] = max(maxima[MAX_MINUS_V], -lowest)


@njit(cache=True, nogil=True)
def _temperature_sums(ts, temps, sums, maxima, ambient, day_us):
    n = n_ambient = 0
    total = above = 0.0
    hottest = -np.inf
    for k in range(len(ts)):
        t = temps[k]
        if np.isnan(t):
            continue
        n += 1
        total += t
        hottest = max(hottest, t)
        room = ambient[(ts[k] - day_us) // 60_000_000]
        if not np.isnan(room):
            n_ambient += 1
            above += t - room
    sums[N_T] += n
    sums[SUM_T] += total
    sums[N_AMBIENT] += n_ambient
    sums[SUM_AMBIENT] += above
    maxima[MAX_T] = max(maxima[MAX_T], hottest)


@njit(cache=True, nogil=True)
def latest_resistance(
    ts, ohms, unit, start, stop, day_us, round_ts, round_ohms, round_start, round_next, held_ts, held_ohms
):
    """Last ohmic reading of each jar by the end of each hour: (jars, 24) mΩ, NaN where there was none yet.

    Takes telemetry before the hour's end and rounds (sorted per jar) up to it; remembers in the last three.
    """
    jars = len(held_ts)
    latest = np.empty((jars, HOURS))
    row = np.zeros(jars, np.int64)
    last = np.zeros(jars, np.int64)
    for run in range(len(unit)):
        row[unit[run]], last[unit[run]] = start[run], stop[run]
    for jar in range(jars):
        for hour in range(HOURS):
            end = day_us + (hour + 1) * HOUR_US
            while row[jar] < last[jar] and ts[row[jar]] < end:
                if not np.isnan(ohms[row[jar]]) and ts[row[jar]] >= held_ts[jar]:
                    held_ts[jar], held_ohms[jar] = ts[row[jar]], ohms[row[jar]]
                row[jar] += 1
            while round_next[jar] < round_start[jar + 1] and round_ts[round_next[jar]] <= end:
                k = round_next[jar]
                if round_ts[k] >= held_ts[jar]:
                    held_ts[jar], held_ohms[jar] = round_ts[k], round_ohms[k]
                round_next[jar] += 1
            latest[jar, hour] = held_ohms[jar]
    return latest


@njit(cache=True, nogil=True)
def string_hours(
    ts, current, ripple, is_discharge, unit, start, stop, day_us, first_us, gap_us,
    discharge_a, surge_a, memory,
):  # fmt: skip
    """Hourly sums (strings, 24, STRING_SUMS) of a day's rows; `memory` (strings, 6) goes on to the next day.

    An event counts in the hour of the sample that confirms it: the second below −discharge_a, or the first
    whose mode says so. It ends after two samples without. One that is already under way in the first samples
    of all, at first_us, belongs to the time before. Throughput is the trapezoid of |I|, pauses over gap_us
    left out.
    """
    sums = np.zeros((len(discharge_a), HOURS, STRING_SUMS))
    for run in range(len(unit)):
        s = unit[run]
        before = ts[start[run]]
        for row in range(start[run], stop[run]):
            if ts[row] < before:
                raise ValueError("rows of a string are not in order of time")
            before = ts[row]
            hour = (ts[row] - day_us) // HOUR_US
            if 0 <= hour < HOURS:
                at_edge = ts[row] - first_us <= gap_us[s]
                _string_sample(
                    ts[row], current[row], is_discharge[row], sums[s, hour], memory[s], gap_us[s],
                    discharge_a[s], surge_a[s], at_edge,
                )  # fmt: skip
                if not np.isnan(ripple[row]):
                    sums[s, hour, N_RIPPLE] += 1
                    sums[s, hour, SUM_RIPPLE] += ripple[row]
    return sums


@njit(cache=True, nogil=True)
def _string_sample(ts, current, is_discharge, sums, memory, gap_us, discharge_a, surge_a, at_edge):
    sums[N_SAMPLES] += 1
    measured = not np.isnan(current)
    low = measured and current < -discharge_a
    if low or is_discharge == YES:
        memory[LOW_RUN] += 1
        memory[OUT_RUN] = 0
        confirmed = is_discharge == YES or memory[LOW_RUN] >= 2
        if memory[IN_DISCHARGE] != YES and confirmed:
            memory[IN_DISCHARGE] = YES
            sums[CYCLES] += not at_edge
    elif measured or is_discharge == NO:
        memory[LOW_RUN] = 0
        memory[OUT_RUN] += 1
        if memory[OUT_RUN] >= 2:
            memory[IN_DISCHARGE] = NO
    if not measured:
        return
    sums[N_CURRENT] += 1
    pause = ts - memory[LAST_TS]
    if 0 < pause <= gap_us:
        sums[AH] += 0.5 * (abs(current) + abs(memory[LAST_I])) * pause / HOUR_US
    memory[LAST_TS], memory[LAST_I] = ts, current
    surging = abs(current) > surge_a
    sums[SURGES] += surging and memory[IN_SURGE] != YES and not at_edge
    memory[IN_SURGE] = YES if surging else NO
