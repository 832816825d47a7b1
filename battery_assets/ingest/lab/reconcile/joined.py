"""The files of one test as one continuous life: seams, overlaps, restarted counters, files given twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from battery_assets.ingest.files.accounts import BooksDoNotBalance
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA, Fault, quarantine_frame
from battery_assets.ingest.lab.dialects.vocabulary import POINTS_SCHEMA
from battery_assets.ingest.lab.reading import Reading, Source
from battery_assets.ingest.lab.reconcile.integrals import Moved, moved
from battery_assets.ingest.lab.reconcile.seams import (
    LEAST_PAUSE_S,
    at_once,
    clock_at,
    flows_at_end,
    measured_again,
    paused_s,
    seamed,
    stood_still,
)
from battery_assets.ingest.lab.refusal import LabFileRefused

LIFE_SCHEMA = {"file_number": pl.Int64, **POINTS_SCHEMA}
_COUNTERS = ("charge_ah", "discharge_ah", "charge_wh", "discharge_wh")
_MEASURED = ("test_time_s", "voltage_v", "current_a")


@dataclass(frozen=True)
class Life:
    """points: LIFE_SCHEMA; `file_number` counts `sources` from 1.

    Test time, cycle numbers, step occurrences and counters run on from file to file. The time between two
    tests is not test time.
    """

    points: pl.DataFrame
    sources: tuple[Source, ...]
    quarantine: pl.DataFrame
    findings: tuple[str, ...]
    rows_read: int
    rows_exact_duplicate: int

    def __post_init__(self) -> None:
        rows = self.points.height + int(self.quarantine["rows"].sum()) + self.rows_exact_duplicate
        if rows != self.rows_read:
            raise BooksDoNotBalance(f"{self.rows_read} rows were read and {rows} are accounted for")

    def moved(self) -> tuple[Moved, Moved]:
        """(charge in, charge out) by our integration of current and time."""
        return moved(self.points)


def joined(readings: Sequence[Reading], *, one_cell: bool = False) -> Life:
    """Merge the readings of one test. `one_cell` says that they are of one cell whatever they call it.

    Files are ordered by their clock. A file whose time begins anew after the end of the one before is put
    behind it; one that reaches back into it overlaps: equal points are duplicates, unequal ones at the same
    time are in conflict and go to quarantine, both of them.
    Raises LabFileRefused: IDENTITY, NO_POINTS.
    """
    _one_cell(readings, one_cell)
    notes: Counter = Counter()
    kept, duplicates = _distinct(_ordered(readings, notes), notes)
    parts: list[pl.DataFrame] = []
    faults: list[pl.DataFrame] = [one.quarantine for one in kept]
    for number, one in enumerate(kept, start=1):
        points = one.points.with_columns(pl.lit(number, pl.Int64).alias("file_number")).select(
            list(LIFE_SCHEMA)
        )
        if parts:
            points, again, conflicts = _attached(parts, points, one, notes)
            duplicates += again
            faults.append(conflicts)
        parts.append(points)
    points = pl.concat(parts)
    return Life(
        # What flowed to and from a row in conflict is told by its neighbours.
        points=measured_again(points) if any(one.height for one in faults[len(kept) :]) else points,
        sources=tuple(one.source for one in kept),
        quarantine=pl.concat([pl.DataFrame(schema=QUARANTINE_SCHEMA), *faults]),
        findings=tuple(note if times == 1 else f"{note} ({times:,} times)" for note, times in notes.items()),
        rows_read=sum(one.rows_read for one in readings),
        rows_exact_duplicate=duplicates + sum(one.rows_exact_duplicate for one in kept),
    )


def _one_cell(readings: Sequence[Reading], one_cell: bool) -> None:
    if not readings or any(not one.points.height for one in readings):
        raise LabFileRefused(
            "NO_POINTS",
            found="no reading, or one without points in time",
            expected="readings with points",
            next_step="leave out Q(V) tables and refused files",
        )
    for what in ("barcode", "cell"):
        named = {
            getattr(one.declared, what): one.source.file for one in readings if getattr(one.declared, what)
        }
        if len(named) > 1 and not one_cell:
            words = ", ".join(f"{value!r} ({file})" for value, file in named.items())
            raise LabFileRefused(
                "IDENTITY",
                found=f"several values of {what}: {words}",
                expected="files of one cell",
                next_step="join the files of each cell apart, or say that they are of one cell",
            )


def _begins(one: Reading) -> datetime | None:
    first = one.points["ts"][0] or one.points["wall_clock"][0]
    return first.replace(tzinfo=None) if first else one.declared.started_at


def _ordered(readings: Sequence[Reading], notes: Counter) -> list[Reading]:
    starts = [_begins(one) for one in readings]
    if all(start is not None for start in starts):
        return [
            readings[place] for place in sorted(range(len(starts)), key=lambda place: (starts[place], place))
        ]
    if len(readings) > 1:
        notes["files without a clock: they stand in the order they were given"] += 1
    return list(readings)


def _distinct(readings: Sequence[Reading], notes: Counter) -> tuple[list[Reading], int]:
    """Files that hold the same measurements are read once, whatever their bytes."""
    kept: dict[str, Reading] = {}
    duplicates = 0
    for one in readings:
        first = kept.setdefault(one.source.content_sha256, one)
        if first is not one:
            duplicates += one.rows_read
            other = "the same bytes" if first.source.sha256 == one.source.sha256 else "other bytes"
            notes[f"{one.source.file} holds the measurements of {first.source.file} in {other}"] += 1
    return list(kept.values()), duplicates


def _attached(
    parts: list[pl.DataFrame], points: pl.DataFrame, one: Reading, notes: Counter
) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """The points that follow the parts before, in their time and counters; duplicates; conflicts.

    `parts` lose the points that are in conflict.
    """
    none = pl.DataFrame(schema=QUARANTINE_SCHEMA)
    end_s = float(parts[-1]["test_time_s"][-1])
    if float(points["test_time_s"][0]) > end_s:
        pause_s, ran_s = _pause_s(parts[-1], points), float(points["test_time_s"][0]) - end_s
        if pause_s is not None and pause_s - ran_s > LEAST_PAUSE_S:
            notes[
                f"{one.source.file}: it begins {pause_s:,.0f} s after the file before, by their clocks"
            ] += 1
        still = stood_still(parts[-1], points)
        after = _run_on(parts[-1], points, 0.0, restarted=False)
        return _seam(parts[-1], after, one, notes, interrupted=still, ran_on=True), 0, none
    if not _overlaps(parts, points):
        pause_s = _pause_s(parts[-1], points)
        later = "after a time that no clock tells" if pause_s is None else f"{pause_s:,.0f} s later"
        notes[f"{one.source.file}: its time begins anew; it follows the file before {later}"] += 1
        after, went_on = _run_on(parts[-1], points, end_s, restarted=True), at_once(parts[-1], points)
        return _seam(parts[-1], after, one, notes, interrupted=not went_on, ran_on=False), 0, none
    notes[f"{one.source.file} overlaps the file before"] += 1
    return _merged(parts, points, one)


def _seam(
    before: pl.DataFrame,
    points: pl.DataFrame,
    one: Reading,
    notes: Counter,
    *,
    interrupted: bool,
    ran_on: bool,
) -> pl.DataFrame:
    if interrupted and flows_at_end(before):
        notes[f"{one.source.file}: the file before ends while a current flows; what followed is open"] += 1
    return seamed(before, points, interrupted, ran_on)


def _overlaps(parts: list[pl.DataFrame], points: pl.DataFrame) -> bool:
    """By the clocks; without them, whether the file begins with a point that is already there."""
    begin, end = clock_at(points, 0), clock_at(parts[-1], -1)
    if begin is not None and end is not None:
        return begin < end
    head = points.head(1).select(_MEASURED)
    return any(not part.join(head, on=list(_MEASURED), how="semi").is_empty() for part in parts)


def _pause_s(before: pl.DataFrame, points: pl.DataFrame) -> float | None:
    """Seconds between two files by their clocks; None where one of them has none."""
    return paused_s(clock_at(before, -1), clock_at(points, 0))


def _merged(
    parts: list[pl.DataFrame], points: pl.DataFrame, one: Reading
) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    end_s = float(parts[-1]["test_time_s"][-1])
    inside = points.filter(pl.col("test_time_s") <= end_s)
    after = points.filter(pl.col("test_time_s") > end_s)
    measured = pl.concat(parts).select(_MEASURED)
    again = inside.join(measured, on=list(_MEASURED), how="semi")
    other = inside.join(measured, on=list(_MEASURED), how="anti")
    faults = [_conflict(row, one.source.file) for row in other.iter_rows(named=True)]
    frames = [quarantine_frame(one.source.file, faults)] if faults else []
    for place, part in enumerate(parts):
        hit = part.join(other.select("test_time_s"), on="test_time_s", how="semi")
        if hit.height:
            frames.append(
                quarantine_frame(
                    f"file {place + 1} of the test", [_conflict(row, "") for row in hit.iter_rows(named=True)]
                )
            )
            parts[place] = part.join(other.select("test_time_s"), on="test_time_s", how="anti")
    conflicts = pl.concat([pl.DataFrame(schema=QUARANTINE_SCHEMA), *frames])
    if not after.height:
        return after, again.height, conflicts
    base = inside.tail(1) if inside.height else None
    return _run_on(parts[-1], after, 0.0, restarted=False, base=base), again.height, conflicts


def _conflict(row: dict, file: str) -> Fault:
    value = f"{row['voltage_v']:g} V, {row['current_a']:g} A at {row['test_time_s']:g} s"
    return Fault(row["line"], "test_time_s", "CONFLICTING_DUPLICATE", value, f"{file} {value}".strip())


def _run_on(
    before: pl.DataFrame,
    points: pl.DataFrame,
    shift_s: float,
    *,
    restarted: bool,
    base: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The points with time, cycles, steps and counters continued from the last row of `before`.

    base: the row of the same file up to which its counters were already counted.
    """
    last = before.tail(1)
    changed = [pl.col("test_time_s") + shift_s, _steps(last, points, restarted)]
    cycle, first = last["cycle_count"][0], points["cycle_count"][0]
    if restarted and cycle is not None and first is not None:
        changed.append(pl.col("cycle_count") + (cycle + 1 - first))
    for name in _COUNTERS:
        if last[name][0] is not None and points[name].null_count() < points.height:
            begun = base[name][0] if base is not None else 0.0
            changed.append(pl.col(name) + (last[name][0] - begun))
    return points.with_columns(changed)


def _steps(last: pl.DataFrame, points: pl.DataFrame, restarted: bool) -> pl.Expr:
    """A step that a seam cuts in two keeps its number."""
    same = last["step_index"][0] is not None and last["step_index"][0] == points["step_index"][0]
    new = 0 if same and not restarted else 1
    return pl.col("step_count") + (last["step_count"][0] + new - points["step_count"][0])
