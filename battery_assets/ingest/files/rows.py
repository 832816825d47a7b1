"""A piece checked value by value: good rows typed as the table, bad rows with their first reason."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.far_instants import tellable
from battery_assets.ingest.files.piece import Piece, month_columns
from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.files.quantities.checked import Checked
from battery_assets.ingest.files.values import checked
from battery_assets.tables.projections import columns, polars_schema

LINE = "_line"
FIRST_TIME, LAST_TIME = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=1)
SIGNED = "current_a"


@dataclass(frozen=True)
class Rows:
    """good: the table's columns and LINE; faults: the bad rows; other_month: rows that belong elsewhere."""

    good: pl.DataFrame
    faults: list[Fault]
    other_month: int
    read: int
    notes: Counter
    kinds: dict[str, frozenset[str]]


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of a "YYYY-MM" month and of the one after it, in UTC. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise ValueError(f"{month!r} is no month; expected YYYY-MM")
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return first, (first + timedelta(days=32)).replace(day=1)


def checked_rows(
    piece: Piece, table: sa.Table, month: str | None, contract: SourceContract, now: datetime
) -> Rows:
    """Check every value of a piece. A row with several faults is reported with the first, in column order.

    A row whose instant is readable and lies in another month is counted there, good or bad.
    """
    reads: dict[str, Checked] = {}
    faults: list[tuple[str, str, np.ndarray]] = []
    notes = Counter(piece.notes)
    for column in columns(table):
        if column.name not in piece.frame.columns:
            continue
        read = checked(piece.frame[column.name], column, contract)
        if column.info["kind"] == "instant":
            read = _within_reach(read, required=not column.nullable, now=now)
        if column.name == SIGNED and contract.positive_current == "discharges":
            read = _turned(read)
        reads[column.name] = read
        notes.update(read.notes)
        faults += [(str(column.name), reason, mask.to_numpy()) for reason, mask in read.faults]
    elsewhere = _elsewhere(reads, table, month, piece.frame.height)
    bad, faults_found = _first_faults(piece, faults, elsewhere)
    return Rows(
        good=_typed(reads, table, piece, ~(bad | elsewhere)),
        faults=piece.faults + faults_found,
        other_month=int(elsewhere.sum()),
        read=piece.rows,
        notes=notes,
        kinds={name: read.kinds for name, read in reads.items() if read.kinds},
    )


def _within_reach(read: Checked, *, required: bool, now: datetime) -> Checked:
    """Times from 2000 to 2100; one that tells of what happened is not in the future, a plan may be."""
    latest = min(LAST_TIME, now + _AHEAD) if required else LAST_TIME
    # As microseconds: a Python datetime cannot hold the year 55969 that mistaken units give.
    microseconds = read.values.to_physical()
    smallest, largest = cast(int | None, microseconds.min()), cast(int | None, microseconds.max())
    if (
        smallest is None
        or largest is None
        or (smallest >= _microseconds(FIRST_TIME) and largest <= _microseconds(latest))
    ):
        return read
    far = ((read.values < FIRST_TIME) | (read.values > latest)).fill_null(False)
    return Checked(read.values.set(far, None), [*read.faults, ("TIME_RANGE", far)], read.notes, read.kinds)


def _turned(read: Checked) -> Checked:
    """Currents of a source that counts discharge as positive, as the tables have them."""
    note = f"{SIGNED}: sign turned, since positive discharges in this source"
    turned = read.values.len() - read.values.null_count()
    return Checked(-read.values, read.faults, read.notes + Counter({note: turned}), read.kinds)


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _elsewhere(reads: dict[str, Checked], table: sa.Table, month: str | None, height: int) -> np.ndarray:
    names = [name for name in month_columns(table) if name in reads]
    if month is None or not names:
        return np.zeros(height, bool)
    instants = reads[names[0]].values
    for name in names[1:]:
        instants = instants.fill_null(reads[name].values)
    start, end = month_bounds(month)
    return ((instants < start) | (instants >= end)).fill_null(False).to_numpy()


def _first_faults(
    piece: Piece, faults: list[tuple[str, str, np.ndarray]], elsewhere: np.ndarray
) -> tuple[np.ndarray, list[Fault]]:
    bad = np.zeros(piece.frame.height, bool)
    faults_found = []
    for name, reason, mask in faults:
        values = tellable(piece.frame[name])
        for index in np.flatnonzero(mask & ~bad & ~elsewhere):
            value = values[int(index)]
            text = None if value is None else str(value)
            faults_found.append(Fault(int(piece.lines[index]), name, reason, text, piece.raw(int(index))))
        bad |= mask
    return bad, sorted(faults_found, key=lambda fault: fault.line)


def _typed(reads: dict[str, Checked], table: sa.Table, piece: Piece, keep: np.ndarray) -> pl.DataFrame:
    height = piece.frame.height
    columns_ = [
        reads[name].values.alias(name).cast(dtype)
        if name in reads
        else pl.repeat(None, height, dtype=dtype, eager=True).alias(name)
        for name, dtype in polars_schema(table).items()
    ]
    frame = pl.DataFrame([*columns_, pl.Series(LINE, piece.lines, dtype=pl.Int64)])
    return frame if keep.all() else frame.filter(pl.Series(keep))
