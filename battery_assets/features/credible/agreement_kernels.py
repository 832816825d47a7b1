"""How often the jars of a string show the same: the loops over jars and pairs of `copies.copied_channels`.

Voltages stand in bins (J, B), NaN where there is none; NaN equals no number, not even itself.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def first_of_bins(ts, volts, start, stop, bin_us, bins):
    """The first voltage (J, bins) of each bin of the day of each run [start, stop) of rows in order of time.

    Bins are those of the run's last day, of `bin_us` microseconds each.
    """
    shown = np.full((len(start), bins), np.nan, volts.dtype)
    for run in range(len(start)):
        own, values = ts[start[run] : stop[run]], volts[start[run] : stop[run]]
        day = own[-1] - own[-1] % (bins * bin_us)
        row = np.searchsorted(own, day)
        for k in range(bins):
            behind = np.searchsorted(own, day + (k + 1) * bin_us)
            if row < behind:
                shown[run, k] = values[row]
            row = behind
    return shown


@njit(cache=True, nogil=True)
def moves(shown):
    """Whether the voltage of a bin (J, B) is not that of the jar's bin before it that has one."""
    moved = np.zeros(shown.shape, np.bool_)
    for jar in range(len(shown)):
        before = np.nan
        for k in range(shown.shape[1]):
            now = shown[jar, k]
            if now == now:
                moved[jar, k] = before == before and now != before
                before = now
    return moved


@njit(cache=True, nogil=True)
def agreements(shown, moved):
    """Of each pair of jars the bins that tell of it, and those in which both show the same: int64 (J, J).

    A bin in which neither of two moved says nothing of them.
    """
    jars, bins = shown.shape
    common, equal = np.zeros((jars, jars), np.int64), np.zeros((jars, jars), np.int64)
    for a in range(jars):
        for b in range(a, jars):
            for k in range(bins):
                one, other = shown[a, k], shown[b, k]
                if (moved[a, k] or moved[b, k]) and one == one and other == other:
                    common[a, b] += 1
                    equal[a, b] += one == other
            common[b, a], equal[b, a] = common[a, b], equal[a, b]
    return common, equal


@njit(cache=True, nogil=True)
def nearness(level, moved, width):
    """Of each pair of jars the bins, as of `agreements`, in which their levels lie within `width` (J, J).

    level (J, B): voltage of a bin less the jar's median.
    """
    jars, bins = level.shape
    near = np.zeros((jars, jars), np.int64)
    for a in range(jars):
        for b in range(a, jars):
            for k in range(bins):
                # NaN is within no width.
                if moved[a, k] or moved[b, k]:
                    near[a, b] += abs(level[a, k] - level[b, k]) <= width
            near[b, a] = near[a, b]
    return near
