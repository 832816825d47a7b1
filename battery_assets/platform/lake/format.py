"""How a day of rows lies in a file of the lake, and how the Delta log speaks of that file."""

import base64
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
from deltalake.transaction import AddAction, RemoveAction

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.codes import coded_columns, with_texts
from battery_assets.platform.warehouse.casting import cast_columns, name_column
from battery_assets.platform.warehouse.decimals import as_decimals, counted, decimals
from battery_assets.platform.warehouse.profile import Profile
from battery_assets.tables.projections import sort_columns, stored_schema


@dataclass(frozen=True)
class LakeFile:
    """One immutable file: `path` is relative to the table, `e_tag` what a bucket called its content."""

    path: str
    day: date
    rows: int
    bytes: int
    sha256: str
    profile: Profile
    e_tag: str | None = None


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
    """Rows in the lake's order and types; decimals are rounded and counted in their last digit.

    Raises ValueError that names the column where a value does not fit.
    """
    wholes = []
    for name, kind in decimals(table).items():
        with name_column(table, name):
            wholes.append(counted(rows[name], kind))
    casts = {name: _cast(rows.schema[name], name, kind) for name, kind in stored_schema(table).items()}
    return _in_order(cast_columns(rows.with_columns(wholes), table, casts), table)


def parquet_bytes(ready: pl.DataFrame, table: sa.Table) -> memoryview:
    """Rows in stored form as a Parquet file: equal rows give equal bytes.

    Numbers and instants lie as differences to the row before, which is what samples of one unit compress by;
    every page has a checksum, so that a reader who asks for it sees a flipped bit.
    """
    units = [name for name, kind in ready.schema.items() if kind in (pl.Enum, pl.Categorical, pl.String)]
    differences = [name for name, kind in ready.schema.items() if kind.is_numeric() or kind.is_temporal()]
    coded = ready.with_columns(_dictionary(ready[name]) for name in units)
    content, as_stored = as_decimals(coded.to_arrow(), table)
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        content.schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=units,
        column_encoding=dict.fromkeys(differences, "DELTA_BINARY_PACKED"),
        store_decimal_as_integer=True,
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        writer.write_table(content)
        # Every reader is told of types that all of them know: decimals of 128 bits, texts without a list.
        schema = base64.b64encode(with_texts(as_stored, units).serialize())
        writer.add_key_value_metadata({"ARROW:schema": schema, **coded_columns(coded)})
    return buffer.getbuffer()


def _dictionary(units: pl.Series) -> pl.Series:
    """A coded column with the names that it uses, in the order of text; texts stay as they are."""
    if units.dtype not in (pl.Enum, pl.Categorical):
        return units
    if units.dtype == pl.Categorical:
        return units.cast(pl.Enum(units.unique().cast(pl.String).sort()))
    names = units.dtype.categories.to_list()  # type: ignore[attr-defined]
    used = units.to_physical().unique().drop_nulls().to_list()
    wanted = sorted(names[code] for code in used)
    if wanted == names:
        return units
    place = {name: code for code, name in enumerate(wanted)}
    rank = pl.Series(units.name, [place.get(name) for name in names], pl.UInt32)
    # A column may hold nothing at all: gathering keeps what is missing, where numpy has no index for it.
    return rank.gather(units.to_physical()).cat.to(pl.Enum(wanted))


def _cast(dtype: pl.DataType, name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Decimal) or (dtype in (pl.Enum, pl.Categorical) and kind == pl.String):
        return column
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


def add_action(file: LakeFile, part: Part) -> AddAction:
    """What the Delta log says of a file: rows, and the bounds of its instants and units.

    Every reader passes over a file whose site, month, instants or units are not those that it looks for.
    """
    # Bounds that are texts are those of instants and of units; numbers are no reason to pass a day over.
    bounds = {
        name: facts for name, facts in file.profile["columns"].items() if isinstance(facts.get("min"), str)
    }
    stats: dict[str, Any] = {"numRecords": file.rows}
    if bounds:
        stats["minValues"] = {name: facts["min"] for name, facts in bounds.items()}
        stats["maxValues"] = {name: facts["max"] for name, facts in bounds.items()}
    return AddAction(
        file.path,
        file.bytes,
        {"site": part.site, "month": part.month},
        int(time.time() * 1000),
        True,
        json.dumps(stats),
    )


def remove_action(path: str, size: int, part: Part) -> RemoveAction:
    """How the Delta log says that a file is no longer part of the table."""
    return RemoveAction(path, True, int(time.time() * 1000), size, {"site": part.site, "month": part.month})


def arrow_schema(table: sa.Table) -> pa.Schema:
    """The schema that the Delta log declares."""
    kinds: dict[pl.DataType | type[pl.DataType], pa.DataType] = {
        pl.String: pa.string(),
        pl.Boolean: pa.bool_(),
        pl.Int32: pa.int32(),
    }
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
