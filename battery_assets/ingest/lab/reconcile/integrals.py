"""Charge between samples, from current, time and step times, with what they leave open.

One estimator for all: readings sum it as charge in and out, `cycle` sums it as capacities.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

# A current that is recorded at intervals of d flowed between rows 10 d apart at most; 3 d where the next row
# is at rest, or where the voltage says that it paused.
SILENT_AFTER, SILENT_ALONE = 10.0, 3.0
# A voltage that went so far against the current, and three usual steps of it, has recovered.
_RECOVERED_V, _RECOVERED_STEPS = 0.005, 3.0
REGIME_ROWS = 3
# Of the largest current: below it nothing flows, and no gap matters.
REST_SHARE = 0.002
_STEP_CLOCK_S = 1.0
# Column of rows that follow others which are no points in time.
UNSEEN = "follows_others"


class Moved(NamedTuple):
    """Ampere-hours in one direction: our best value, and the least and most that the samples allow
    while the current stays between its neighbouring samples."""

    ah: float
    least_ah: float
    most_ah: float


class Steps(NamedTuple):
    """What a file says of its steps, (n,) each.

    begins: rows that are the first of a step; since_h: hours since the step began there, NaN unknown;
    ran_on: rows whose step's own clock ran on since the row before; breaks: rows before which the record
    was interrupted for a time that nobody knows; unseen: rows before which the cycler did something else.
    """

    begins: np.ndarray
    since_h: np.ndarray
    ran_on: np.ndarray
    breaks: np.ndarray
    unseen: np.ndarray

    @classmethod
    def none(cls, rows: int) -> "Steps":
        """Nothing is known of steps."""
        off = np.zeros(rows, bool)
        return cls(off, np.full(rows, np.nan), off, off, off)

    @classmethod
    def of(cls, points: pl.DataFrame, breaks: np.ndarray | None = None) -> "Steps":
        """From step_index, step_count and step_time_s, as far as the file has them."""
        rows = points.height
        none = cls.none(rows)._replace(breaks=np.zeros(rows, bool) if breaks is None else breaks)
        clock = _numbers(points, "step_time_s")
        fell = np.diff(clock, prepend=clock[:1]) < -_STEP_CLOCK_S
        begins = fell
        if _has_values(points, "step_index"):
            begins = begins | _changes(points, "step_count")
        ran = np.diff(clock, prepend=clock[:1])
        passed = np.diff(points["test_time_s"].to_numpy(), prepend=points["test_time_s"].to_numpy()[:1])
        ran_on = ~begins & (np.abs(ran - passed) <= np.maximum(_STEP_CLOCK_S, 0.01 * passed)) & (ran > 0)
        begins[:1] = False
        if UNSEEN in points.columns:
            none = none._replace(unseen=points[UNSEEN].to_numpy())
        return none._replace(begins=begins, since_h=np.where(begins, clock / 3600.0, np.nan), ran_on=ran_on)


class Flow(NamedTuple):
    """The charge (Ah, positive charges) of the interval that ends at each row, (n,) each.

    ah: best by current and time; low_ah, high_ah: what the samples allow; unsure_ah: how far the truth may
    lie from `ah` while something was recorded; open_ah: what may have flowed besides while nothing was,
    infinite where nobody knows for how long; steps: what the file says of its steps.
    """

    ah: np.ndarray
    low_ah: np.ndarray
    high_ah: np.ndarray
    unsure_ah: np.ndarray
    open_ah: np.ndarray
    steps: Steps


def flow_between(
    time_s: np.ndarray,
    current_a: np.ndarray,
    voltage_v: np.ndarray | None = None,
    steps: Steps | None = None,
) -> Flow:
    """Trapezia of current over time; nothing where nothing was recorded.

    In a step's first row: its own current since the step began, the row before's until then. A file with
    step numbers and no step time logs the end of each step: then the whole interval is the new step's, unless
    the row follows sooner than the step's rows follow each other.
    An interval is silent where it is ten times as long as those at which its current was recorded, unless
    the step's clock ran on; over a silent interval the current is kept where the voltage kept its way.
    """
    steps = steps or Steps.none(time_s.size)
    current = np.nan_to_num(np.asarray(current_a, dtype=float))
    hours = np.maximum(np.diff(time_s, prepend=time_s[:1]), 0.0) / 3600.0
    before = np.concatenate([current[:1], current[:-1]])
    ah = (current + before) / 2 * hours
    low, high = np.minimum(current, before) * hours, np.maximum(current, before) * hours
    unsure = (high - low) / 2
    begins = np.flatnonzero(steps.begins & ~steps.breaks)
    dated = np.isfinite(steps.since_h[begins])
    following = np.append(hours[1:], np.inf)[begins]
    begins, dated = (part[dated | (hours[begins] > following / 2)] for part in (begins, dated))
    since = np.where(dated, np.clip(np.nan_to_num(steps.since_h[begins]), 0.0, hours[begins]), hours[begins])
    ah[begins] = current[begins] * since + before[begins] * (hours[begins] - since)
    unsure[begins[dated]] = 0.0
    known_h = np.zeros(hours.size)
    known_h[begins[dated]] = since[dated]
    silent = _silent(hours, current, before, known_h, steps, _recovered(current, before, voltage_v))
    silent = np.union1d(silent, np.flatnonzero(steps.unseen))
    open_ah = np.zeros(hours.size)
    if silent.size:
        open_ah[silent] = np.maximum(np.abs(current), np.abs(before))[silent] * (hours - known_h)[silent]
        low[silent], high[silent] = np.minimum(low[silent], 0.0), np.maximum(high[silent], 0.0)
        kept = silent[_kept_its_way(silent, current, before, voltage_v, steps)]
        ended = np.setdiff1d(silent, kept, assume_unique=True)
        ah[ended] = current[ended] * known_h[ended]
        unsure[silent] = 0.0
    broken = np.flatnonzero(steps.breaks)
    for part in (ah, low, high, unsure):
        part[broken] = 0.0
    open_ah[broken] = np.inf
    return Flow(ah, low, high, unsure, open_ah, steps)


def intervals(points: pl.DataFrame) -> np.ndarray:
    """Hours since the row before; 0 in the first row and where the time stands still or goes back."""
    time = points["test_time_s"].to_numpy()
    hours = np.diff(time, prepend=time[:1])
    hours /= 3600
    return np.maximum(hours, 0.0, out=hours)


def flow_of(points: pl.DataFrame, breaks: np.ndarray | None = None) -> Flow:
    """`flow_between` of a reading's points by its current, times and steps; counters do not count."""
    return flow_between(
        points["test_time_s"].to_numpy(),
        points["current_a"].to_numpy(),
        points["voltage_v"].to_numpy(),
        Steps.of(points, breaks),
    )


def ah_steps(points: pl.DataFrame) -> np.ndarray:
    """Ah (signed, positive charges) that flowed in the interval ending at each row, by current and time."""
    return flow_of(points).ah


def in_and_out(ah: np.ndarray, flow: Flow) -> tuple[Moved, Moved]:
    """(charge in, charge out) as magnitudes of `ah` (n,), within the bounds of the samples."""
    charged = float(np.maximum(ah, 0.0).sum())
    discharged = max(0.0, charged - float(ah.sum()))
    least_in, most_in = (float(np.maximum(one, 0.0).sum()) for one in (flow.low_ah, flow.high_ah))
    least_out, most_out = (-float(np.minimum(one, 0.0).sum()) + 0.0 for one in (flow.high_ah, flow.low_ah))
    return Moved(charged, least_in, most_in), Moved(discharged, least_out, most_out)


def moved(points: pl.DataFrame) -> tuple[Moved, Moved]:
    """(charge in, charge out) of a whole reading, by the estimate that its points carry (`moved_ah`)."""
    if not points.height:
        return Moved(0, 0, 0), Moved(0, 0, 0)
    flow = flow_of(points)
    return in_and_out(_numbers(points, "moved_ah") if _has_values(points, "moved_ah") else flow.ah, flow)


def _recovered(current: np.ndarray, before: np.ndarray, voltage_v: np.ndarray | None) -> np.ndarray:
    """Rows whose voltage went against a current that flows the same way on both sides."""
    if voltage_v is None or not current.size:
        return np.zeros(current.size, bool)
    way = np.diff(voltage_v, prepend=voltage_v[:1]) * np.sign(current)
    least = max(_RECOVERED_V, _RECOVERED_STEPS * float(np.nanmedian(np.abs(way))))
    return (np.sign(current) == np.sign(before)) & (way < -least)


def _silent(
    hours: np.ndarray,
    current: np.ndarray,
    before: np.ndarray,
    known_h: np.ndarray,
    steps: Steps,
    recovered: np.ndarray,
) -> np.ndarray:
    """Rows that end an interval in which a current was to be recorded and was not."""
    largest = float(np.abs(current).max()) if current.size else 0.0
    way = np.where(np.abs(current) > REST_SHARE * largest, np.sign(current), 0.0)
    way_before = np.concatenate([way[:1], way[:-1]])
    regime = np.where((way == way_before) & (way != 0), hours, 0.0)
    longest = float(hours.max(initial=0.0))
    if not regime.any() or longest <= SILENT_ALONE * float(regime[regime > 0].min()):
        return np.zeros(0, dtype=np.int64)
    usual_before, usual_after = np.zeros(hours.size), np.zeros(hours.size)
    for rows in range(1, min(REGIME_ROWS + 1, hours.size)):
        same = way[:-rows] == way_before[rows:]
        usual_before[rows:] = np.maximum(usual_before[rows:], np.where(same, regime[:-rows], 0.0))
        same = way[rows:] == way[:-rows]
        usual_after[:-rows] = np.maximum(usual_after[:-rows], np.where(same, regime[rows:], 0.0))
    # What the new step's own clock covers is recorded: the question is how long the old current lasted.
    dated = steps.begins & np.isfinite(steps.since_h)
    usual = np.maximum(
        np.where(way_before != 0, usual_before, 0.0), np.where((way != 0) & ~dated, usual_after, 0.0)
    )
    flowing = np.where(dated, way_before != 0, (way != 0) | (way_before != 0))
    after = np.where(((way == 0) & (way_before != 0)) | recovered, SILENT_ALONE, SILENT_AFTER)
    silent = flowing & (usual > 0) & (hours - known_h > after * usual) & ~steps.ran_on
    return np.flatnonzero(silent & ~steps.breaks)


def _kept_its_way(
    rows: np.ndarray,
    current: np.ndarray,
    before: np.ndarray,
    voltage_v: np.ndarray | None,
    steps: Steps,
) -> np.ndarray:
    """Whether the current is the same on both sides and moved the voltage on: then it flowed meanwhile."""
    same = (np.sign(current[rows]) == np.sign(before[rows])) & ~steps.begins[rows]
    if voltage_v is None:
        return same
    return same & ((voltage_v[rows] - voltage_v[rows - 1]) * current[rows] > 0)


def _has_values(points: pl.DataFrame, name: str) -> bool:
    return name in points.columns and points[name].null_count() < points.height


def _numbers(points: pl.DataFrame, name: str) -> np.ndarray:
    if not _has_values(points, name):
        return np.full(points.height, np.nan)
    # Without a mask a null is NaN.
    return points[name].cast(pl.Float64).to_numpy()


def _changes(points: pl.DataFrame, name: str) -> np.ndarray:
    if not _has_values(points, name):
        return np.zeros(points.height, bool)
    steps = np.diff(_numbers(points, name), prepend=np.nan)
    return ~np.isnan(steps) & (steps != 0)
