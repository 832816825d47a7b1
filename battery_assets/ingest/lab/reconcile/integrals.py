"""Charge from current and time, with the bounds within which sampling leaves it."""

from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Moved:
    """Ampere-hours in one direction: our best value, and the least and most that the samples allow
    while the current stays between its neighbouring samples."""

    ah: float
    least_ah: float
    most_ah: float


def intervals(points: pl.DataFrame) -> np.ndarray:
    """Hours since the row before; 0 in the first row and where the time stands still or goes back."""
    time = points["test_time_s"].to_numpy()
    hours = np.diff(time, prepend=time[:1])
    hours /= 3600
    return np.maximum(hours, 0.0, out=hours)


def ah_steps(points: pl.DataFrame) -> np.ndarray:
    """Ah (signed, positive charges) that flowed in the interval ending at each row.

    The trapezium of both ends; but in a step's first row its own current since the step began, and the row
    before's until then. A file with step numbers and no step time logs the end of each step: then the whole
    interval is the new step's.
    """
    current, hours = points["current_a"].to_numpy(), intervals(points)
    before = np.concatenate([current[:1], current[:-1]])
    steps = (current + before) / 2 * hours
    if points["step_index"].null_count() == points.height:
        return steps
    begins = np.flatnonzero(np.diff(points["step_count"].to_numpy())) + 1
    since = hours[begins]
    if points["step_time_s"].null_count() < points.height:
        known = points["step_time_s"][begins].fill_null(float("inf")).to_numpy() / 3600
        since = np.clip(known, 0.0, since)
    steps[begins] = current[begins] * since + before[begins] * (hours[begins] - since)
    return steps


def moved(points: pl.DataFrame, steps: np.ndarray | None = None) -> tuple[Moved, Moved]:
    """(charge in, charge out) of a whole reading, both as magnitudes; `steps` where they are known."""
    if not points.height:
        return Moved(0, 0, 0), Moved(0, 0, 0)
    current, hours = points["current_a"].to_numpy(), intervals(points)
    steps = ah_steps(points) if steps is None else steps
    before = np.concatenate([current[:1], current[:-1]])
    low, high, part = np.minimum(current, before), np.maximum(current, before), np.empty_like(steps)
    charged = float(np.maximum(steps, 0, out=part).sum())
    least, most = (float(np.dot(np.maximum(one, 0, out=part), hours)) for one in (low, high))
    charge = Moved(charged, least, most)
    discharged = max(0.0, charged - float(steps.sum()))
    least, most = (-float(np.dot(np.minimum(one, 0, out=part), hours)) for one in (high, low))
    return charge, Moved(discharged, least + 0.0, most + 0.0)
