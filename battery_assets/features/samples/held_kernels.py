"""The loop over samples behind `held.held`: which value was held for how long, by the hour.

Rows are sorted by unit and time. Times are int64 microseconds; NaN, which no number equals, not even itself,
is a missing one.
"""

import numpy as np
from numba import njit

GAP_STEPS = 3  # a longer silence breaks what was held


@njit(cache=True, nogil=True, inline="always")
def _middle(a, b, c):
    return max(min(a, b), min(max(a, b), c))


@njit(cache=True, nogil=True)
def held_of_runs(starts, unit, ts, values, step_us, window_us, sign):
    """What `_one_by_one` gives; a unit that was sampled evenly, without a gap, goes by counts of samples."""
    runs = len(starts) - 1
    longest_held = np.full(runs, np.nan)
    first = 0
    while first < runs:
        stop = first + 1
        while stop < runs and unit[starts[stop]] == unit[starts[first]]:
            stop += 1
        a, b = starts[first], starts[stop]
        edges = starts[first : stop + 1] - a
        if _even(ts[a:b], values[a:b], step_us[first]):
            back_us = max(window_us - step_us[first], 0) / (ts[a + 1] - ts[a])
            back, since = int(np.floor(back_us)), int(np.ceil(back_us))
            longest_held[first:stop] = _by_counts(edges, values[a:b], back, since, sign)
        else:
            of_unit = unit[a:b], ts[a:b], values[a:b], step_us[first:stop]
            longest_held[first:stop] = _one_by_one(edges, *of_unit, window_us, sign)
        first = stop
    return longest_held


@njit(cache=True, nogil=True)
def _even(ts, values, step_us):
    """Do two rows or more follow each other in one step, no longer than a gap, with a value each?"""
    if len(ts) < 2:
        return False
    step, odd = ts[1] - ts[0], 0
    for row in range(1, len(ts)):
        odd += ts[row] - ts[row - 1] != step
    for row in range(len(ts)):
        odd += values[row] != values[row]
    return odd == 0 and 0 < step <= GAP_STEPS * step_us


@njit(cache=True, nogil=True)
def _by_counts(edges, values, back, since, sign):
    """As `_one_by_one` of an even unit: windows reach `back` samples back, and the first ends at `since`.

    Lowest values of windows are found from those towards both ends of blocks of a window's length: the same
    few steps for each sample, where a queue has as many as its values fall.
    """
    rows, width = len(values), back + 1
    voted, to_end = np.empty(rows), np.empty(rows)
    voted[0] = min(sign * values[0], sign * values[1])
    voted[-1] = min(sign * values[-2], sign * values[-1])
    for row in range(1, rows - 1):
        voted[row] = _middle(sign * values[row - 1], sign * values[row], sign * values[row + 1])
    for begin in range(0, rows, width):
        low = np.inf
        for row in range(min(begin + width, rows) - 1, begin - 1, -1):
            low = min(low, voted[row])
            to_end[row] = low
    longest_held = np.full(len(edges) - 1, np.nan)
    low, left = np.inf, width
    for run in range(len(edges) - 1):
        best = -np.inf
        for row in range(edges[run], edges[run + 1]):
            low, left = min(low, voted[row]), left - 1
            if row >= since:
                best = max(best, min(to_end[row - back], low))
            if left == 0:
                low, left = np.inf, width
        if best > -np.inf:
            longest_held[run] = sign * best
    return longest_held


@njit(cache=True, nogil=True)
def _one_by_one(starts, unit, ts, values, step_us, window_us, sign):
    """The highest value of each run [starts[k], starts[k + 1]) that was held for a window: float64 (runs,).

    Of three samples in a row the middle value counts, of two at an edge the lower. A window ends in the run
    and is whole: it reaches no further back than the unit's samples without a gap; NaN where none is. sign -1
    looks for the lowest value instead. step_us (runs,): the unit's sampling interval.
    """
    runs, rows = len(starts) - 1, len(ts)
    longest_held, longest, first = np.full(runs, -np.inf), 0, 0
    for row in range(1, rows + 1):
        if row == rows or unit[row] != unit[first]:
            longest, first = max(longest, row - first), row
    at, low = np.empty(longest + 1, np.int64), np.empty(longest + 1)
    head, tail, since = 0, 0, np.int64(0)
    count, before, now, now_ts, now_unit, now_run = 0, 0.0, 0.0, np.int64(0), -1, -1
    run = 0
    for row in range(rows + 1):
        over = row == rows
        if not over:
            while row >= starts[run + 1]:
                run += 1
            value = sign * values[row]
            if value != value or (count > 0 and unit[row] == now_unit and ts[row] == now_ts):
                continue
        ends = over or count == 0 or unit[row] != now_unit or ts[row] - now_ts > GAP_STEPS * step_us[run]
        if count > 0:
            if ends:
                voted = min(before, now) if count > 1 else now
            elif count == 1:
                voted = min(now, value)
            else:
                voted = _middle(before, now, value)
            if count == 1:
                head, tail, since = 0, 0, now_ts
                if ends:
                    voted = -np.inf  # a sample alone holds nothing
            while tail > head and low[tail - 1] >= voted:
                tail -= 1
            at[tail], low[tail] = now_ts, voted
            tail += 1
            reach = now_ts - max(window_us - step_us[now_run], 0)
            while at[head] < reach:
                head += 1
            if since <= reach:
                longest_held[now_run] = max(longest_held[now_run], low[head])
        if over:
            break
        count, before = (1, 0.0) if ends else (count + 1, now)
        now, now_ts, now_unit, now_run = value, ts[row], unit[row], run
    return np.where(np.isfinite(longest_held), sign * longest_held, np.nan)
