"""Distributions of health on a grid: densities of weighted capacities, quantiles, how rare a health is."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

STEP_PCT, SMOOTH_PCT = 0.5, 0.7
GRID_PCT = np.arange(0.0, 130.0 + STEP_PCT, STEP_PCT)
# A jar goes about its own course by so many points, and by a share of what it has lost.
OWN_PCT, OWN_SHARE = 0.7, 0.05
THIRDS = ((-(3.0**0.5), 1 / 6), (0.0, 2 / 3), (3.0**0.5, 1 / 6))  # Gauss's nodes of a normal
# How likely a health is beforehand: per five points, over a band; less than that counts as that.
BAND_PCT, PER_PCT, RARE = 3.0, 5.0, 0.002


def normalised(log_w: np.ndarray) -> np.ndarray:
    """Weights (J, P) that sum to one, from their logarithms."""
    weight = np.exp(log_w - log_w.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


def densities(able_pct: np.ndarray, lost_pct: np.ndarray, *weights: np.ndarray) -> list[np.ndarray]:
    """Densities on GRID_PCT (J, G), one of each of the weights (J, P), of capacities (J, P) in %, each spread
    by a jar's own course."""
    sd = OWN_PCT + OWN_SHARE * np.maximum(lost_pct, 0.0)
    places = [(_place(able_pct + z * sd), share) for z, share in THIRDS]
    rough = (sum(share * _histogram(*place, weight) for place, share in places) for weight in weights)
    smooth = [gaussian_filter1d(one, SMOOTH_PCT / STEP_PCT, axis=1, mode="nearest") for one in rough]
    return [one / one.sum(1, keepdims=True) for one in smooth]


def rarity(health_pct: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """How likely the health (J, P) of each possible jar is by a prior's weights (J, P), at least RARE."""
    low, part = _place(health_pct)
    level = _histogram(low, part, prior)
    level = gaussian_filter1d(level, BAND_PCT / STEP_PCT, axis=1, mode="nearest")
    return np.maximum(np.take_along_axis(level, low, 1) * (PER_PCT / STEP_PCT), RARE)


def _place(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bin of GRID_PCT under each of the values in %, and the part of a step above it."""
    at = np.clip(values / STEP_PCT, 0.0, len(GRID_PCT) - 1.001)
    low = at.astype(np.int64)
    return low, at - low


def _histogram(low: np.ndarray, part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights (J, P) on GRID_PCT, shared between the two neighbours of each place."""
    flat = (np.arange(len(low))[:, None] * len(GRID_PCT) + low).ravel()
    upper, size = weight * part, len(low) * len(GRID_PCT)
    counts = np.bincount(flat, (weight - upper).ravel(), size)
    counts += np.bincount(flat + 1, upper.ravel(), size)
    return counts.reshape(len(low), len(GRID_PCT))


def quantile(weights: np.ndarray, share: float) -> np.ndarray:
    """The health (J,) in % under which so much of each density (J, G) lies."""
    cdf = np.cumsum(weights, axis=1)
    k = np.maximum((cdf < share).sum(1), 1)
    rows = np.arange(len(weights))
    below, above = cdf[rows, k - 1], cdf[rows, np.minimum(k, weights.shape[1] - 1)]
    part = np.clip((share - below) / np.maximum(above - below, 1e-12), 0.0, 1.0)
    return GRID_PCT[k - 1] + STEP_PCT * (part + 0.5)
