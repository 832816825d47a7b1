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
    hours = np.diff(points["test_time_s"].to_numpy(), prepend=points["test_time_s"][0]) / 3600
    return np.maximum(hours, 0.0)


def ah_steps(points: pl.DataFrame) -> np.ndarray:
    """Ah (signed, positive charges) that flowed in the interval ending at each row.

    The trapezium of both ends; but in a step's first row its own current since the step began, and the row
    before's until then. A file with step numbers and no step time logs the end of each step: then the whole
    interval is the new step's.
    """
    current, hours = points["current_a"].to_numpy(), intervals(points)
    before = np.concatenate([current[:1], current[:-1]])
    mean = (current + before) / 2
    begins = np.diff(points["step_count"].to_numpy(), prepend=points["step_count"][0]) != 0
    if points["step_index"].null_count() == points.height:
        return mean * hours
    since = hours
    if points["step_time_s"].null_count() < points.height:
        known = points["step_time_s"].fill_null(float("inf")).to_numpy() / 3600
        since = np.clip(known, 0.0, hours)
    return np.where(begins, current * since + before * (hours - since), mean * hours)


def moved(points: pl.DataFrame) -> tuple[Moved, Moved]:
    """(charge in, charge out) of a whole reading, both as magnitudes."""
    if not points.height:
        return Moved(0, 0, 0), Moved(0, 0, 0)
    current, hours, steps = points["current_a"].to_numpy(), intervals(points), ah_steps(points)
    before = np.concatenate([current[:1], current[:-1]])
    low, high = np.minimum(current, before), np.maximum(current, before)
    charged = float(np.maximum(steps, 0).sum())
    charge = Moved(
        charged, float(np.dot(np.maximum(low, 0), hours)), float(np.dot(np.maximum(high, 0), hours))
    )
    discharged = max(0.0, charged - float(steps.sum()))
    least, most = -float(np.dot(np.minimum(high, 0), hours)), -float(np.dot(np.minimum(low, 0), hours))
    return charge, Moved(discharged, least + 0.0, most + 0.0)
