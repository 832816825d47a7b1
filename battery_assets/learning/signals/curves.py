"""Curves of discharges as numbers, and the classical rule: what lies lowest at the end of what was seen."""

import numpy as np

# So many places of a curve, evenly spaced, are what a forest reads of it.
PLACES = 12
# The end of a curve is the mean of its last share, so that one reading decides nothing.
LAST_SHARE = 0.05


def usual(volts: np.ndarray, own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The median curve (N, n) of each group's references; of all its curves where it has none.

    volts: (N, n). own: (N,) what has its curves in common: jars of one discharge, cycles of one cell.
    """
    middle = np.empty_like(volts)
    for one in np.unique(own):
        mine = own == one
        fresh = mine & reference
        middle[mine] = np.median(volts[fresh if fresh.any() else mine], axis=0)
    return middle


def numbers(*channels: np.ndarray) -> np.ndarray:
    """Means of twelve spans of each channel (N, n), and its change over the second half, (N, 13 each)."""
    parts = []
    for curve in channels:
        spans = np.array_split(np.arange(curve.shape[1]), PLACES)
        places = np.column_stack([curve[:, span].mean(axis=1) for span in spans])
        parts += [places, (places[:, -1] - places[:, PLACES // 2])[:, None]]
    return np.hstack(parts)


def end_drop(deviation: np.ndarray) -> np.ndarray:
    """How far below its own reference each curve (N, n) ends, (N, 1)."""
    last = max(1, round(LAST_SHARE * deviation.shape[1]))
    drop: np.ndarray = -deviation[:, -last:].mean(axis=1)[:, None]
    return drop


def shape(volts: np.ndarray) -> np.ndarray:
    """Of curves (N, n): rms without the mean, excess kurtosis, and no strongest line, (N, 3)."""
    centred = volts - volts.mean(axis=1, keepdims=True)
    power = (centred**2).mean(axis=1)
    fourth = (centred**4).mean(axis=1)
    kurtosis = np.divide(fourth, power**2, out=np.full(len(volts), 3.0), where=power > 0) - 3
    return np.column_stack([np.sqrt(power), kurtosis, np.full(len(volts), np.nan)])
