"""The charge of each interval, from current, time, step times and the cycler's counters together.

Each run of a step takes whichever is known better: the integral, as far as its samples leave it open, or the
counter, to its last digit. A counter that lies outside what the samples allow counts something else.
"""

from collections import Counter

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.integrals import Flow

# Cyclers' counters and logged currents differ by their gains: below this they tell the same.
GAIN_SHARE = 0.02
TOLD_SHARE = 0.01
_MOST_DIGITS = 9
_LOOKED_AT = 2_000
_FEWEST_VALUES = 20


def estimated(
    points: pl.DataFrame, flow: Flow, anew: np.ndarray, notes: Counter
) -> tuple[np.ndarray, np.ndarray]:
    """(moved_ah, open_ah), (n,) each: the charge since the row before, positive charges, and what may have
    flowed besides while nothing was recorded (infinite where nobody knows for how long).

    points: vocabulary with cumulative charge_ah and discharge_ah, of which `flow` is; `anew`: rows in which a
    counter began anew.
    """
    counted = _counted(points)
    if counted is None or not points.height:
        _tell_silence(points, flow.open_ah, notes)
        _tell_open(flow.ah, flow.unsure_ah, notes)
        return flow.ah, flow.open_ah
    delta, resolution = counted
    steps = flow.steps
    flow = _begun_anew(flow, anew & ~np.isfinite(steps.since_h))
    ah, open_ah, unsure = flow.ah.copy(), flow.open_ah.copy(), flow.unsure_ah.copy()
    silent = (open_ah > 0) & np.isfinite(open_ah)
    slack = GAIN_SHARE * np.abs(delta) + resolution
    bridged = silent & ~anew & (delta >= flow.low_ah - slack) & (delta <= flow.high_ah + slack)
    ah[bridged], open_ah[bridged] = delta[bridged], 0.0
    own = ~silent & np.isfinite(open_ah)
    starts = np.flatnonzero(steps.begins | steps.breaks | anew | _changed(points["step_count"].to_numpy()))
    starts = np.unique(np.concatenate([[0], starts]))
    taken = _taken(starts, delta, flow, own, resolution)
    lengths = np.diff(np.append(starts, points.height))
    rows = np.repeat(taken, lengths) & own
    ah[rows] = delta[rows]
    unsure[rows] = 0.0
    unsure[starts[taken]] = resolution
    _tell_silence(points, open_ah, notes)
    _tell_open(ah, unsure, notes)
    _tell_apart(ah, flow, rows, notes)
    return ah, open_ah


def _begun_anew(flow: Flow, anew: np.ndarray) -> Flow:
    """The flow where a counter begins anew: it may have begun with that row, and nothing flowed before."""
    low, high, unsure = flow.low_ah.copy(), flow.high_ah.copy(), flow.unsure_ah.copy()
    low[anew], high[anew] = np.minimum(low[anew], 0.0), np.maximum(high[anew], 0.0)
    unsure[anew] = np.maximum(unsure[anew], np.abs(flow.ah[anew]))
    return flow._replace(low_ah=low, high_ah=high, unsure_ah=unsure)


def _taken(
    starts: np.ndarray, delta: np.ndarray, flow: Flow, own: np.ndarray, resolution: float
) -> np.ndarray:
    """Whether each run's counter is known better than its integral, and is one that the samples allow."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.where(own, values, 0.0), starts)

    counted, by_time, unsure = total(delta), total(flow.ah), total(flow.unsure_ah)
    slack = GAIN_SHARE * np.maximum(np.abs(counted), np.abs(by_time)) + resolution
    allowed = (counted >= total(flow.low_ah) - slack) & (counted <= total(flow.high_ah) + slack)
    return allowed & (unsure > resolution)


def _counted(points: pl.DataFrame) -> tuple[np.ndarray, float] | None:
    """Charge in less charge out of each interval by the counters, and their last digit; None without both."""
    sides = [points[name] for name in ("charge_ah", "discharge_ah")]
    current = points["current_a"].to_numpy()
    needed = (bool((current > 0).any()), bool((current < 0).any()))
    if any(side.null_count() and wanted for side, wanted in zip(sides, needed, strict=True)):
        return None
    if all(side.null_count() for side in sides):
        return None
    charge, discharge = (side.fill_null(0.0).to_numpy() for side in sides)
    delta = np.diff(charge, prepend=charge[:1]) - np.diff(discharge, prepend=discharge[:1])
    return delta, max(_last_digit(charge), _last_digit(discharge))


def _last_digit(values: np.ndarray) -> float:
    """The power of ten that all values are multiples of; 0 for floats, and where few values tell it."""
    some = np.unique(values[:: max(1, values.size // _LOOKED_AT)])
    if some.size < _FEWEST_VALUES:
        return 0.0
    for digits in range(_MOST_DIGITS):
        scaled = some * 10.0**digits
        if float(np.abs(scaled - np.round(scaled)).max(initial=0.0)) < 1e-3:
            return 10.0**-digits
    return 0.0


def _tell_silence(points: pl.DataFrame, open_ah: np.ndarray, notes: Counter) -> None:
    silent = np.flatnonzero((open_ah > 0) & np.isfinite(open_ah))
    if not silent.size:
        return
    time, line = points["test_time_s"].to_numpy(), points["line"]
    worst = int(silent[int(np.argmax(open_ah[silent]))])
    notes[
        f"nothing was recorded for up to {time[worst] - time[worst - 1]:,.0f} s before line {line[worst]} "
        f"though a current flowed: up to {open_ah[worst]:.4g} Ah are open there"
    ] += int(silent.size)


def _tell_open(ah: np.ndarray, unsure: np.ndarray, notes: Counter) -> None:
    """Tell how far the samples leave the charge open, where counters do not close it."""
    sides = {"charge": ah > 0, "discharge": ah < 0}
    least = TOLD_SHARE * float(np.abs(ah).sum())
    for name, side in sides.items():
        total, left = float(np.abs(ah[side]).sum()), float(unsure[side].sum())
        if total > least and left > TOLD_SHARE * total:
            notes[
                f"the samples leave the {name} open by more than 1 %: "
                f"{total:.4g} Ah, {max(total - left, 0.0):.4g} to {total + left:.4g}"
            ] += 1


def _tell_apart(ah: np.ndarray, flow: Flow, rows: np.ndarray, notes: Counter) -> None:
    """Tell where the counter was taken and the integral says something else."""
    for name, sign in (("charge", 1.0), ("discharge", -1.0)):
        counted = float(np.maximum(sign * ah[rows], 0.0).sum())
        by_time = float(np.maximum(sign * flow.ah[rows], 0.0).sum())
        if abs(counted - by_time) > TOLD_SHARE * max(counted, by_time):
            low, high = (flow.low_ah, flow.high_ah) if sign > 0 else (-flow.high_ah, -flow.low_ah)
            least, most = (float(np.maximum(one[rows], 0.0).sum()) for one in (low, high))
            notes[
                f"{name}: {by_time:.4g} Ah by current and time, left open from {least:.4g} "
                f"to {most:.4g}; the counter's {counted:.4g} Ah is taken"
            ] += 1


def _changed(values: np.ndarray) -> np.ndarray:
    return np.diff(values, prepend=values[:1]) != 0
