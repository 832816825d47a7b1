"""The loops over samples behind the rows of cycles. Positive current charges; NaN is a missing number."""

import numpy as np
from numba import njit

CHARGE, REST, DISCHARGE = 1, 0, -1
CONSTANT_VOLTAGE_BAND_V = 0.005  # of the highest voltage of a charge: within it the voltage is held
CONSTANT_CURRENT_SHARE = 0.97  # of the largest current of a charge: below it the current has begun to fall
LONGEST_STEP_S = 35.0  # samples further apart show polarisation, not the step

COLUMNS = (
    "charge_capacity_ah", "discharge_capacity_ah", "charge_energy_wh", "discharge_energy_wh",
    "charge_time_s", "discharge_time_s", "cc_charge_time_s", "cv_charge_time_s",
    "internal_resistance_mohm", "resistance_step_s", "voltage_mean_v", "voltage_min_v", "voltage_max_v",
    "temperature_mean_c", "temperature_min_c", "temperature_max_c", "current_max_a",
)  # fmt: skip
AH, WH, SECONDS, CC_S, CV_S, OHM, OHM_S, V_MEAN, V_MIN, V_MAX, T_MEAN, T_MIN, T_MAX, I_MAX = (
    0, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
)  # fmt: skip


ENDS = ("start_v", "end_v", "end_drop_v", "open_discharge_ah", "open_charge_ah", "top_v")
START_V, END_V, END_DROP_V, OPEN_OUT, OPEN_IN, TOP_V = range(6)


@njit(cache=True)
def cycle_values(time_s, current, volts, warm, moved, flow, starts, ends, step_a, cutoff_v):
    """COLUMNS of every cycle, (cycles, 17), NaN where a cycle does not show them.

    `moved` (Ah, positive charges) is the charge of the interval that ends at each sample. A discharge ends
    with its first sample below `cutoff_v` (NaN: with its last); later ones count nowhere.
    """
    out = np.full((starts.size, len(COLUMNS)), np.nan)
    for c in range(starts.size):
        first, end = starts[c], ends[c]
        stop = _reached(volts, flow, first, end, cutoff_v)
        _extremes(current, volts, warm, flow, first, end, out[c])
        _moved(time_s, current, volts, moved, flow, first, end, stop, out[c])
        _means(time_s, volts, warm, flow, first, end, out[c])
        _held(time_s, current, volts, flow, first, end, out[c])
        _step(time_s, current, volts, flow, first, end, step_a, out[c])
    return out


@njit(cache=True)
def cycle_ends(volts, open_ah, flow, starts, ends, cutoff_v):
    """ENDS of every cycle, (cycles, 6), NaN where it has no discharge or no charge.

    start_v: first voltage under load; end_v: the lowest, down to the cut-off, and end_drop_v by how much it
    fell with that sample; open_*: charge that may have flowed unrecorded between the first and the last
    sample of a direction, and before the first, where it belongs to the cycle; top_v: highest of the charge.
    """
    out = np.full((starts.size, len(ENDS)), np.nan)
    for c in range(starts.size):
        first, end = starts[c], ends[c]
        stop = _reached(volts, flow, first, end, cutoff_v)
        for k in range(first, min(stop + 1, end)):
            if flow[k] == DISCHARGE and not np.isnan(volts[k]):
                if np.isnan(out[c, START_V]):
                    out[c, START_V] = volts[k]
                if np.isnan(out[c, END_V]) or volts[k] < out[c, END_V]:
                    out[c, END_V] = volts[k]
                    going = k > first and flow[k - 1] == DISCHARGE
                    out[c, END_DROP_V] = volts[k - 1] - volts[k] if going else 0.0
            if flow[k] == CHARGE and (np.isnan(out[c, TOP_V]) or volts[k] > out[c, TOP_V]):
                out[c, TOP_V] = volts[k]
        out[c, OPEN_OUT] = _open(open_ah, flow, first, min(stop + 1, end), DISCHARGE)
        out[c, OPEN_IN] = _open(open_ah, flow, first, end, CHARGE)
    return out


@njit(cache=True)
def _open(open_ah, flow, first, end, sign):
    """Ah that may have flowed unrecorded from before the first sample of a direction to its last.

    A record that begins with that sample is judged by its voltage.
    """
    total, pending, begun = 0.0, 0.0, flow[first] == sign
    for k in range(first + 1, end):
        if begun:
            pending += open_ah[k]
        elif flow[k] == sign and np.isfinite(open_ah[k]):
            total += open_ah[k]
        if flow[k] == sign:
            total, pending, begun = total + pending, 0.0, True
    return total


@njit(cache=True)
def drawn_ah(moved, flow, cycle):
    """Ah drawn since its cycle began, at every sample (n,)."""
    out = np.zeros(moved.size)
    for k in range(1, moved.size):
        if cycle[k] == cycle[k - 1]:
            out[k] = out[k - 1]
            if flow[k] == DISCHARGE or flow[k - 1] == DISCHARGE:
                out[k] += max(-moved[k], 0.0)
    return out


@njit(cache=True)
def lows(flown, least):
    """Last rows of the valleys of the flown charge from which it rose by `least` after falling by it."""
    places = np.empty(flown.size, dtype=np.int64)
    count, low, high, direction = 0, 0, 0, 0
    for row in range(1, flown.size):
        if flown[row] <= flown[low]:
            low = row
        if flown[row] >= flown[high]:
            high = row
        if direction <= 0 and flown[row] >= flown[low] + least:
            if direction < 0:
                places[count] = low
                count += 1
            direction, high = 1, row
        elif direction >= 0 and flown[row] <= flown[high] - least:
            direction, low = -1, row
    return places[:count]


@njit(cache=True)
def _reached(volts, flow, first, end, cutoff_v):
    for k in range(first, end):
        if flow[k] == DISCHARGE and volts[k] < cutoff_v:
            return k
    return end


@njit(cache=True)
def _widen(value, low, high, out):
    if not np.isnan(value):
        out[low] = value if np.isnan(out[low]) else min(out[low], value)
        out[high] = value if np.isnan(out[high]) else max(out[high], value)


@njit(cache=True)
def _extremes(current, volts, warm, flow, first, end, out):
    for k in range(first, end):
        _widen(warm[k], T_MIN, T_MAX, out)
        if flow[k] == DISCHARGE:
            _widen(volts[k], V_MIN, V_MAX, out)
        if not np.isnan(current[k]):
            out[I_MAX] = abs(current[k]) if np.isnan(out[I_MAX]) else max(out[I_MAX], abs(current[k]))


@njit(cache=True)
def _moved(time_s, current, volts, moved, flow, first, end, stop, out):
    """Charge (Ah), energy (Wh) and time (s) each way, the interval in which the cycle's charge begins too."""
    for way, sign in ((0, 1), (1, -1)):
        charge, energy, seconds = 0.0, 0.0, 0.0
        for k in range(max(first, 1), end):
            if (flow[k] != sign and (flow[k - 1] != sign or k == first)) or (sign == DISCHARGE and k > stop):
                continue
            if np.isnan(current[k]) or np.isnan(current[k - 1]):
                continue
            flown = max(sign * moved[k], 0.0)
            charge += flown
            if not np.isnan(volts[k]) and not np.isnan(volts[k - 1]):
                now, before = max(sign * current[k], 0.0), max(sign * current[k - 1], 0.0)
                both = now + before
                energy += flown * ((now * volts[k] + before * volts[k - 1]) / both if both > 0 else volts[k])
            if flow[k] == flow[k - 1] and k > first:
                seconds += time_s[k] - time_s[k - 1]
        if charge > 0:
            out[AH + way], out[WH + way], out[SECONDS + way] = charge, energy, seconds


@njit(cache=True)
def _means(time_s, volts, warm, flow, first, end, out):
    """Time-weighted mean of the discharge's voltage and of the cycle's temperature."""
    v, v_s, t, t_s = 0.0, 0.0, 0.0, 0.0
    for k in range(first + 1, end):
        dt = time_s[k] - time_s[k - 1]
        if flow[k] == DISCHARGE and flow[k - 1] == DISCHARGE and not np.isnan(volts[k] + volts[k - 1]):
            v, v_s = v + 0.5 * (volts[k] + volts[k - 1]) * dt, v_s + dt
        if not np.isnan(warm[k] + warm[k - 1]):
            t, t_s = t + 0.5 * (warm[k] + warm[k - 1]) * dt, t_s + dt
    if v_s > 0:
        out[V_MEAN] = v / v_s
    if t_s > 0:
        out[T_MEAN] = t / t_s


@njit(cache=True)
def _held(time_s, current, volts, flow, first, end, out):
    """Time at constant current and at constant voltage of the charge."""
    top, most = -np.inf, 0.0
    for k in range(first, end):
        if flow[k] == CHARGE:
            top, most = max(top, volts[k]), max(most, current[k])
    held = 0.0
    for k in range(first + 1, end):
        both = flow[k] == CHARGE and flow[k - 1] == CHARGE
        if both and volts[k] >= top - CONSTANT_VOLTAGE_BAND_V and current[k] < CONSTANT_CURRENT_SHARE * most:
            held += time_s[k] - time_s[k - 1]
    if not np.isnan(out[SECONDS]):
        out[CC_S], out[CV_S] = out[SECONDS] - held, held


@njit(cache=True)
def _step(time_s, current, volts, flow, first, end, step_a, out):
    """Resistance (mohm) of the cycle's first step into discharge, and the seconds between its samples."""
    for k in range(first + 1, end):
        stepped, dt = current[k] - current[k - 1], time_s[k] - time_s[k - 1]
        into = flow[k] == DISCHARGE and flow[k - 1] != DISCHARGE
        if into and stepped < -step_a and dt <= LONGEST_STEP_S:
            ohms = (volts[k] - volts[k - 1]) / stepped
            if ohms > 0:
                out[OHM], out[OHM_S] = 1000.0 * ohms, dt
                return
