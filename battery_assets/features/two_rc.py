"""A two-RC circuit fitted to one discharge window: V = OCV + U + R0 I + v1 + v2, τ v' = R I − v.

Positive current charges, so a discharge (I < 0) makes each term negative. For given time constants the
circuit is linear in U, R0, R1 and R2: these come from least squares, the time constants from a grid that is
narrowed twice (variable projection).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

TAU1_S = (4.0, 150.0)
TAU2_S = (200.0, 8000.0)
GRID = 16
ZOOMS = 3
EARLY_S, EARLY_WEIGHT = 240.0, 0.1  # surface charge and coup de fouet, SOURCES 6
STEP_SHARE = 0.2
FEWEST_SAMPLES = 12


@dataclass(frozen=True)
class TwoRc:
    """Resistances in Ω, time constants in s, V by which the OCV was off, rmse in V; None: not seen."""

    r0_ohm: float
    r0_from_step: bool
    r1_ohm: float | None
    tau1_s: float | None
    r2_ohm: float | None
    tau2_s: float | None
    offset_v: float
    rmse_v: float


def fit_two_rc(
    seconds: np.ndarray, current_a: np.ndarray, voltage_v: np.ndarray, ocv_v: np.ndarray, r0_ohm: float
) -> TwoRc | None:
    """The circuit that a window of n samples shows, or None with fewer than 12 usable samples.

    seconds: from the window's start, where the polarisation is taken as zero. ocv_v: open-circuit voltage
    along the window, right up to a constant. r0_ohm: used where the current has no step of a fifth of its
    largest, since R0 and U are then one constant. The sample after each step is left out (clocks of jar and
    string differ by up to 2 s, SOURCES 8.5); those of the first 4 minutes count a tenth in longer windows.
    """
    steps = np.abs(np.diff(current_a)) > STEP_SHARE * np.abs(current_a).max(initial=1e-9)
    weight = np.where((seconds < EARLY_S) & (seconds[-1:] > 2 * EARLY_S), EARLY_WEIGHT, 1.0)
    weight[1:][steps] = 0.0
    weight[~np.isfinite(voltage_v)] = 0.0
    if np.count_nonzero(weight) < FEWEST_SAMPLES:
        return None
    stepped = bool(steps.any())
    fixed = np.ones((1, len(seconds)))
    target = np.nan_to_num(voltage_v - ocv_v)
    if stepped:
        fixed = np.vstack([fixed, current_a])
    else:
        target = target - r0_ohm * current_a
    for branches in (2, 1, 0):
        solved = _solved(seconds, current_a, target, fixed, weight, branches)
        if solved is not None:
            break
    found, taus, rmse = solved if solved is not None else (np.array([0.0]), (), np.nan)
    k = len(fixed)
    pairs = [*zip(found[k:].tolist(), taus, strict=True), (None, None), (None, None)]
    r0 = float(found[1]) if stepped and k == 2 else r0_ohm
    return TwoRc(r0, stepped, *pairs[0], *pairs[1], offset_v=float(found[0]), rmse_v=float(rmse))


def _solved(
    seconds: np.ndarray,
    current: np.ndarray,
    target: np.ndarray,
    fixed: np.ndarray,
    weight: np.ndarray,
    branches: int,
) -> tuple[np.ndarray, tuple[float, ...], float] | None:
    """Best coefficients without a negative resistance, time constants, rmse; None where there is none."""
    bounds = [TAU1_S, TAU2_S][:branches]
    best = None
    for _ in range(ZOOMS if branches else 1):
        grids = [np.geomspace(low, high, GRID) for low, high in bounds]
        columns = np.vstack([fixed, *(responses(seconds, current, grid) for grid in grids)])
        chosen = _choices(len(fixed), branches)
        found = _least_squares(columns, target, weight, chosen, len(fixed))
        if found is None:
            return best
        coefficients, which = found
        taus = tuple(float(np.concatenate(grids)[k - len(fixed)]) for k in which[len(fixed) :])
        residual = target - coefficients @ columns[which]
        rmse = float(np.sqrt(np.sum(weight * residual**2) / weight.sum()))
        if best is None or rmse <= best[2]:
            best = coefficients, taus, rmse
        ratio = [(high / low) ** (1.5 / (GRID - 1)) for low, high in bounds]
        bounds = [(tau / r, tau * r) for tau, r in zip(taus, ratio, strict=True)]
    return best


def _choices(fixed: int, branches: int) -> np.ndarray:
    """Which columns each candidate uses: the fixed ones, and one time constant of each branch's grid."""
    grids = np.meshgrid(*(np.arange(GRID) + fixed + GRID * b for b in range(branches)), indexing="ij")
    picks = np.stack([g.ravel() for g in grids], axis=1) if branches else np.empty((1, 0), int)
    return np.hstack([np.tile(np.arange(fixed), (len(picks), 1)), picks]).astype(int)


def _least_squares(
    columns: np.ndarray, target: np.ndarray, weight: np.ndarray, chosen: np.ndarray, fixed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients and columns of the best candidate that has no negative resistance."""
    size = np.sqrt((weight * columns**2).sum(1)) + 1e-30
    scaled = columns / size[:, None]
    gram, moment = (scaled * weight) @ scaled.T, scaled @ (weight * target)
    grams = gram[chosen[:, :, None], chosen[:, None, :]] + 1e-12 * np.eye(chosen.shape[1])
    moments = moment[chosen]
    solved = np.linalg.solve(grams, moments[..., None])[..., 0]
    gained = 2 * (solved * moments).sum(1) - np.einsum("pi,pij,pj->p", solved, grams, solved)
    gained[(solved[:, 1:] < 0).any(1)] = -np.inf
    top = int(np.argmax(gained))
    if not np.isfinite(gained[top]):
        return None
    return solved[top] / size[chosen[top]], chosen[top]


@njit(cache=True, nogil=True)
def responses(seconds, current, taus):
    """Current through the resistor of an RC branch per time constant: (taus, n) A, zero at the first sample.

    Exact for a current that is constant between samples, at the mean of their two readings.
    """
    out = np.zeros((len(taus), len(seconds)))
    for j in range(len(taus)):
        x = 0.0
        for k in range(1, len(seconds)):
            keep = np.exp(-(seconds[k] - seconds[k - 1]) / taus[j])
            x = keep * x + (1.0 - keep) * 0.5 * (current[k] + current[k - 1])
            out[j, k] = x
    return out
