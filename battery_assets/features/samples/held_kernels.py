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
    """What `_one_by_one` gives; a unit without a missing value or a sample sent twice goes by windows."""
    runs = len(starts) - 1
    longest_held = np.full(runs, np.nan)
    first = 0
    while first < runs:
        stop = first + 1
        while stop < runs and unit[starts[stop]] == unit[starts[first]]:
            stop += 1
        a, b = starts[first], starts[stop]
        edges = starts[first : stop + 1] - a
        if _orderly(ts[a:b], values[a:b]):
            longest_held[first:stop] = _by_windows(
                edges, ts[a:b], values[a:b], step_us[first], window_us, sign
            )
        else:
            of_unit = unit[a:b], ts[a:b], values[a:b], step_us[first:stop]
            longest_held[first:stop] = _one_by_one(edges, *of_unit, window_us, sign)
        first = stop
    return longest_held


@njit(cache=True, nogil=True)
def _orderly(ts, values):
    """Is each row later than the one before it, with a value in each?"""
    odd, later, before = 0, ts[1:], ts[:-1]
    for row in range(len(later)):
        odd += later[row] <= before[row]
    for row in range(len(values)):
        odd += values[row] != values[row]
    return odd == 0


@njit(cache=True, nogil=True)
def _by_windows(edges, ts, values, step_us, window_us, sign):
    """As `_one_by_one` of an orderly unit, stretch by stretch between gaps."""
    rows, gap_us = len(ts), int(np.floor(GAP_STEPS * step_us))
    back_us = max(window_us - step_us, 0.0)
    signed, voted = np.empty_like(values), np.empty_like(values)
    for row in range(rows):
        signed[row] = -values[row] if sign < 0 else values[row]
    _vote(signed[:-2], signed[1:-1], signed[2:], voted[1:-1])
    reach = 1
    while 2 * reach <= int(back_us / step_us) + 1:
        reach *= 2
    highest = np.full(len(edges) - 1, -np.inf)
    first, run = 0, 0
    while first < rows:
        stop = first + 1
        while stop < rows and ts[stop] - ts[stop - 1] <= gap_us:
            stop += 1
        if stop - first > 1:  # a sample alone holds nothing
            voted[first] = min(signed[first], signed[first + 1])
            voted[stop - 1] = min(signed[stop - 2], signed[stop - 1])
            _raise_by(highest, edges, first, ts[first:stop], voted[first:stop], back_us, reach)
        first = stop
    for run in range(len(highest)):
        highest[run] = sign * highest[run] if np.isfinite(highest[run]) else np.nan
    return highest


@njit(cache=True, nogil=True)
def _raise_by(highest, edges, first, ts, voted, back_us, reach):
    """Raise what each run held to the lowest value of each window of a stretch that begins at row `first`.

    The lowest of `reach` samples up to each is made from those of half as many, so that a window is two of
    them: the same few steps for each sample, where a queue has as many as its values fall.
    """
    back, low, spare = int(np.floor(back_us)), voted.copy(), np.empty_like(voted)
    width = 1
    while width < reach and width < len(low):
        spare[:width] = low[:width]
        _lower(low[width:], low[:-width], spare[width:])
        low, spare = spare, low
        width *= 2
    head, begin = 0, np.searchsorted(ts, ts[0] + int(np.ceil(back_us)))
    run = np.searchsorted(edges, first + begin, side="right") - 1
    for row in range(begin, len(ts)):
        while ts[row] - ts[head] > back:
            head += 1
        while first + row >= edges[run + 1]:
            run += 1
        held, at = low[row], head + reach - 1
        if at > row:  # fewer samples than usual
            held = voted[head]
            for k in range(head + 1, row + 1):
                held = min(held, voted[k])
        while at < row:
            held = min(held, low[at])
            at += reach
        highest[run] = max(highest[run], held)


@njit(cache=True, nogil=True)
def _vote(before, now, after, voted):
    """The middle one of three samples in a row."""
    for row in range(len(voted)):
        a, b, c = before[row], now[row], after[row]
        low, high = (a, b) if a < b else (b, a)
        most = high if high < c else c
        voted[row] = low if low > most else most


@njit(cache=True, nogil=True)
def _lower(one, other, lower):
    """The lower of two values, row by row."""
    for row in range(len(lower)):
        lower[row] = one[row] if one[row] < other[row] else other[row]


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
