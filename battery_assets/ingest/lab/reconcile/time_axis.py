"""The time axis held against the wall clock, and against what a test can be."""

from collections import Counter
from typing import cast

import numpy as np
import polars as pl

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.refusal import LabFileRefused

# No file of one test is longer (SOURCES 10); calendar ageing of ten years is written in many files.
LONGEST_TEST_YEARS = 10
_YEAR_S = 365.25 * 86_400
_PIECES = 400
_TOLERANCE = 0.05
_CLOCK_STEP_S = 2.0
_LONG_INTERVAL_S = 5.0
_UNITS = {
    1e-6: "microseconds",
    1e-3: "milliseconds",
    1.0: "seconds",
    60.0: "minutes",
    3600.0: "hours",
    86_400.0: "days",
}


def seconds(
    frame: pl.DataFrame, dialect: Dialect, contract: LabContract, scaled: bool, notes: Counter
) -> pl.DataFrame:
    """`test_time_s` in seconds. Raises LabFileRefused: TIME_SCALE.

    Where the dialect's heading names no unit (`scaled` is False) the wall clock decides between seconds,
    minutes and hours; everywhere else a contradiction refuses the file.
    """
    if dialect.time_restarts:
        frame = _unrolled(frame, notes)
    ratio, span_s = clock_ratio(frame)
    if ratio is not None:
        slack = _TOLERANCE + _CLOCK_STEP_S / max(span_s, 1e-9)
        if not scaled:
            unit = _nearest(ratio, slack)
            if unit in (1.0, 60.0, 3600.0):
                if unit != 1.0:
                    notes[f"the time has no unit: the wall clock says {_UNITS[unit]}"] += frame.height
                times = [name for name in ("test_time_s", "step_time_s") if name in frame.columns]
                return frame.with_columns(pl.col(times) * unit)
        if abs(ratio - 1) > slack:
            raise _contradicted(ratio, slack)
    elif not scaled:
        raise LabFileRefused(
            "TIME_SCALE",
            found="a time without a unit, and no wall clock that could tell it",
            expected="a unit in the heading, or a column with date and time",
            next_step="export again with the date and time of each point, "
            "or say it: --time-scale 60 where they are minutes",
        )
    else:
        notes["the time axis is unproven: no wall clock beside it"] += 1
    _refuse_endless(frame)
    return frame


def _unrolled(frame: pl.DataFrame, notes: Counter) -> pl.DataFrame:
    """Times that begin at 0 in each record laid end to end; the time between records is not in the file."""
    notes["each record's time begins at 0: records are laid end to end, pauses between them are unknown"] += 1
    time = frame["test_time_s"].to_numpy()
    step = np.where(record_begins(frame), 0.0, np.diff(time, prepend=time[0]))
    return frame.with_columns(pl.Series("test_time_s", np.cumsum(step) + time[0]))


def record_begins(frame: pl.DataFrame) -> np.ndarray:
    """Rows (n,) that begin another record than the row before; what flowed between nobody knows."""
    key = "step_index" if frame["step_index"].null_count() == 0 else "cycle_count"
    record = frame[key].to_numpy()
    return np.diff(record, prepend=record[:1]) != 0


def _clock_seconds(frame: pl.DataFrame, first: str = "ts") -> np.ndarray | None:
    for name in (first, "wall_clock", "ts"):
        if name in frame.columns and frame[name].null_count() < frame.height:
            micros = frame[name].dt.epoch("us")
            return micros.cast(pl.Float64).fill_null(float("nan")).to_numpy() / 1e6
    return None


def clock_ratio(frame: pl.DataFrame) -> tuple[float | None, float]:
    """Seconds of wall clock per unit of test time: the median over pieces of the test, so that pauses and
    changes of summer time do not count; and the seconds of clock in such a piece.

    Where most pieces hold a pause, single intervals between points give a second opinion.
    """
    clock = _clock_seconds(frame)
    if clock is None:
        return None, 0.0
    finite, time = ~np.isnan(clock), frame["test_time_s"].to_numpy()
    if not finite.all():
        clock, time = clock[finite], time[finite]
    if len(clock) < 2 or (clock[-1] == clock[0] and time[-1] == time[0]):
        return None, 0.0
    pieces = min(_PIECES, max(1, len(clock) - 1), max(1, int(abs(clock[-1] - clock[0]) / 60)))
    ends = np.unique(np.linspace(0, len(clock) - 1, pieces + 1).astype(int))
    whole = _median_ratio(clock[ends], time[ends])
    single = _median_ratio(clock, time)
    if whole[0] is not None and single[0] is not None and single[1] >= _LONG_INTERVAL_S:
        return min(whole, single, key=lambda ratio: abs(np.log(max(ratio[0] or 0.0, 1e-9))))
    return whole


def _median_ratio(clock: np.ndarray, time: np.ndarray) -> tuple[float | None, float]:
    ran, passed = np.diff(time), np.diff(clock)
    moving = ran > 0
    if not moving.any():
        return None, 0.0
    if not moving.all():
        ran, passed = ran[moving], passed[moving]
    return float(np.median(passed / ran)), float(np.median(passed))


def _nearest(ratio: float, slack: float) -> float | None:
    return next((unit for unit in _UNITS if abs(ratio / unit - 1) <= slack), None)


def _contradicted(ratio: float, slack: float) -> LabFileRefused:
    unit = _nearest(ratio, slack)
    guess = f"; the numbers are {_UNITS[unit]}" if unit else ""
    return LabFileRefused(
        "TIME_SCALE",
        found=f"{ratio:g} s of wall clock for each second of test time{guess}",
        expected="1",
        next_step="correct the unit in the heading"
        + (f", or say it: --time-scale {unit:g}" if unit else " or the clock's column, and read again"),
    )


def _refuse_endless(frame: pl.DataFrame) -> None:
    first, last = (cast(float | None, at) for at in (frame["test_time_s"].min(), frame["test_time_s"].max()))
    span = 0.0 if first is None or last is None else last - first
    years = span / _YEAR_S
    if years > LONGEST_TEST_YEARS:
        usual = float(np.median(np.diff(frame["test_time_s"].to_numpy())))
        raise LabFileRefused(
            "TIME_SCALE",
            found=f"a test of {years:.1f} years, usually {usual:,.0f} s between points",
            expected=f"at most {LONGEST_TEST_YEARS} years in a file",
            next_step="the time is no seconds: read as milliseconds it lasts "
            f"{span / 1e3 / 86_400:.2f} days, "
            f"as seconds multiplied by 3600 {span / 3.6e3 / 86_400:.2f} days; "
            f"export it anew, or say it: --time-scale 0.001 or {1 / 3600:.9f}",
        )


def note_clock(frame: pl.DataFrame, notes: Counter, *, instants: bool = False) -> None:
    """Tell where the wall clock goes back (summer time ends) or runs on while the test stands still.

    `instants`: the file itself holds instants, which no change of summer time moves.
    """
    clock = _clock_seconds(frame, "ts" if instants else "wall_clock")
    if clock is None or len(clock) < 2:
        return
    passed, ran = np.diff(clock), np.diff(frame["test_time_s"].to_numpy())
    back = np.flatnonzero(passed < -_CLOCK_STEP_S)
    if len(back):
        line = int(frame["line"][int(back[0]) + 1])
        notes[
            f"the wall clock goes back by {-passed[back[0]]:.0f} s at line {line}; the test time is kept"
        ] += len(back)
    ahead = np.flatnonzero(passed - ran > 60)
    if len(ahead):
        most = float((passed - ran)[ahead].max())
        notes[f"the test stood still while the wall clock ran on, at most by {most:,.0f} s"] += len(ahead)
