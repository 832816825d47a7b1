"""The cycler's own counters of charge and energy, made cumulative whatever resets them."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

_KINDS = ("ah", "wh")
# Below this share of a counter's range a step back is rounding, not a reset.
_ROUNDING = 1e-6


class _Steps(NamedTuple):
    """Rows that begin a step, but the first row; sign of the charge that each row's step moves."""

    begins: np.ndarray
    direction: np.ndarray

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "_Steps":
        begins = np.flatnonzero(np.diff(frame["step_count"].to_numpy())) + 1
        totals = frame.select(pl.col("current_a").sum().over("step_count")).to_series()
        return cls(begins, np.sign(totals.to_numpy()))


def cumulative(frame: pl.DataFrame, notes: Counter) -> pl.DataFrame:
    """`charge_ah`, `discharge_ah`, `charge_wh`, `discharge_wh` from whichever counters the file has.

    Needs `current_a` (positive charges) and `step_count`. A counter per step (`step_*`) is given to the
    direction of its row's current; a net one (`net_*`) to the direction in which it moves. Null where absent.
    """
    added, steps = [], cache(lambda: _Steps.of(frame))
    for kind in _KINDS:
        charge, discharge = _pair(frame, kind, steps, notes)
        added += [_column(f"charge_{kind}", charge), _column(f"discharge_{kind}", discharge)]
    return frame.with_columns(added)


def _column(name: str, values: np.ndarray | None) -> pl.Series | pl.Expr:
    return pl.lit(None, pl.Float64).alias(name) if values is None else pl.Series(name, values, pl.Float64)


def _pair(
    frame: pl.DataFrame, kind: str, steps: Callable[[], _Steps], notes: Counter
) -> tuple[np.ndarray | None, np.ndarray | None]:
    one = {name: _filled(frame, f"{name}_{kind}") for name in ("charge", "discharge", "step", "net")}
    if one["charge"] is not None or one["discharge"] is not None:
        charge, discharge = (
            None if (counter := one[name]) is None else _unwound(counter, f"{name}_{kind}", notes)
            for name in ("charge", "discharge")
        )
        return charge, discharge
    if one["step"] is not None:
        return _by_direction(np.abs(one["step"]), steps())
    if one["net"] is not None:
        moved = np.diff(one["net"], prepend=one["net"][0])
        return np.cumsum(np.maximum(moved, 0)), np.cumsum(np.maximum(-moved, 0))
    return None, None


def _filled(frame: pl.DataFrame, name: str) -> np.ndarray | None:
    if name not in frame.columns or frame[name].null_count() == frame.height:
        return None
    return frame[name].fill_null(strategy="forward").fill_null(strategy="backward").to_numpy()


def _unwound(values: np.ndarray, name: str, notes: Counter) -> np.ndarray:
    """A counter of magnitude whose every fall is a new beginning from 0."""
    values = np.abs(values)
    steps = np.diff(values, prepend=values[0])
    resets = steps < -_ROUNDING * max(float(values.max()), 1e-12)
    if resets.any():
        notes[f"{name}: the cycler's counter begins anew; it was added up"] += int(resets.sum())
    return np.cumsum(np.where(resets, values, np.maximum(steps, 0)))


def _by_direction(values: np.ndarray, steps: _Steps) -> tuple[np.ndarray, np.ndarray]:
    """Increments of a counter that begins at 0 in each step, to the side the current flows."""
    moved = np.diff(values, prepend=values[:1])
    anew = moved < 0
    anew[steps.begins] = True
    moved[anew] = values[anew]
    # A step's last row may already show no current: the direction is the step's, not the row's.
    moved[steps.begins[steps.direction[steps.begins] == 0]] = 0.0
    return tuple(np.cumsum(np.where(side, moved, 0.0)) for side in (steps.direction > 0, steps.direction < 0))  # type: ignore[return-value]
