"""A raw table of a known dialect becomes a reading, or is refused; the order of all checks stands here."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault, quarantine_frame
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.vocabulary import POINTS_SCHEMA
from battery_assets.ingest.lab.formats.content import Content
from battery_assets.ingest.lab.formats.raw_table import RawTable
from battery_assets.ingest.lab.reading import Declared, Reading, Source, content_digest
from battery_assets.ingest.lab.reconcile import (
    capacities,
    counts,
    current_sign,
    sensors,
    summaries,
    sweeps,
    time_axis,
)
from battery_assets.ingest.lab.reconcile.charge import estimated
from battery_assets.ingest.lab.reconcile.counters import cumulative, net_moved
from battery_assets.ingest.lab.reconcile.integrals import UNSEEN, Flow, flow_of
from battery_assets.ingest.lab.reconcile.local_time import in_utc
from battery_assets.ingest.lab.reconcile.values import values
from battery_assets.ingest.lab.refusal import LabFileRefused

BY_RULE, NO_SENSOR = "IMPEDANCE_ROW", "NO_SENSOR"
_MANY_ROWS, _MANY_SHARE, _MOST_SHARE = 1_000, 0.001, 0.5
_SHOWN = 5
_SPIKE_V = 0.5


def reading(
    file: Content, table: RawTable, dialect: Dialect, declared: Declared, contract: LabContract
) -> Reading:
    """Raises LabFileRefused: what reconciliation finds, BAD_ROWS, TRUNCATED, TOO_MANY_BAD_ROWS, NO_ROWS."""
    try:
        return _reading(file, table, dialect, declared, contract)
    except LabFileRefused as refusal:
        refusal.rows_read = table.rows
        raise


def _reading(
    file: Content, table: RawTable, dialect: Dialect, declared: Declared, contract: LabContract
) -> Reading:
    columns = values(table, dialect, contract)
    summaries.refuse(table.headings, columns.frame)
    notes, faults = Counter(columns.notes), [*table.faults, *columns.faults]
    frame, aside = _set_aside(columns.frame, dialect, table.raw)
    frame, without = _without_sensor(frame, table.raw, notes)
    aside += without
    policy = contract.policy or dialect.policy
    _judge(faults, table.rows, policy)
    if not frame.height:
        raise _nothing_left(table, faults, aside)
    frame = counts.whole_numbers(frame)
    frame, duplicates, conflicts = counts.repeated(frame, table.raw)
    if contract.unordered:
        frame = frame.sort("test_time_s", maintain_order=True)
    frame = time_axis.seconds(frame, dialect, contract, columns.scaled, notes)
    frame, back = counts.forward(frame, table.raw)
    faults += [*conflicts, *back]
    _judge(faults, table.rows, policy)
    counts.refuse_falling(frame)
    frame, directions = _signed(frame, dialect, contract, table.raw, notes)
    faults += directions
    _judge(faults, table.rows, policy)
    frame = counts.own_step_times(counts.step_counts(frame), notes)
    breaks = time_axis.record_begins(frame) if dialect.time_restarts else None
    flow = flow_of(frame, breaks)
    points = _points(_charged(frame, flow, notes), contract, declared, notes)
    time_axis.note_clock(points, notes, instants="ts" in frame.columns)
    _prove(points, flow, net_moved(frame, flow), dialect, contract, columns.resolution_a, notes)
    return Reading(
        source=_source(file, dialect, points),
        declared=_begun(declared, points),
        points=points,
        quarantine=quarantine_frame(str(file.path), sorted([*faults, *aside], key=lambda fault: fault.line)),
        findings=tuple(
            _sentence(*item)
            for item in Counter({**dict.fromkeys([*file.notes, *table.notes], 1), **notes}).items()
        ),
        rows_read=table.rows,
        rows_exact_duplicate=duplicates,
    )


def _sentence(note: str, times: int) -> str:
    return f"{note} ({times:,} times)" if times > 1 else note


def _source(file: Content, dialect: Dialect, frame: pl.DataFrame) -> Source:
    return Source(
        str(file.path), file.sha256, file.size, dialect.name, dialect.version, content_digest(frame)
    )


def _begun(declared: Declared, points: pl.DataFrame) -> Declared:
    """The declared start, else the wall clock of the first point less the test time it shows."""
    if declared.started_at is not None or not points.height or points["wall_clock"][0] is None:
        return declared
    first = points["wall_clock"][0]
    return Declared(**{**declared.__dict__, "started_at": first})


def _set_aside(
    frame: pl.DataFrame, dialect: Dialect, raw: Callable[[int], str]
) -> tuple[pl.DataFrame, list[Fault]]:
    """Rows that are no points, by their kind or their frequency: quarantined by rule, under any policy."""
    rules = [("step_type", pl.col("step_type").is_in(dialect.set_aside))] if dialect.set_aside else []
    rules.append((sweeps.FREQUENCY, pl.col(sweeps.FREQUENCY) > 0))
    faults: list[Fault] = []
    for name, rule in rules:
        if name not in frame.columns:
            continue
        aside = frame.select(rule.fill_null(False)).to_series()
        faults += [
            Fault(line, name, BY_RULE, str(value), raw(row))
            for line, value, row in frame.filter(aside).select("line", name, "row").iter_rows()
        ]
        if name == sweeps.FREQUENCY:
            frame = frame.with_columns(aside.shift(1, fill_value=False).alias(UNSEEN))
        frame = frame.filter(~aside)
    return frame, faults


def _without_sensor(
    frame: pl.DataFrame, raw: Callable[[int], str], notes: Counter
) -> tuple[pl.DataFrame, list[Fault]]:
    """Rows whose voltage or current is the end of an input's range: quarantined by rule."""
    faults: list[Fault] = []
    for word in ("voltage_v", "current_a"):
        at_end = sensors.at_end_of_range(frame[word].to_numpy(), word)
        if not at_end.any():
            continue
        rows = frame.filter(at_end).select("line", word, "row").rows()
        faults += [Fault(line, word, NO_SENSOR, f"{value:g}", raw(row)) for line, value, row in rows]
        notes[f"{word} shows the end of an input's range, {rows[0][1]:g}: these rows are left out"] += len(
            rows
        )
        frame = frame.filter(~at_end)
    return frame, faults


def _judge(faults: Sequence[Fault], rows: int, policy: str) -> None:
    bad = len(faults)
    if not bad:
        return
    shown = "; ".join(
        f"line {fault.line}{f', {fault.column}' if fault.column else ''}: {fault.reason}"
        + (f" {fault.value!r}" if fault.value else "")
        for fault in faults[:_SHOWN]
    )
    more = f" and {bad - _SHOWN} more" if bad > _SHOWN else ""
    if policy == "strict":
        only_cut = all(fault.reason == "TRUNCATED_ROW" for fault in faults)
        raise LabFileRefused(
            "TRUNCATED" if only_cut else "BAD_ROWS",
            found=f"{bad} bad of {rows} rows ({shown}{more})",
            expected="every row whole",
            next_step=_way_out(faults),
            line=faults[0].line,
        )
    if (bad > _MANY_ROWS and bad > _MANY_SHARE * rows) or bad > _MOST_SHARE * rows:
        raise LabFileRefused(
            "TOO_MANY_BAD_ROWS",
            found=f"{bad} bad of {rows} rows ({shown}{more})",
            expected=f"at most {_MANY_ROWS} rows or {_MANY_SHARE:.1%}, and never half of them",
            next_step="mend the export; several tests in one file are exported one by one",
        )


def _way_out(faults: Sequence[Fault]) -> str:
    """What to do about the commonest kind of bad rows."""
    [(reason, _)] = Counter(fault.reason for fault in faults).most_common(1)
    if reason == "OUT_OF_ORDER":
        return (
            "if its rows stand in any order, read it with --unordered; if its time begins anew in each step, "
            "declare the column that counts from the start of the test: --column 'its heading=test_time_s:s'"
        )
    if reason == "UNKNOWN_STEP_TYPE":
        return "export with a signed current, or with words of the step type that say charge or discharge"
    return (
        "wait until the cycler has finished the file, or export it again; "
        "or read it with --policy tolerant, which leaves these rows in quarantine"
    )


def _nothing_left(table: RawTable, faults: Sequence[Fault], aside: Sequence[Fault]) -> LabFileRefused:
    return LabFileRefused(
        "NO_ROWS",
        found=f"{table.rows} rows, of which {len(faults)} are bad and {len(aside)} are no points",
        expected="measured points",
        next_step="export the test with its time series",
    )


def _signed(
    frame: pl.DataFrame, dialect: Dialect, contract: LabContract, raw: Callable[[int], str], notes: Counter
) -> tuple[pl.DataFrame, list[Fault]]:
    frame, unknown = current_sign.positive_charges(frame, dialect, contract, notes)
    if not unknown:
        return frame, []
    faults = current_sign.unknown_step_types(frame, unknown, raw)
    keep = np.ones(frame.height, bool)
    keep[unknown] = False
    return frame.filter(keep), faults


def _charged(frame: pl.DataFrame, flow: Flow, notes: Counter) -> pl.DataFrame:
    """The frame with its counters made cumulative, and the charge of each interval by all that tells it."""
    counted = cumulative(frame, flow, notes)
    moved_ah, open_ah = estimated(counted.frame, flow, counted.anew, notes)
    return counted.frame.with_columns(moved_ah=pl.Series(moved_ah), open_ah=pl.Series(open_ah))


def _points(frame: pl.DataFrame, contract: LabContract, declared: Declared, notes: Counter) -> pl.DataFrame:
    """The frame in the vocabulary."""
    if "wall_clock" in frame.columns and "ts" not in frame.columns:
        time_s = frame["test_time_s"].to_numpy()
        frame = frame.with_columns(in_utc(frame["wall_clock"], contract.timezone, time_s, notes))
        if contract.timezone is None:
            notes["the wall clock has no zone: ts is empty until the contract names one"] += 1
    elif "ts" not in frame.columns and (begun := _begin(declared, contract, notes)) is not None:
        notes["ts is the declared start plus the test time"] += 1
        since = (pl.col("test_time_s") * 1e6).round().cast(pl.Int64).cast(pl.Duration("us"))
        frame = frame.with_columns((pl.lit(begun, pl.Datetime("us", "UTC")) + since).alias("ts"))
    absent = [
        pl.lit(None, kind).alias(word) for word, kind in POINTS_SCHEMA.items() if word not in frame.columns
    ]
    frame = frame.with_columns(absent)
    if frame["resistance_ohm"].null_count() < frame.height:
        frame = frame.with_columns(
            pl.when(pl.col("resistance_ohm") > 0).then(pl.col("resistance_ohm")).alias("resistance_ohm")
        )
    return frame.select(pl.col(word).cast(kind) for word, kind in POINTS_SCHEMA.items())


def _begin(declared: Declared, contract: LabContract, notes: Counter) -> datetime | None:
    """The instant of the declared start; None where no zone or offset is known."""
    start = declared.started_at
    if start is None or start.tzinfo:
        return start and start.astimezone(UTC)
    return in_utc(pl.Series("ts", [start], pl.Datetime("us")), contract.timezone, None, notes)[0]


def _tell_spikes(points: pl.DataFrame, notes: Counter) -> None:
    """A single voltage far from both its neighbours, which agree, is a reading gone wrong."""
    volts = points["voltage_v"].to_numpy()
    if len(volts) < 3:
        return
    before, after = np.diff(volts)[:-1], np.diff(volts)[1:]
    alone = (
        (np.abs(before) > _SPIKE_V) & (np.abs(after) > _SPIKE_V) & (np.abs(before + after) < 0.2 * _SPIKE_V)
    )
    if alone.any():
        line = int(points["line"][int(np.argmax(alone)) + 1])
        notes[
            f"single voltages stand more than {_SPIKE_V:g} V off both neighbours, first in line {line}"
        ] += int(alone.sum())


def _prove(
    points: pl.DataFrame,
    flow: Flow,
    net_ah: float | None,
    dialect: Dialect,
    contract: LabContract,
    resolution_a: float,
    notes: Counter,
) -> None:
    capacities.check(points, flow, contract.nominal_capacity_ah, net_ah, resolution_a, notes)
    current_sign.prove(points, dialect, contract, notes)
    _tell_spikes(points, notes)
    still = int((np.diff(points["test_time_s"].to_numpy()) == 0).sum())
    if still:
        notes["points share their time with the one before"] += still
