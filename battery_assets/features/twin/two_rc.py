"""A two-RC circuit fitted to discharge windows together: V = OCV + U + R0 I + v1 + v2, τ v' = R I − v.

Positive current charges, so a discharge (I < 0) makes each term negative. For given time constants the
circuit is linear in U, R0, R1 and R2: these come from least squares, the time constants from a grid that is
narrowed twice (variable projection).
"""

from collections.abc import Sequence
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
PRIOR_SHARE, PRIOR_SD_V = 0.5, 0.004  # prior deviation of a resistance, and the noise it is weighed against


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


@dataclass(frozen=True)
class Window:
    """One discharge of n samples: seconds from its start, where the polarisation is taken as zero; current;
    voltage (NaN where missing); open-circuit voltage along it, right up to a constant."""

    seconds: np.ndarray
    current_a: np.ndarray
    voltage_v: np.ndarray
    ocv_v: np.ndarray


@dataclass(frozen=True)
class _Stack:
    """Windows one after the other: an offset of its own for each, then the current where R0 can be seen."""

    seconds: np.ndarray
    current: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    fixed: np.ndarray
    held: np.ndarray  # prior means of R0 (if seen), R1, R2


def fit_two_rc(
    windows: Sequence[Window], r0_ohm: float, prior: tuple[float, float] = (0.0, 0.0)
) -> TwoRc | None:
    """The circuit that some windows show together, or None with fewer than 12 usable samples.

    r0_ohm: used where no current has a step of a fifth of its largest, since R0 and the offset are then one
    constant; elsewhere it is R0's prior mean. prior: means of R1 and R2 in Ω. Each holds its resistance with
    half its own size as deviation, which counts where the windows hardly show it; 0 leaves it free. Each
    window has an offset of its own; offset_v is that of the last.
    The sample after each step is left out (clocks of jar and string differ by up to 2 s, SOURCES 8.5); those
    of the first 4 minutes count a tenth in longer windows.
    """
    stack = _stack(windows, r0_ohm, prior)
    if np.count_nonzero(stack.weight) < FEWEST_SAMPLES:
        return None
    for branches in (2, 1, 0):
        solved = _solved(stack, branches)
        if solved is not None:
            break
    solution, taus, rmse = solved if solved is not None else (np.zeros(len(windows)), (), np.nan)
    k = len(stack.fixed)
    stepped = k > len(windows)
    pairs = [*zip(solution[k:].tolist(), taus, strict=True), (None, None), (None, None)]
    r0 = float(solution[k - 1]) if stepped and len(solution) >= k else r0_ohm
    offset = float(solution[len(windows) - 1])
    return TwoRc(r0, stepped, *pairs[0], *pairs[1], offset_v=offset, rmse_v=float(rmse))


def unseen_rmse_v(fit: TwoRc, window: Window) -> float:
    """RMS error in V of a circuit on a window that it was not fitted to, up to that window's own offset."""
    off = window.voltage_v - window.ocv_v - fit.r0_ohm * window.current_a
    for ohm, tau in ((fit.r1_ohm, fit.tau1_s), (fit.r2_ohm, fit.tau2_s)):
        if ohm and tau:
            off = off - ohm * responses(window.seconds, window.current_a, np.array([tau]))[0]
    weight, _ = _weights(window)
    off = np.where(weight > 0, np.nan_to_num(off), 0.0)
    if not weight.any():
        return float("nan")
    off = off - np.average(off, weights=weight)
    return float(np.sqrt(np.average(off**2, weights=weight)))


def _weights(window: Window) -> tuple[np.ndarray, bool]:
    """Weight of each sample, and whether the current has a step."""
    steps = np.abs(np.diff(window.current_a)) > STEP_SHARE * np.abs(window.current_a).max(initial=1e-9)
    early = (window.seconds < EARLY_S) & (window.seconds[-1:] > 2 * EARLY_S)
    weight = np.where(early, EARLY_WEIGHT, 1.0)
    weight[1:][steps] = 0.0
    weight[~np.isfinite(window.voltage_v)] = 0.0
    return weight, bool(steps.any())


def _stack(windows: Sequence[Window], r0_ohm: float, prior: tuple[float, float]) -> _Stack:
    weights, stepped = zip(*(_weights(window) for window in windows), strict=True)
    current = np.concatenate([window.current_a for window in windows])
    target = np.concatenate([np.nan_to_num(w.voltage_v - w.ocv_v) for w in windows])
    number = np.repeat(np.arange(len(windows)), [len(window.seconds) for window in windows])
    fixed = (number == np.arange(len(windows))[:, None]).astype(float)
    held: tuple[float, ...] = prior
    if any(stepped):
        fixed, held = np.vstack([fixed, current]), (r0_ohm, *prior)
    else:
        target = target - r0_ohm * current
    seconds = np.concatenate([window.seconds for window in windows])
    return _Stack(seconds, current, target, np.concatenate(weights), fixed, np.array(held))


def _solved(stack: _Stack, branches: int) -> tuple[np.ndarray, tuple[float, ...], float] | None:
    """Best coefficients without a negative resistance, time constants, rmse; None where there is none."""
    bounds = [TAU1_S, TAU2_S][:branches]
    best = None
    for _ in range(ZOOMS if branches else 1):
        grids = [np.geomspace(low, high, GRID) for low, high in bounds]
        columns = np.vstack([stack.fixed, *(responses(stack.seconds, stack.current, g) for g in grids)])
        chosen = _choices(len(stack.fixed), branches)
        solution = _least_squares(columns, stack, chosen, branches)
        if solution is None:
            return best
        coefficients, which = solution
        taus = tuple(float(np.concatenate(grids)[k - len(stack.fixed)]) for k in which[len(stack.fixed) :])
        residual = stack.target - coefficients @ columns[which]
        rmse = float(np.sqrt(np.sum(stack.weight * residual**2) / stack.weight.sum()))
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
    columns: np.ndarray, stack: _Stack, chosen: np.ndarray, branches: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients and columns of the best candidate that has no negative resistance."""
    size = np.sqrt((stack.weight * columns**2).sum(1)) + 1e-30
    scaled = columns / size[:, None]
    gram, moment = (scaled * stack.weight) @ scaled.T, scaled @ (stack.weight * stack.target)
    grams = gram[chosen[:, :, None], chosen[:, None, :]] + 1e-12 * np.eye(chosen.shape[1])
    moments = moment[chosen]
    free = len(stack.held) - 2
    held = stack.held[: free + branches]
    first = chosen.shape[1] - len(held)
    with np.errstate(divide="ignore"):
        pull = np.where(held > 0, (PRIOR_SD_V / (PRIOR_SHARE * held)) ** 2, 0.0)
    own = size[chosen[:, first:]]
    spots = np.arange(first, chosen.shape[1])
    grams[:, spots, spots] += pull / own**2
    moments[:, first:] += pull * held / own
    solved = np.linalg.solve(grams, moments[..., None])[..., 0]
    gained = 2 * (solved * moments).sum(1) - np.einsum("pi,pij,pj->p", solved, grams, solved)
    gained[(solved[:, first:] < 0).any(1)] = -np.inf
    top = int(np.argmax(gained))
    if not np.isfinite(gained[top]):
        return None
    return solved[top] / size[chosen[top]], chosen[top]


@njit(cache=True, nogil=True)
def responses(seconds, current, taus):
    """Current through the resistor of an RC branch per time constant: (taus, n) A, zero at the first sample
    and wherever the time starts again.

    Exact for a current that is constant between samples, at the mean of their two readings.
    """
    out = np.zeros((len(taus), len(seconds)))
    for j in range(len(taus)):
        x = 0.0
        for k in range(1, len(seconds)):
            if seconds[k] <= seconds[k - 1]:
                x = 0.0
                continue
            keep = np.exp(-(seconds[k] - seconds[k - 1]) / taus[j])
            x = keep * x + (1.0 - keep) * 0.5 * (current[k] + current[k - 1])
            out[j, k] = x
    return out
