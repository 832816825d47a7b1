"""Means and lines over the cycles that end with each cycle: what comes later changes nothing."""

import numpy as np


def causal_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the known ones among the last `window` values up to each of (n,); NaN where none is."""
    finite = np.isfinite(values)
    total = _windowed(np.where(finite, values, 0.0), window)
    count = _windowed(finite.astype(float), window)
    return np.divide(total, count, out=np.full(values.size, np.nan), where=count > 0)


def causal_line(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Slope per step and present value of the least-squares line through the last `window` known values.

    NaN with fewer than two known values; the present value is the line at the cycle itself.
    """
    values = np.asarray(values, dtype=float)
    finite = np.isfinite(values).astype(float)
    y = np.where(finite > 0, values, 0.0)
    # Counted from the window's own end, so that long lives lose no digits.
    slope, now = np.full(values.size, np.nan), np.full(values.size, np.nan)
    n = _windowed(finite, window)
    sums = _lagged(finite, y, window)
    sx, sxx, sy, sxy = sums
    spread = n * sxx - sx**2
    good = (n >= 2) & (spread > 0)
    slope[good] = ((n * sxy - sx * sy)[good]) / spread[good]
    now[good] = (sy[good] - slope[good] * sx[good]) / n[good]
    return slope, now


def _windowed(values: np.ndarray, window: int) -> np.ndarray:
    return _convolved(values, np.ones(window))


def _convolved(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.convolve(values, weights)[: values.size] if values.size else np.zeros(0)


def _lagged(finite: np.ndarray, y: np.ndarray, window: int) -> tuple[np.ndarray, ...]:
    """Sums over the window of x, x^2, y and xy, with x = 0 at the present cycle and -1 at the one before."""
    x = -np.arange(window, dtype=float)
    pairs = ((finite, x), (finite, x**2), (y, np.ones(window)), (y, x))
    return tuple(_convolved(values, weights) for values, weights in pairs)
