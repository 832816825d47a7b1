"""How a day of rows lies in a file of the lake, and how the Delta log speaks of that file."""

import hashlib
import io
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from deltalake.transaction import AddAction

from battery_assets.platform.casting import cast_columns
from battery_assets.platform.partitions import Part
from battery_assets.platform.profile import Profile
from battery_assets.tables.projections import sort_columns, stored_schema

ROWS_TOGETHER = 1 << 18


@dataclass(frozen=True)
class LakeFile:
    """One immutable file: `path` is relative to the table."""

    path: str
    day: date
    rows: int
    bytes: int
    sha256: str
    profile: Profile


class Dated(Protocol):
    """What of a file decides its place among the others: a LakeFile, or its row in the books."""

    @property
    def day(self) -> date: ...

    @property
    def sha256(self) -> str: ...


def in_turn(files: Iterable[Any]) -> list[Any]:
    """Files by day; the name of a file is random, so it decides nothing."""
    return sorted(files, key=lambda file: (file.day, file.sha256))


def sha256_of(files: Iterable[Dated]) -> str:
    """Checksum of a partition: that of the checksums of its files."""
    return hashlib.sha256("".join(file.sha256 for file in in_turn(files)).encode()).hexdigest()


def as_stored(rows: pl.DataFrame, table: sa.Table) -> pl.DataFrame:
    """Rows in the lake's types and order. Decimals are rounded.

    Raises ValueError that names the column where a value does not fit.
    """
    casts = {name: _cast(rows.schema[name], name, kind) for name, kind in stored_schema(table).items()}
    return _in_order(cast_columns(rows, table, casts), table)


def _cast(given: pl.DataType, name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if given in (pl.Enum, pl.Categorical) and kind == pl.String:
        return column
    if isinstance(kind, pl.Decimal) and not isinstance(given, pl.Decimal):
        column = column.round(kind.scale)
    return column.cast(kind)


def _in_order(rows: pl.DataFrame, table: sa.Table) -> pl.DataFrame:
    unit, instant = sort_columns(table)
    if rows.height < 2:
        return rows
    same = rows[unit].to_physical() if rows[unit].dtype != pl.String else rows[unit]
    later = (same[1:] == same[:-1]) & (rows[instant][1:] < rows[instant][:-1])
    first = same != same.shift(1)
    if later.any() or first.sum() + 1 > same.n_unique():
        return rows.sort(pl.col(unit).cast(pl.String), instant)
    return rows


def write_compact(ready: pl.DataFrame, instant: str, buffer: io.BytesIO) -> None:
    """Parquet whose instants are stored as differences: clocks of many units cost bits a row, not bytes."""
    arrow = ready.to_arrow()
    pq.write_table(
        arrow, buffer, compression="zstd", compression_level=1, store_decimal_as_integer=True,
        use_dictionary=[name for name in arrow.column_names if name != instant],
        column_encoding={instant: "DELTA_BINARY_PACKED"}, row_group_size=ROWS_TOGETHER,
    )  # fmt: skip


def add_action(file: LakeFile, part: Part) -> AddAction:
    """What the Delta log says of a file."""
    bounds = file.profile["columns"].get("ts", {})
    stats: dict[str, Any] = {"numRecords": file.rows}
    if bounds.get("min"):
        stats["minValues"] = {"ts": bounds["min"]}
        stats["maxValues"] = {"ts": bounds["max"]}
    return AddAction(
        file.path,
        file.bytes,
        {"site": part.site, "month": part.month},
        int(time.time() * 1000),
        True,
        json.dumps(stats),
    )


def arrow_schema(table: sa.Table) -> pa.Schema:
    """The schema that the Delta log declares."""
    kinds = {pl.String: pa.string(), pl.Boolean: pa.bool_(), pl.Int32: pa.int32()}
    fields = []
    for name, kind in stored_schema(table).items():
        if isinstance(kind, pl.Decimal):
            arrow = pa.decimal128(kind.precision, kind.scale)
        elif isinstance(kind, pl.Datetime):
            arrow = pa.timestamp("us", "UTC")
        else:
            arrow = kinds[kind]
        fields.append(pa.field(name, arrow))
    return pa.schema([*fields, pa.field("site", pa.string()), pa.field("month", pa.string())])
