"""The cycler's own counters of charge and energy, made cumulative whatever resets them.

A counter begins anew where it falls; where it rises by what the current cannot have moved, and what it shows
is what moved since; and where its like steps show it. The current decides, so that a step that logs nothing
below the end of the one before is no longer taken for its continuation.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.integrals import Flow

_KINDS = ("ah", "wh")
# Below this share of a counter's range a step back is rounding, not a reset.
_ROUNDING = 1e-6
# Of a counter's range: what current and time may miss in one interval before it contradicts the counter.
_CONTRADICTS = 0.01


class _Times(NamedTuple):
    """Rows that begin a step, by any sign of it; sign of each row's step; the flow of charge."""

    begins: np.ndarray
    direction: np.ndarray
    flow: Flow

    @classmethod
    def of(cls, frame: pl.DataFrame, flow: Flow) -> "_Times":
        counts = np.diff(frame["step_count"].to_numpy(), prepend=frame["step_count"].to_numpy()[:1]) != 0
        begins = counts | flow.steps.begins
        starts = np.concatenate([[0], np.flatnonzero(begins[1:]) + 1])
        totals = np.add.reduceat(frame["current_a"].to_numpy(), starts)
        direction = np.repeat(np.sign(totals), np.diff(np.append(starts, frame.height)))
        return cls(np.flatnonzero(begins), direction, flow)


class Counted(NamedTuple):
    """frame: with the cumulative columns; anew: rows in which a counter of charge began anew."""

    frame: pl.DataFrame
    anew: np.ndarray


def cumulative(frame: pl.DataFrame, flow: Flow, notes: Counter) -> Counted:
    """`charge_ah`, `discharge_ah`, `charge_wh`, `discharge_wh` from whichever counters the file has.

    Needs `current_a` (positive charges) and `step_count`; `flow` is the charge by current and time. A counter
    per step (`step_*`) is given to the direction of its row's current; a net one (`net_*`) to the direction
    in which it moves. Null where absent.
    """
    anew, added = np.zeros(frame.height, bool), []
    names = [name for name in ("charge", "discharge", "step", "net") if f"{name}_ah" in frame.columns]
    names += [name for name in ("charge", "discharge", "step", "net") if f"{name}_wh" in frame.columns]
    times = _Times.of(frame, flow) if names and frame.height else None
    for kind in _KINDS:
        pair = (None, None) if times is None else _pair(frame, kind, times, anew, notes)
        added += [
            _column(f"{way}_{kind}", values)
            for way, values in zip(("charge", "discharge"), pair, strict=True)
        ]
    return Counted(frame.with_columns(added), anew)


def _column(name: str, values: np.ndarray | None) -> pl.Series | pl.Expr:
    return pl.lit(None, pl.Float64).alias(name) if values is None else pl.Series(name, values, pl.Float64)


def _pair(
    frame: pl.DataFrame, kind: str, times: _Times, anew: np.ndarray, notes: Counter
) -> tuple[np.ndarray | None, np.ndarray | None]:
    one = {name: _filled(frame, f"{name}_{kind}") for name in ("charge", "discharge", "step", "net")}
    if one["charge"] is not None or one["discharge"] is not None:
        sides: list[np.ndarray | None] = []
        for name, sign in (("charge", 1.0), ("discharge", -1.0)):
            values = one[name]
            if values is None:
                sides.append(None)
                continue
            resets = _resets(np.abs(values), sign, times if kind == "ah" else None, anew)
            sides.append(_unwound(np.abs(values), resets, f"{name}_{kind}", notes))
            if kind == "ah":
                anew |= resets
        charge, discharge = sides
        return charge, discharge
    if one["step"] is not None:
        return _by_direction(np.abs(one["step"]), times)
    if one["net"] is not None:
        resets = _net_resets(one["net"], times.flow) if kind == "ah" else anew
        if kind == "ah" and resets.any():
            notes[f"net_{kind}: the cycler's counter begins anew; it was added up"] += int(resets.sum())
            anew |= resets
        moved = np.where(resets, one["net"], np.diff(one["net"], prepend=one["net"][0]))
        return np.cumsum(np.maximum(moved, 0)), np.cumsum(np.maximum(-moved, 0))
    return None, None


def _filled(frame: pl.DataFrame, name: str) -> np.ndarray | None:
    if name not in frame.columns:
        return None
    unknown = frame[name].null_count()
    if not unknown:
        return frame[name].to_numpy()
    if unknown == frame.height:
        return None
    return frame[name].fill_null(strategy="forward").fill_null(strategy="backward").to_numpy()


def _resets(values: np.ndarray, sign: float, times: _Times | None, anew: np.ndarray) -> np.ndarray:
    """Rows in which a counter of magnitude (n,) began anew from 0.

    Every fall is one. So is a rise in a step's first row that the current denies, where what the counter
    shows there is what the current moved; between two that both may be, the file's other steps decide.
    A counter of energy (`times` None) begins anew where that of charge does, besides its own falls.
    """
    steps = np.diff(values, prepend=values[:1])
    falls = steps < -_ROUNDING * max(float(values.max()), 1e-12)
    if times is None:
        return falls | (anew & (steps > 0) & (values > steps))
    rows = times.begins[(values[times.begins - 1] > 0) & ~falls[times.begins]]
    rows = rows[values[rows] > 0]
    if not rows.size:
        return falls
    flow = times.flow
    best = np.maximum(sign * flow.ah[rows], 0.0)
    most = np.maximum(np.maximum(sign * flow.low_ah[rows], sign * flow.high_ah[rows]), 0.0)
    loose = flow.open_ah[rows] > 0
    low = np.where(loose, 0.0, np.maximum(best - flow.unsure_ah[rows], 0.0))
    high = np.where(loose, most, best + flow.unsure_ah[rows])
    tolerance = _CONTRADICTS * np.maximum(high, values[rows])
    off_on, off_anew = (_outside(one, low, high) for one in (steps[rows], values[rows]))
    denied = (off_on > tolerance) & (off_anew < off_on) & (off_anew <= np.maximum(tolerance, 0.1 * off_on))
    at_steps = falls.any() and bool(np.isin(np.flatnonzero(falls), times.begins).all())
    both = (off_on <= tolerance) & (off_anew <= tolerance)
    nearer = np.abs(values[rows] - best) < np.abs(steps[rows] - best)
    falls[rows[denied | (both & nearer & at_steps)]] = True
    return falls


def _outside(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.maximum(np.maximum(low - values, values - high), 0.0)


def _net_resets(values: np.ndarray, flow: Flow) -> np.ndarray:
    """Rows in which a net counter (n,) began anew: it moved as the current denies, and what it shows is
    nearer to what the current moved."""
    moved = np.diff(values, prepend=values[:1])
    off_on, off_anew = (_outside(one, flow.low_ah, flow.high_ah) for one in (moved, values))
    span = float(values.max() - values.min()) if values.size else 0.0
    resets = (off_on > _CONTRADICTS * span) & (off_anew < 0.1 * off_on)
    resets[:1] = False
    return resets


def net_moved(frame: pl.DataFrame, flow: Flow) -> float | None:
    """What a net counter beside cumulative ones moved from first row to last, Ah; None without one."""
    beside = {"net_ah", "charge_ah", "discharge_ah"} <= set(frame.columns)
    values = _filled(frame, "net_ah") if beside else None
    if values is None or not values.size:
        return None
    resets = _net_resets(values, flow)
    return float(np.where(resets, values, np.diff(values, prepend=values[0])).sum())


def _unwound(values: np.ndarray, resets: np.ndarray, name: str, notes: Counter) -> np.ndarray:
    """A counter of magnitude that begins anew from 0 in the rows `resets`, added up."""
    steps = np.diff(values, prepend=values[:1])
    if resets.any():
        notes[f"{name}: the cycler's counter begins anew; it was added up"] += int(resets.sum())
    return np.cumsum(np.where(resets, values, np.maximum(steps, 0)))


def _by_direction(values: np.ndarray, times: _Times) -> tuple[np.ndarray, np.ndarray]:
    """Increments of a counter that begins at 0 in each step, to the side the current flows."""
    moved = np.diff(values, prepend=values[:1])
    anew = moved < 0
    anew[times.begins] = True
    moved[anew] = values[anew]
    # A step's last row may already show no current: the direction is the step's, not the row's.
    moved[times.begins[times.direction[times.begins] == 0]] = 0.0
    return tuple(np.cumsum(np.where(side, moved, 0.0)) for side in (times.direction > 0, times.direction < 0))  # type: ignore[return-value]
