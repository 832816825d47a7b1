"""Day frames as arrays: the run of rows of each unit, times in microseconds, missing numbers as NaN."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

DEFAULT_STEP_US = 60_000_000
NOT_SORTED = "rows of one unit are not contiguous: sort the frame by unit and ts"
_PROBES = 200
MANY = 100_000  # rows of a column from which a query more costs less than it saves


@dataclass(frozen=True)
class Runs:
    """Rows [start, stop) of the unit with that index; one run per unit, units unknown to `ids` left out."""

    unit: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def unit_runs(units: pl.Series, ids: Sequence[str]) -> Runs:
    """Where each unit's rows lie in a frame sorted by (unit, ts).

    Raises ValueError where the rows of one unit are not contiguous. Costs no string per row.
    """
    runs = units.rle().struct.unnest()
    lengths = runs["len"].to_numpy().astype(np.int64)
    names = runs["value"].cast(pl.String).to_list()
    if len(set(names)) != len(names):
        raise ValueError(NOT_SORTED)
    stops = np.cumsum(lengths)
    index = {name: k for k, name in enumerate(ids)}
    units_found = np.array([index.get(name, -1) for name in names], np.int64)
    is_unit = units_found >= 0
    return Runs(units_found[is_unit], (stops - lengths)[is_unit], stops[is_unit])


def micros(ts: pl.Series) -> np.ndarray:
    """Instants as int64 microseconds since 1970, without a copy where they are stored so."""
    # A method of a Series that is an expression costs a query: a day of few jars is made of such costs.
    if getattr(ts.dtype, "time_unit", "us") != "us":
        ts = ts.dt.cast_time_unit("us")
    return ts.cast(pl.Int64).rechunk().to_numpy()


def numbers(frame: pl.DataFrame, column: str) -> np.ndarray:
    """A numeric column as floats (Float32 stays), NULL as NaN; all NaN where the column is absent."""
    if column not in frame.columns:
        return np.full(frame.height, np.nan, np.float32)
    values = frame[column]
    if not values.dtype.is_float():
        values = values.cast(pl.Float64)
    if len(values) >= MANY and 2 * values.null_count() > len(values):
        return _mostly_absent(values)
    return values.rechunk().to_numpy()


def _mostly_absent(values: pl.Series) -> np.ndarray:
    """Floats of which most are NULL: what is there is put between NaN, where polars would fill in each."""
    there = values.drop_nulls().to_numpy()
    shown = np.full(len(values), np.nan, there.dtype)
    shown[values.is_not_null().arg_true().to_numpy()] = there
    return shown


def steps_us(ts: np.ndarray, runs: Runs) -> np.ndarray:
    """Sampling interval of each run in microseconds: the median step, NaN for a single row."""
    lengths = runs.stop - runs.start
    medians = np.full(len(lengths), np.nan)
    for length in np.unique(lengths[lengths > 1]):
        alike = np.flatnonzero(lengths == length)
        at = np.unique(np.linspace(0, length - 2, min(_PROBES, length - 1)).astype(np.int64))
        at = runs.start[alike][:, None] + at
        medians[alike] = np.median(ts[at + 1] - ts[at], axis=1)
    return medians


def medians(values: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The median of each run [start, stop) of values, NaN passed over; NaN where nothing is left."""
    if not len(start):
        return np.empty(0)
    at = start[:, None] + np.arange(max(int((stop - start).max()), 1))
    some = np.where(at < stop[:, None], values[np.minimum(at, len(values) - 1)], np.nan)
    some.sort(axis=1)  # NaN comes last
    counts, every = (~np.isnan(some)).sum(axis=1), np.arange(len(some))
    return (some[every, np.maximum(counts - 1, 0) // 2] + some[every, counts // 2 * (counts > 0)]) / 2


def row_medians(values: np.ndarray) -> np.ndarray:
    """The median of each row (N,) of values (N, M), NaN passed over; NaN where nothing is left."""
    ordered, every = np.sort(values, axis=1), np.arange(len(values))  # NaN comes last
    counts = (~np.isnan(ordered)).sum(axis=1)
    lower, upper = ordered[every, np.maximum(counts - 1, 0) // 2], ordered[every, counts // 2 * (counts > 0)]
    return np.where(counts % 2 == 1, lower, (lower + upper) / 2)


def group_steps_us(steps: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Interval of each group of runs (jars of a string): the median of its runs, 60 s where unknown."""
    step = np.full(groups, float(DEFAULT_STEP_US))
    for g in np.unique(group):
        positive = steps[(group == g) & (steps > 0)]
        if len(positive):
            step[g] = np.median(positive)
    return step


def usual_steps(day: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Of each unit of a day, sorted by (unit, ts), its sampling interval in seconds: unit, period_s.

    A unit of which no step is known has the usual one of the others; null where there are none.
    """
    runs = day[unit].rle().struct.unnest()
    stops = np.cumsum(runs["len"].to_numpy().astype(np.int64))
    names = runs["value"].cast(pl.String)
    if names.n_unique() != len(names):
        raise ValueError(NOT_SORTED)
    steps = usual_of(micros(day["ts"]), np.r_[0, stops[:-1]], stops)
    return pl.DataFrame({unit: names, "period_s": pl.Series(steps, dtype=pl.Float64).fill_nan(None)})


def usual_of(ts: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Sampling interval in seconds of each run [start, stop) of instants, as `usual_steps`; NaN for null."""
    steps = steps_us(ts, Runs(np.arange(len(start)), start, stop)) / 1e6
    steps[~(steps > 0)] = np.nan
    finite = steps[~np.isnan(steps)]
    return np.where(np.isnan(steps), np.median(finite) if len(finite) else np.nan, steps)
