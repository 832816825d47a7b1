"""Where one file of a test ends and the next begins: how long it was, and what may have flowed meanwhile."""

from collections import Counter

import numpy as np
import polars as pl

# Clocks tick in seconds and cyclers' times drift: a seam of less is none.
LEAST_PAUSE_S = 60.0
# Of the usual interval before a seam: further apart, nothing was recorded in between.
_LONGEST_INTERVALS = 3.0
_LOOKED_AT = 100


def pauses_s(points: pl.DataFrame) -> np.ndarray:
    """Seconds (n,) by which the files' own clocks ran on while the test's time stood still, added up.

    points: of a life, with `file_number`. A seam between files without a clock, and one at which the clock
    goes back, adds nothing: files that overlap are ordered by their test time.
    """
    pause = np.zeros(points.height)
    for row in np.flatnonzero(np.diff(points["file_number"].to_numpy())) + 1:
        apart = _clock_apart_s(points[int(row) - 1 : int(row) + 1])
        if apart is not None:
            ran = float(points["test_time_s"][int(row)] - points["test_time_s"][int(row) - 1])
            pause[row] = apart - ran if apart - ran > LEAST_PAUSE_S else 0.0
    return np.cumsum(pause)


def _clock_apart_s(two: pl.DataFrame) -> float | None:
    """Seconds of clock between two rows; None where they do not share a clock."""
    for name in ("ts", "wall_clock"):
        if two[name].null_count() == 0:
            return (two[name][1] - two[name][0]).total_seconds()
    return None


def joined_charge(before: pl.DataFrame, points: pl.DataFrame, restarted: bool) -> pl.DataFrame:
    """The points with the charge of the interval before their first row, as far as anybody knows it.

    before: the rows up to the seam; points: with their test time running on. A file that follows at once has
    the trapezium of both ends; behind a longer seam anything may have flowed.
    """
    if "moved_ah" not in points.columns:
        return points
    last, first = before.tail(1), points.head(1)
    apart = float(first["test_time_s"][0] - last["test_time_s"][0])
    by_clock = _clock_apart_s(pl.concat([last.select("ts", "wall_clock"), first.select("ts", "wall_clock")]))
    apart = by_clock if by_clock is not None and by_clock > apart + LEAST_PAUSE_S else apart
    known = apart <= _LONGEST_INTERVALS * _usual_interval_s(before) and not (restarted and by_clock is None)
    mean_a = (last["current_a"][0] + first["current_a"][0]) / 2
    moved, left = (mean_a * apart / 3600, 0.0) if known else (0.0, float("inf"))
    begins = pl.int_range(pl.len()) == 0
    return points.with_columns(
        pl.when(begins).then(pl.lit(moved)).otherwise(pl.col("moved_ah")).alias("moved_ah"),
        pl.when(begins).then(pl.lit(left)).otherwise(pl.col("open_ah")).alias("open_ah"),
    )


def _usual_interval_s(points: pl.DataFrame) -> float:
    times = points["test_time_s"].tail(_LOOKED_AT).to_numpy()
    ran = np.diff(times)
    return float(np.median(ran[ran > 0])) if (ran > 0).any() else 0.0


def tell_pause(before: pl.DataFrame, points: pl.DataFrame, file: str, notes: Counter) -> None:
    """Note how long a file begins after the end of the one before, by their own clocks."""
    both = ["ts", "wall_clock"]
    apart = _clock_apart_s(pl.concat([before.tail(1).select(both), points.head(1).select(both)]))
    ran = float(points["test_time_s"][0] - before["test_time_s"][-1])
    if apart is not None and apart - ran > LEAST_PAUSE_S:
        words = f"{apart / 86_400:,.1f} days" if apart > 2 * 86_400 else f"{apart:,.0f} s"
        notes[
            f"{file} begins {words} after the file before ended, by their own clocks; "
            "what flowed in between is not known"
        ] += 1
