"""The unit in which foreign files are read: some rows of one file, each with its line."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.files.problems import Fault

# The plan's date stays when an event is carried out later, and its month is that of the work.
_MONTH_COLUMNS = {"maintenance_event": ("scheduled_date", "created_at")}
_MASTER_PHASE = 1


@dataclass(frozen=True)
class Piece:
    """Some rows of a file, not yet checked value by value.

    frame   the table's columns that the file has: texts from CSV, typed columns from Parquet
    lines   line of each row of `frame`, 1-based (for Parquet: the row's number)
    faults  rows that never became part of `frame`
    rows    data rows met: those of `frame` and those in `faults`
    raw     the text of row i of `frame`, as it came
    notes   things worth telling, with how many values each concerns
    """

    frame: pl.DataFrame
    lines: np.ndarray
    faults: list[Fault]
    rows: int
    raw: Callable[[int], str]
    notes: Counter = field(default_factory=Counter)


def month_columns(table: sa.Table) -> tuple[str, ...]:
    """The instants that decide a row's month, the first that has a value; empty for master tables."""
    if table.name in _MONTH_COLUMNS:
        return _MONTH_COLUMNS[table.name]
    if table.info.get("phase") == _MASTER_PHASE:
        return ()
    instants = [column for column in table.columns if column.info["kind"] == "instant"]
    deciding = [c for c in instants if c.primary_key] or [c for c in instants if not c.nullable]
    return (deciding[0].name,) if deciding else ()


def newest_column(table: sa.Table) -> str | None:
    """The column that says which of two versions of a row is the later one, where the table has it."""
    return "updated_at" if "updated_at" in table.columns else None
