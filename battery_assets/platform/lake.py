"""The Delta lake: immutable files, one a day, and one atomic commit for a partition.

Files are written, hashed and brought to disk first; only then does the Delta log name them. A reader
follows the log, never a directory listing.
"""

import hashlib
import io
import json
import os
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import sqlalchemy as sa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction

from battery_assets.platform.partitions import Part
from battery_assets.platform.profile import Profile, profile_of
from battery_assets.tables.projections import sort_columns, stored_schema

_COMMIT_TRIES = 12


class LakeError(RuntimeError):
    """The lake does not hold what was promised; the message says what to do."""


@dataclass(frozen=True)
class LakeFile:
    """One immutable file: `path` is relative to the table."""

    path: str
    day: date
    rows: int
    bytes: int
    sha256: str
    profile: Profile


@dataclass(frozen=True)
class Lake:
    """The lake at a folder or an S3-compatible URL."""

    url: str

    def table_url(self, table: sa.Table) -> str:
        """Where the table lies."""
        return f"{self.url.rstrip('/')}/{table.name}"

    @property
    def local(self) -> bool:
        """Is it a folder of this machine?"""
        return "://" not in self.url

    def delta(self, table: sa.Table) -> DeltaTable | None:
        """The table's newest version, or None where nothing was ever written."""
        try:
            return DeltaTable(self.table_url(table))
        except TableNotFoundError:
            return None

    def created(self, table: sa.Table) -> DeltaTable:
        """The table, made if need be."""
        found = self.delta(table)
        if found is None:
            DeltaTable.create(
                self.table_url(table),
                _arrow_schema(table),
                mode="ignore",
                partition_by=["site", "month"],
                name=table.name,
                description=table.comment,
            )
            found = DeltaTable(self.table_url(table))
        return found

    def paths(self, table: sa.Table, part: Part) -> list[str]:
        """The files that the log names for a partition, relative to the table."""
        found = self.delta(table)
        if found is None:
            return []
        actions = pl.DataFrame(found.get_add_actions(flatten=True))
        mine = (pl.col("partition.site") == part.site) & (pl.col("partition.month") == part.month)
        return sorted(actions.filter(mine)["path"].to_list()) if actions.height else []

    def write(self, table: sa.Table, part: Part, day: date, rows: pl.DataFrame) -> LakeFile:
        """Write one day's rows, in stored order, to a file of its own. It is not part of the table yet."""
        ready = as_stored(rows, table)
        buffer = io.BytesIO()
        ready.write_parquet(buffer, compression="zstd", compression_level=1, statistics=True)
        content = buffer.getbuffer()
        path = f"site={part.site}/month={part.month}/{day.isoformat()}-{uuid.uuid4().hex}.parquet"
        self._store(f"{self.table_url(table)}/{path}", content)
        return LakeFile(
            path,
            day,
            rows.height,
            len(content),
            hashlib.sha256(content).hexdigest(),
            profile_of(ready, table),
        )

    def _store(self, target: str, content: memoryview) -> None:
        if not self.local:
            store, path = _remote(target)
            with store.open_output_stream(path) as out:
                out.write(content)
            return
        folder = Path(target).parent
        folder.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        _sync_folder(folder)

    def commit(self, table: sa.Table, part: Part, files: Iterable[LakeFile], token: int | None) -> int:
        """Make these files the partition's content, in one atomic log entry. Returns the Delta version."""
        actions = [_action(file, part) for file in files]
        for attempt in range(_COMMIT_TRIES):
            delta = self.created(table)
            try:
                delta.create_write_transaction(
                    actions,
                    mode="overwrite",
                    schema=delta.schema(),
                    partition_by=["site", "month"],
                    partition_filters=[("site", "=", part.site), ("month", "=", part.month)],
                    commit_properties=CommitProperties(custom_metadata={"token": str(token)}),
                )
            except CommitFailedError:
                # Another partition of the same table was committed meanwhile: look again and retry.
                if attempt == _COMMIT_TRIES - 1:
                    raise
                time.sleep(0.05 * (attempt + 1))
                continue
            return DeltaTable(self.table_url(table)).version()
        raise AssertionError("unreachable")

    def keep(self, path: str, rows: pl.DataFrame) -> str:
        """Write a file of its own beside the tables, whole or not at all. Returns its URL."""
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd")
        target = f"{self.url.rstrip('/')}/{path}"
        if not self.local:
            self._store(target, buffer.getbuffer())
            return target
        staged = f"{target}.{uuid.uuid4().hex}"
        self._store(staged, buffer.getbuffer())
        os.replace(staged, target)
        return target

    def read_bytes(self, table: sa.Table, path: str) -> bytes:
        """A file's content."""
        target = f"{self.table_url(table)}/{path}"
        if self.local:
            return Path(target).read_bytes()
        remote, inside = _remote(target)
        with remote.open_input_stream(inside) as source:
            return source.read()


def as_stored(rows: pl.DataFrame, table: sa.Table) -> pl.DataFrame:
    """Rows in the lake's types and order. Decimals are rounded; a value that does not fit is an error."""
    schema = stored_schema(table)
    casts = []
    for name, kind in schema.items():
        column = pl.col(name)
        if isinstance(kind, pl.Decimal) and not isinstance(rows.schema[name], pl.Decimal):
            column = column.round(kind.scale)
        if rows.schema[name] in (pl.Enum, pl.Categorical) and kind == pl.String:
            casts.append(column)
        else:
            casts.append(column.cast(kind))
    try:
        ready = rows.select(casts)
    except pl.exceptions.InvalidOperationError as error:
        raise ValueError(f"{table.name}: a value does not fit its column: {error}") from error
    return _in_order(ready, table)


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


def _action(file: LakeFile, part: Part) -> AddAction:
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


def _arrow_schema(table: sa.Table) -> pa.Schema:
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


@lru_cache(maxsize=1)
def _object_store() -> Any:
    """The S3-compatible store that the AWS_* variables name, as the other readers find it too."""
    from pyarrow import fs

    return fs.S3FileSystem()


def _remote(target: str) -> tuple[Any, str]:
    return _object_store(), target.split("://", 1)[1]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
