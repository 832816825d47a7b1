"""The loop over a day's jar samples behind `jar_hours.jar_hours`: rows in, one line per jar and hour out.

Rows are sorted by jar and time. Times are int64 microseconds; NaN, which no number equals, not even itself,
is a missing one.
"""

import numpy as np
from numba import njit

HOUR_US = 3_600_000_000
# Beyond these a value is no jar's: V, degC, mohm.
LOW_V, HIGH_V, LOW_C, HIGH_C, LOW_MOHM, HIGH_MOHM = 0.0, 16.0, -20.0, 80.0, 0.0, 200.0
OFF = 10.0  # 1 % of the 1000 that resistance (mohm) times conductance (S) is

# Columns of the numbers, then those of the counts.
GAP_S, V_MEAN, V_MIN, V_MAX, T_MEAN, T_MIN, T_MAX = range(7)
NUMBERS = ("gap_s", "v_mean", "v_min", "v_max", "t_mean", "t_min", "t_max")
V_ROWS, R_CHANGES, G_ROWS, G_OFF, OUTSIDE = range(5)
COUNTS = ("v_rows", "r_changes", "g_rows", "g_off", "outside_rows")


@njit(cache=True, nogil=True)
def run_starts(jar, ts):
    """The first row of each jar and hour, and behind them the number of rows."""
    starts = np.empty(len(ts) + 1, np.int64)
    count = 0
    for row in range(len(ts)):
        if row == 0 or jar[row] != jar[row - 1] or ts[row] // HOUR_US != ts[row - 1] // HOUR_US:
            starts[count] = row
            count += 1
    starts[count] = len(ts)
    return starts[: count + 1].copy()


@njit(cache=True, nogil=True)
def hours_of_runs(starts, jar, ts, volts, celsius, mohm, siemens):
    """NUMBERS and COUNTS of each run: float64 (runs, 7), NaN where nothing is known, and int64 (runs, 5).

    mohm and siemens may be empty: nothing was measured. A reading that differs from the row before of the
    same jar has changed, also where an hour turned between them.
    """
    runs = len(starts) - 1
    numbers, counts = np.full((runs, 7), np.nan), np.zeros((runs, 5), np.int64)
    measured = len(mohm) > 0
    for run in range(runs):
        first, stop = starts[run], starts[run + 1]
        v_rows, t_rows, outside, longest = 0, 0, 0, np.int64(0)
        v_sum, v_min, v_max = 0.0, np.inf, -np.inf
        t_sum, t_min, t_max = 0.0, np.inf, -np.inf
        for row in range(first, stop):
            v, t = volts[row], celsius[row]
            beyond = False
            if v == v:
                v_rows += 1
                v_sum += v
                v_min, v_max = min(v_min, v), max(v_max, v)
                beyond = v < LOW_V or v > HIGH_V
            if t == t:
                t_rows += 1
                t_sum += t
                t_min, t_max = min(t_min, t), max(t_max, t)
                beyond = beyond or t < LOW_C or t > HIGH_C
            if row > first:
                longest = max(longest, ts[row] - ts[row - 1])
            if measured:
                r = mohm[row]
                beyond = beyond or r < LOW_MOHM or r > HIGH_MOHM
                if row > 0 and jar[row] == jar[row - 1] and r == r and mohm[row - 1] == mohm[row - 1]:
                    counts[run, R_CHANGES] += r != mohm[row - 1]
                if len(siemens) > 0:
                    product = siemens[row] * np.float64(r)
                    if product == product:
                        counts[run, G_ROWS] += 1
                        counts[run, G_OFF] += abs(product - 1000.0) > OFF
            outside += beyond
        counts[run, V_ROWS], counts[run, OUTSIDE] = v_rows, outside
        if stop - first > 1:
            numbers[run, GAP_S] = longest / 1e6
        if v_rows:
            numbers[run, V_MEAN], numbers[run, V_MIN], numbers[run, V_MAX] = v_sum / v_rows, v_min, v_max
        if t_rows:
            numbers[run, T_MEAN], numbers[run, T_MIN], numbers[run, T_MAX] = t_sum / t_rows, t_min, t_max
    return numbers, counts
