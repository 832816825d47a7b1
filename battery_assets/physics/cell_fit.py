"""Constants of a lead-acid cell from its voltage curves, and how well they tell a curve that was not fitted.

Fit and judge:

    from battery_assets.physics.cell import cell_voltage_curve
    from battery_assets.physics.cell_fit import CellCurve, capacity_ah, fit_cell, rmse_mv

    # Positive current charges: turn a discharge's positive amperes round.
    curves = [CellCurve(time_s, -amperes, cell_v) for time_s, amperes, cell_v in records]
    cell = fit_cell(curves)                    # or fit_cell(curves, start=CellParameters.of_jar(20.0))
    other = CellCurve(other_s, -other_amperes, other_v)
    predicted_v = cell_voltage_curve(cell, other.time_s, other.current_a)
    print(rmse_mv(cell, other), "mV;", capacity_ah(cell, -17.0, 1.75), "Ah at 17 A to 1.75 V")
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from battery_assets.physics.cell import CellParameters, cell_voltage_curve

# What is fitted, and how far (as ln) a cell can well be from a jar of the 12 V AGM class: the acid little,
# the orders of reaction hardly, the plates' design freely. The ohmic part's growth and the depth capacity are
# not fitted: no voltage curve tells them from kinetics and acid.
SPREAD = {
    "acid_molality": 0.1,
    "acid_mol_per_ah": 0.3,
    "kinetic_v": 0.3,
    "exchange_a": 2.0,
    "exchange_exponent": 0.3,
    "depletion_per_a": 2.0,
    "depletion_growth": 1.0,
    "depletion_power": 0.5,
    "diffusion_s": 2.0,
    "depth_reserve": 0.15,  # of 1 + z0: below zero where the depth capacity is more than the acid gives
    "ohmic_ohm": 2.0,
    "fast_ohm": 2.0,
    "fast_s": 1.0,
    "double_layer_s": 0.5,
}
# A constant that is one spread away from the start weighs as much as this error of a curve: enough to hold
# what the curves leave open, too little to be seen in what they show.
PRIOR_MV = 0.3
FURTHEST = 3.0  # spreads
# Thin plates deplete less and faster than a monobloc's; from where acid is exhausted no fit comes back.
DIFFUSION_STARTS = (1.0, 0.3, 0.1)
FEW_TRIALS, MOST_TRIALS = 15, 300
CLASS_SPREAD, CLASS_STARTS = (1.0, 1.0, 0.2), (1.0, 0.8, 1.25)


class CellCurve(NamedTuple):
    """A record of one cell from full and rested: (N,) s, A (positive charges), V (NaN where not read)."""

    time_s: np.ndarray
    current_a: np.ndarray
    voltage_v: np.ndarray


def fit_cell(
    curves: Sequence[CellCurve], start: CellParameters | None = None, fitted: Sequence[str] = tuple(SPREAD)
) -> CellParameters:
    """The constants of `fitted` (fields of CellParameters) moved to where the cell's voltage is the curves'.

    start: where to begin, and what stays as it is; resized where it is smaller than what a curve took out.
    Default is a cell of the 12 V AGM class of just that size, its ohmic resistance constant. Each curve
    counts the same, half by time and half by sample, since records are dense where a test begins.
    Deterministic; seconds for tens of thousands of samples. Raises ValueError without curves, on rows of
    different length or of a whole battery, on a curve that discharges nothing, and on an unknown name.
    """
    rows = _checked(curves)
    if unknown := set(fitted) - SPREAD.keys():
        raise ValueError(f"{sorted(unknown)} cannot be fitted; {', '.join(SPREAD)} can")
    most_ah = max(_most_removed_ah(curve) for curve in rows)
    first = start or replace(CellParameters.of_jar(most_ah), resistance_growth=0.0)
    first = first.resized(max(first.depth_capacity_ah, most_ah))
    origin = np.array([getattr(first, name) for name in fitted])
    shift = np.array([name == "depth_reserve" for name in fitted], dtype=float)

    def cell(factors: np.ndarray) -> CellParameters:
        values = (origin + shift) * factors - shift
        return replace(first, **dict(zip(fitted, values.tolist(), strict=True)))

    diffuses = np.isin(fitted, ("diffusion_s", "depletion_per_a"))
    starts = [np.where(diffuses, thinner, 1.0) for thinner in (DIFFUSION_STARTS if diffuses.any() else (1,))]
    return cell(_factors(cell, rows, [SPREAD[name] for name in fitted], starts))


def fit_class(curves: Sequence[CellCurve], depth_capacity_ah: float) -> CellParameters:
    """A cell of the 12 V AGM class with three constants of its own: size, ohmic resistance, acid when full.

    For a real record of a battery that nobody measured at several rates: all else is the class' per Ah.
    depth_capacity_ah: where to begin. Errors as of fit_cell.
    """

    def cell(factors: np.ndarray) -> CellParameters:
        sized = CellParameters.of_jar(depth_capacity_ah * factors[0])
        ohmic, acid = sized.ohmic_ohm * factors[1], sized.acid_molality * factors[2]
        return replace(sized, ohmic_ohm=float(ohmic), acid_molality=float(acid))

    starts = [np.array([size, 1.0, 1.0]) for size in CLASS_STARTS]
    return cell(_factors(cell, _checked(curves), CLASS_SPREAD, starts))


def rmse_mv(cell: CellParameters, curve: CellCurve) -> float:
    """Root mean square error (mV) of the cell's voltage over the samples of a curve."""
    return float(np.sqrt(np.nanmean(_error_mv(cell, *_checked([curve])) ** 2)))


def _factors(
    cell: Callable[[np.ndarray], CellParameters],
    curves: Sequence[CellCurve],
    spread: Sequence[float],
    starts: Sequence[np.ndarray],
) -> np.ndarray:
    """Factors on a start's constants with the least error, from the best of several starts."""
    weights = [_weights(curve) for curve in curves]
    far = np.array(spread)

    def residual(logs: np.ndarray) -> np.ndarray:
        solved = cell(np.exp(logs))
        errors = [
            np.nan_to_num(w * _error_mv(solved, curve)) for w, curve in zip(weights, curves, strict=True)
        ]
        return np.concatenate([*errors, PRIOR_MV * logs / far])

    bounds = (-FURTHEST * far, FURTHEST * far)

    def least(logs: np.ndarray, trials: int):
        return least_squares(residual, logs, bounds=bounds, x_scale=0.3, max_nfev=trials)

    first = min((least(np.log(begin), FEW_TRIALS) for begin in starts), key=lambda one: one.cost)
    return np.exp(least(first.x, MOST_TRIALS).x)


def capacity_ah(cell: CellParameters, current_a: float, end_v: float) -> float:
    """Ah that the full cell gives at a constant current (A, negative) before end_v (V).

    ValueError where it does not get there.
    """
    time_s = np.linspace(0.0, 1.3 * 3600 * cell.depth_capacity_ah / -current_a, 20_000)
    volts = cell_voltage_curve(cell, time_s, np.full(time_s.size, current_a))
    past = int(np.argmax(volts <= end_v))
    if volts[past] > end_v:
        raise ValueError(f"{end_v:g} V is not reached at {current_a:g} A")
    if past == 0:
        return 0.0
    share = (volts[past - 1] - end_v) / (volts[past - 1] - volts[past])
    return float((past - 1 + share) * time_s[1] * -current_a / 3600)


def _error_mv(cell: CellParameters, curve: CellCurve) -> np.ndarray:
    return (cell_voltage_curve(cell, curve.time_s, curve.current_a) - curve.voltage_v) * 1000


def _checked(curves: Sequence[CellCurve]) -> list[CellCurve]:
    if not curves:
        raise ValueError("a fit needs at least one curve")
    rows = [CellCurve(*(np.asarray(values, dtype=float) for values in curve)) for curve in curves]
    for curve in rows:
        if curve.voltage_v.shape != curve.time_s.shape:
            raise ValueError(f"{curve.time_s.size} times have {curve.voltage_v.size} voltages")
        usual = np.median(curve.voltage_v[np.isfinite(curve.voltage_v)])
        if not 1.0 < usual < 3.0:
            raise ValueError(f"{usual:.2f} V is no lead-acid cell's: divide by the cells in series")
    return rows


def _most_removed_ah(curve: CellCurve) -> float:
    """Largest charge (Ah) that was out at any time of the record; ValueError where nothing ever was."""
    mean = (curve.current_a[1:] + curve.current_a[:-1]) / 2
    most = -float(np.cumsum(mean * np.diff(curve.time_s)).min(initial=0.0)) / 3600
    if most <= 0:
        raise ValueError("a curve discharges nothing: positive current charges, so a discharge is negative")
    return most


def _weights(curve: CellCurve) -> np.ndarray:
    """Weight of each sample, their squares summing to 1: half the share of time, half of samples read."""
    steps = np.diff(curve.time_s)
    held = (np.append(steps, 0.0) + np.append(0.0, steps)) / 2
    read = np.isfinite(curve.voltage_v)
    if not (read @ held) > 0:
        raise ValueError("a curve needs a voltage at two times at least")
    return np.sqrt(read * (held / (read @ held) + 1.0 / read.sum()) / 2)
