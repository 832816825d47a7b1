"""One resource with two verbs over both stores: `read` and `replace`."""

import contextlib
import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets.platform import registry
from battery_assets.platform.crash_points import crash_point
from battery_assets.platform.database import copy_out, explained, repeated, transaction
from battery_assets.platform.lake import Days, Lake, LakeError, read_day
from battery_assets.platform.lake_format import in_turn, sha256_of
from battery_assets.platform.metadata import replaced_metadata
from battery_assets.platform.partitions import Part
from battery_assets.platform.profile import merged
from battery_assets.platform.relations import ensure_leaf, orphans_removed
from battery_assets.platform.rows import by_day, fitting, put, within
from battery_assets.tables.projections import key_columns, polars_schema

_READS: ContextVar[set[str] | None] = ContextVar("reads", default=None)


@dataclass(frozen=True)
class Claimed(Part):
    """A partition that this run may replace, as long as nobody claims it later: a token for each table."""

    tokens: tuple[tuple[str, int], ...] = ()


@contextlib.contextmanager
def recorded_reads() -> Iterator[set[str]]:
    """The names of the tables that are read while the block runs."""
    reads: set[str] = set()
    mark = _READS.set(reads)
    try:
        yield reads
    finally:
        _READS.reset(mark)


class Warehouse(dg.ConfigurableResource):
    """PostgreSQL for what is relational, a Delta lake for what is fast: the caller does not care."""

    database_url: str
    lake_url: str

    @property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.lake_url)

    def transaction(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A PostgreSQL transaction."""
        return transaction(self.database_url)

    def claim(
        self, table: sa.Table, context: dg.AssetExecutionContext | Part, *, also: Iterable[sa.Table] = ()
    ) -> Claimed:
        """The partition to write, claimed before any work: a run that wakes up late is then refused.

        `also` names the tables that will be replaced together with it.
        """
        part, run_id = (
            (context, "outside a run")
            if isinstance(context, Part)
            else (Part.of(context), context.run.run_id)
        )
        with self.transaction() as connection:
            tokens = tuple(
                (one.name, registry.claim(connection, one, part, run_id)) for one in (table, *also)
            )
        crash_point("claimed")
        return Claimed(part.site, part.month, tokens)

    def read(
        self,
        table: sa.Table,
        part: Part | None = None,
        columns: Sequence[str] | None = None,
        *,
        where: sa.ColumnElement[bool] | None = None,
        verify: bool = False,
    ) -> pl.LazyFrame:
        """Rows of a partition, or of every partition; decimals arrive as floats.

        `where` narrows a PostgreSQL table; `verify` holds lake files against their checksums first.
        """
        self._note(table)
        names = list(columns or polars_schema(table))
        if table.info["store"] == "lake":
            return self._scan(table, part or Part(), names, verify)
        with self.transaction() as connection:
            return copy_out(connection, table, names, within(table, part, where)).lazy()

    def days_of(self, table: sa.Table, part: Part) -> list[date]:
        """The days that a lake partition has, in order."""
        self._note(table)
        return sorted({file.day for file in self._files(table, part)})

    def days(
        self,
        table: sa.Table,
        part: Part,
        columns: Sequence[str] | None = None,
        only: Collection[date] | None = None,
    ) -> Days:
        """A lake partition day by day, the next day being read while the caller works on this one.

        Units are dictionary-coded, decimals arrive as Float32. `only` names the days that are wanted.
        """
        self._note(table)
        names = list(columns or polars_schema(table))
        paths: dict[date, list[str]] = {}
        for file in self._files(table, part):
            if only is None or file.day in only:
                paths.setdefault(file.day, []).append(self._url(table, file.path))
        with ThreadPoolExecutor(1) as ahead:
            waiting = [ahead.submit(read_day, those, names) for those in list(paths.values())[:1]]
            for position, day in enumerate(paths):
                rows = waiting.pop().result()
                following = list(paths.values())[position + 1 : position + 2]
                waiting += [ahead.submit(read_day, those, names) for those in following]
                yield day, rows

    def replace(
        self,
        table: sa.Table,
        part: Part,
        rows: pl.DataFrame | Days,
        *,
        also: dict[sa.Table, pl.DataFrame] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dg.MaterializeResult:
        """Make these rows the partition's whole content, at once or not at all.

        `also` names further PostgreSQL tables whose same partition is replaced in the same transaction.
        Raises ValueError for rows that do not fit the table, SupersededError for a late writer.
        """
        started = time.monotonic()
        if table.info["store"] == "lake":
            profile, sha256 = self._replace_lake(table, part, rows)
        else:
            frame = rows if isinstance(rows, pl.DataFrame) else pl.concat([day for _, day in rows])
            profile, sha256 = repeated(lambda: self._replace_rows(table, part, frame, also or {}))
        crash_point("committed")
        return dg.MaterializeResult(
            metadata={
                **replaced_metadata(table, profile, sha256, time.monotonic() - started),
                **(metadata or {}),
            },
            data_version=dg.DataVersion(sha256),
        )

    def profile(self, table: sa.Table, part: Part) -> dict[str, Any] | None:
        """What the writer saw of a partition; None where nothing was committed.

        Of a lake partition it is that of the files the log names now: a writer that died after its commit to
        the lake has not entered it into the books.
        """
        with self.transaction() as connection:
            row = registry.committed(connection, table, part)
        if table.info["store"] == "lake":
            files = self._files(table, part)
            if files:
                return {**merged([file.profile for file in files]), "sha256": sha256_of(files)}
            return None if row is None else {"rows": 0, "columns": {}, "sha256": sha256_of([])}
        return None if row is None else {**row.profile, "sha256": row.sha256}

    def verify(self, table: sa.Table, part: Part) -> None:
        """Hold every file of a lake partition against its checksum. Raises LakeError."""
        for file in self._files(table, part):
            try:
                content = self.lake.read_bytes(table, file.path)
            except FileNotFoundError:
                content = b""
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise _damaged(table, part, file.path, "its checksum is not the one recorded")

    def keep_capture(self, part: Part, name: str, samples: pl.DataFrame) -> str:
        """Keep fast samples of a test or event as a file of the lake. Returns the URL to store in a row."""
        return self.lake.keep(f"captures/site={part.site}/month={part.month}/{name}.parquet", samples)

    def capture(self, url: str) -> pl.DataFrame:
        """The samples that a row's URL names."""
        return pl.read_parquet(url)

    def has_capture(self, url: str | None) -> bool:
        """Is the URL one of this lake's, and not just what somebody else's system wrote?"""
        return url is not None and url.startswith(f"{self.lake.url}/captures/")

    def _note(self, table: sa.Table) -> None:
        reads = _READS.get()
        if reads is not None:
            reads.add(table.name)

    def _url(self, table: sa.Table, path: str) -> str:
        return f"{self.lake.table_url(table)}/{path}"

    def _files(self, table: sa.Table, part: Part) -> list[sa.Row]:
        named = self.lake.paths(table, part)
        with self.transaction() as connection:
            known = registry.files_of(connection, table, part)
        strangers = [path for path in named if path not in known]
        if strangers:
            raise LakeError(
                f"{table.name} {part.key}: {strangers[0]} was not written by this platform. "
                "Materialize this partition again."
            )
        files = in_turn(known[path] for path in named)
        for file in files:
            if not self.lake.is_whole(table, file.path, file.bytes):
                raise _damaged(table, part, file.path, f"it should be there with {file.bytes} bytes")
        return files

    def _scan(self, table: sa.Table, part: Part, names: list[str], verify: bool) -> pl.LazyFrame:
        schema = polars_schema(table)
        if verify:
            self.verify(table, part)
        files = self._files(table, part)
        if not files:
            return pl.LazyFrame(schema={name: schema[name] for name in names})
        # File by file: each has its own dictionary of units, and polars scans together only equal ones.
        scans = [pl.scan_parquet(self._url(table, file.path), glob=False) for file in files]
        return pl.concat(scan.select(pl.col(name).cast(schema[name]) for name in names) for scan in scans)

    def _replace_lake(self, table: sa.Table, part: Part, rows: pl.DataFrame | Days) -> tuple[dict, str]:
        days = by_day(fitting(rows, table)) if isinstance(rows, pl.DataFrame) else rows
        files = in_turn(self.lake.write_days(table, part, days))
        crash_point("files_written")
        profile, sha256 = merged([file.profile for file in files]), sha256_of(files)
        token = _token(part, table)
        try:
            with self.transaction() as connection:
                registry.hold(connection, table, part, token)
                registry.enter_files(connection, table, part, files)
        except registry.SupersededError:
            self.lake.discard(table, files)
            raise
        with self.transaction() as connection:
            self.lake.commit(table, part, files, token, lambda: registry.hold(connection, table, part, token))
            crash_point("lake_committed")
            registry.record(connection, table, part, profile["rows"], sha256, profile)
        return profile, sha256

    def _replace_rows(
        self, table: sa.Table, part: Part, rows: pl.DataFrame, also: dict[sa.Table, pl.DataFrame]
    ) -> tuple[dict, str]:
        written = {}
        for target in (table, *also):
            ensure_leaf(self.database_url, target, part)
        with explained(f"{table.name} {part.key}"), self.transaction() as connection:
            for target, frame in {table: rows, **also}.items():
                registry.hold(connection, target, part, _token(part, target))
                ready = fitting(frame, target).sort(key_columns(target))
                written[target] = put(connection, target, part, ready)
                crash_point("rows_copied")
                # Before the next table is written: what that one points at has to be there.
                orphans_removed(connection, target, part)
            for target, (profile, sha256) in written.items():
                registry.record(connection, target, part, profile["rows"], sha256, profile)
        return written[table]


def _damaged(table: sa.Table, part: Part, path: str, why: str) -> LakeError:
    return LakeError(
        f"{table.name} {part.key}: file {path} is missing or damaged: {why}. "
        "Materialize this partition again."
    )


def _token(part: Part, table: sa.Table) -> int | None:
    return dict(part.tokens).get(table.name) if isinstance(part, Claimed) else None
