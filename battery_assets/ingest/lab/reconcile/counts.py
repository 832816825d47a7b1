"""Cycle and step numbers: whole, and never going back; which rows repeat another."""

from collections import Counter

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.lab.refusal import LabFileRefused

_RUNS_ON_S = 0.5
_SAME = ("test_time_s", "voltage_v", "current_a", "cycle_count", "step_index", "temperature_c")


def whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Counters as integers. Raises LabFileRefused: CYCLE_INDEX where one is not whole, or cycles go back."""
    made: list[pl.Expr | pl.Series] = []
    for word in ("cycle_count", "step_index", "record_index"):
        if word not in frame.columns or frame[word].dtype.is_integer():
            made.append((pl.col(word) if word in frame.columns else pl.lit(None)).cast(pl.Int64).alias(word))
            continue
        numbers = frame[word].cast(pl.Float64)
        whole, values = numbers.cast(pl.Int64, strict=False), numbers.to_numpy()
        # Null is NaN here; what no integer can hold has become null.
        broken = np.isfinite(values) & (values != np.trunc(values)) | np.isinf(values)
        if broken.any() or whole.null_count() > numbers.null_count():
            broken |= (whole.is_null() & numbers.is_not_null()).to_numpy()
            row = int(np.argmax(broken))
            raise _refused(f"{word} {numbers[row]:g}", "whole numbers", int(frame["line"][row]))
        made.append(whole.alias(word))
    return frame.with_columns(made)


def tell_skipped(frame: pl.DataFrame, notes: Counter) -> None:
    """Note record numbers that skip some: rows that a library or an export lost on the way."""
    if "record_index" not in frame.columns or frame.height < 3:
        return
    if (np.diff(frame["record_index"].to_numpy()) == 1).all():
        return
    numbered = frame.select("record_index", "line").drop_nulls().sort("record_index")
    numbers, lines = numbered["record_index"].to_numpy(), numbered["line"].to_numpy()
    step = np.diff(numbers)
    if not len(step) or (step <= 1).all():
        return
    usual = float(np.median(step[step > 0]))
    skips = np.flatnonzero(step > 1.5 * usual)
    if usual > 1:
        notes[f"record numbers rise by {usual:g}: the export left the records between them out"] += 1
    if len(skips):
        missing = int(np.round(step[skips] / usual - 1).sum())
        before, after = numbers[skips[0]], numbers[skips[0] + 1]
        notes[
            f"record numbers skip {missing:,}, first from {before:g} to {after:g} "
            f"in line {lines[skips[0] + 1]}: rows were lost in the export, or by the library that read it"
        ] += 1


def refuse_falling(points: pl.DataFrame) -> None:
    """Raises LabFileRefused: CYCLE_INDEX where the cycle counter falls within one file."""
    counted = points["cycle_count"].cast(pl.Float64).to_numpy()
    # Of rows without a number NaN: neither they nor those after them have fallen.
    fell = np.diff(counted) < 0
    if fell.any():
        row = int(np.argmax(fell)) + 1
        was, now = points["cycle_count"][row - 1], points["cycle_count"][row]
        raise _refused(
            f"cycle {now} after cycle {was}", "cycle numbers that never fall", int(points["line"][row])
        )


def _refused(found: str, expected: str, line: int) -> LabFileRefused:
    return LabFileRefused(
        "CYCLE_INDEX",
        found=found,
        expected=expected,
        next_step="if several tests were put into one file, export them one by one; else export "
        "without the cycle "
        "column: cycles are then found from current and voltage",
        line=line,
    )


def step_counts(frame: pl.DataFrame) -> pl.DataFrame:
    """`step_count`: occurrence of a step, from 1. A step ends where its index or type changes; without
    both, where the current changes between charge, rest and discharge."""
    begins = pl.lit(False)
    if frame["step_index"].null_count() < frame.height:
        begins = begins | (pl.col("step_index") != pl.col("step_index").shift())
        if frame["cycle_count"].null_count() < frame.height:
            begins = begins | (pl.col("cycle_count") != pl.col("cycle_count").shift())
    elif "step_type" in frame.columns:
        begins = begins | (pl.col("step_type") != pl.col("step_type").shift())
    else:
        rest = 0.01 * pl.col("current_a").abs().max()
        sign = pl.when(pl.col("current_a").abs() > rest).then(pl.col("current_a").sign()).otherwise(0.0)
        begins = begins | (sign != sign.shift())
    return frame.with_columns((begins.fill_null(False).cast(pl.Int64).cum_sum() + 1).alias("step_count"))


def own_step_times(frame: pl.DataFrame, notes: Counter) -> pl.DataFrame:
    """The step's time since the step began, where the file lets it run on with the test through all steps."""
    own = ("step_time_s", "step_index")
    if any(name not in frame.columns or frame[name].null_count() for name in own):
        return frame
    begins = np.flatnonzero(np.diff(frame["step_count"].to_numpy())) + 1
    step, test = frame["step_time_s"].to_numpy(), frame["test_time_s"].to_numpy()
    if len(begins) < 2 or not np.nanmax(np.abs((step - step[0]) - (test - test[0]))) < _RUNS_ON_S:
        return frame
    ends = np.zeros(frame.height)
    ends[begins] = np.diff(step[begins - 1], prepend=0.0)
    notes["the step's time runs on with the test: it is counted from the end of the step before"] += 1
    return frame.with_columns(pl.Series("step_time_s", step - np.cumsum(ends)))


def repeated(frame: pl.DataFrame, raw) -> tuple[pl.DataFrame, int, list[Fault]]:
    """(frame, exact duplicates left out, conflicting rows as faults).

    With record numbers a second row of the same number and values is a duplicate, with other values both
    are in conflict. Without, rows alike in time, step and all measurements are duplicates.
    """
    if not frame.height or _strictly_forward(frame):
        return frame, 0, []
    numbered = frame["record_index"].null_count() < frame.height
    key = ["record_index"] if numbered else [name for name in _SAME if name in frame.columns]
    if not frame.select(key).is_duplicated().any():
        return frame, 0, []
    same = list(dict.fromkeys([*key, *(name for name in _SAME if name in frame.columns)]))
    first = frame.select(pl.struct(same).is_first_distinct()).to_series()
    exact = int((~first).sum())
    kept = frame.filter(first)
    conflicting = kept.select(key).is_duplicated() & (kept[key[0]].is_not_null())
    if not numbered or not conflicting.any():
        return kept, exact, []
    bad = kept.filter(conflicting)
    faults = [
        Fault(line, "record_index", "CONFLICTING_DUPLICATE", str(record), raw(row))
        for line, record, row in bad.select("line", "record_index", "row").iter_rows()
    ]
    return kept.filter(~conflicting), exact, faults


def _strictly_forward(frame: pl.DataFrame) -> bool:
    """Whether both time and record numbers rise from row to row, so that nothing can stand twice."""
    rising = bool((np.diff(frame["test_time_s"].to_numpy()) > 0).all())
    record = frame["record_index"]
    return rising and (record.null_count() == frame.height or bool((record.diff().drop_nulls() > 0).all()))


def forward(frame: pl.DataFrame, raw) -> tuple[pl.DataFrame, list[Fault]]:
    """Rows whose time is below that of an earlier row are faults: OUT_OF_ORDER."""
    time = frame["test_time_s"].to_numpy()
    back = time < np.maximum.accumulate(time) if len(time) else np.zeros(0, bool)
    if not back.any():
        return frame, []
    faults = [
        Fault(line, "test_time_s", "OUT_OF_ORDER", f"{value:g}", raw(row))
        for line, value, row in frame.filter(back).select("line", "test_time_s", "row").iter_rows()
    ]
    return frame.filter(~back), faults
