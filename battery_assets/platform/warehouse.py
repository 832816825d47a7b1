"""One resource with two verbs over both stores: `read` and `replace`."""

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets.platform import registry
from battery_assets.platform.crash_points import crash_point
from battery_assets.platform.database import copy_out, repeated, transaction
from battery_assets.platform.due import DayEntry, Due, fingerprints_of, what_stays
from battery_assets.platform.lake import Lake
from battery_assets.platform.lake_format import in_turn, sha256_of
from battery_assets.platform.lake_reads import Days, LakeError, read_days
from battery_assets.platform.metadata import replaced_metadata
from battery_assets.platform.partitions import Part
from battery_assets.platform.profile import merged
from battery_assets.platform.replacing import Claimed, replace_lake, replace_rows
from battery_assets.platform.rows import by_day, fitting, rows_there, within
from battery_assets.tables.projections import polars_schema

# A run with this tag makes every day again.
FROM_SCRATCH = "battery_assets/from_scratch"
_READS: ContextVar[set[str] | None] = ContextVar("reads", default=None)


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

        `also` names the tables that will be replaced together with it. A run with the tag FROM_SCRATCH keeps
        no day of what was there.
        """
        part, run_id, tags = (
            (context, "outside a run", {})
            if isinstance(context, Part)
            else (Part.of(context), context.run.run_id, context.run.tags)
        )
        with self.transaction() as connection:
            tokens = tuple(
                (one.name, registry.claim(connection, one, part, run_id)) for one in (table, *also)
            )
        crash_point("claimed")
        return Claimed(part.site, part.month, tokens, from_scratch=FROM_SCRATCH in tags)

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
        return sorted({file.day for file in self.files(table, part)})

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
        files = [file for file in self.files(table, part) if only is None or file.day in only]
        return self.days_in(table, files, columns)

    def days_in(self, table: sa.Table, files: Iterable[sa.Row], columns: Sequence[str] | None = None) -> Days:
        """The days that lie in these files of a lake table, as `days` gives them."""
        paths: dict[date, list[str]] = {}
        for file in files:
            paths.setdefault(file.day, []).append(self._url(table, file.path))
        yield from read_days(paths, list(columns or polars_schema(table)))

    def due(self, table: sa.Table, part: Part, given: Mapping[date, str], *, chained: bool = False) -> Due:
        """Which days of a partition have to be made, where `given` says what each day is made from.

        What the code is and, of chained days, what the day before was, is added to that. A day whose file is
        damaged has to be made; so have all where the partition is stale or the run says so.
        """
        fingerprints = fingerprints_of(table.name, given, chained)
        with self.transaction() as connection:
            row = registry.committed(connection, table, part)
            entries = registry.day_entries(connection, table, part)
            known = self._there(connection, table, part, entries)
        if row is None or row.state != "current" or (isinstance(part, Claimed) and part.from_scratch):
            known = set()
        return Due(fingerprints, what_stays(fingerprints, entries, known, chained))

    def replace(
        self,
        table: sa.Table,
        part: Part,
        rows: pl.DataFrame | Days,
        *,
        also: dict[sa.Table, pl.DataFrame] | None = None,
        metadata: dict[str, Any] | None = None,
        due: Due | None = None,
    ) -> dg.MaterializeResult:
        """Make these rows the partition's whole content, at once or not at all.

        `also` names further PostgreSQL tables whose same partition is replaced in the same transaction. With
        `due`, a table that is kept day by day is given the days that were due, the others stay; of any other
        table the whole content, and what its days handed on is kept for the next time.
        Raises ValueError for rows that do not fit the table, SupersededError for a late writer.
        """
        started = time.monotonic()
        if table.info["store"] == "lake":
            days = by_day(fitting(rows, table)) if isinstance(rows, pl.DataFrame) else rows
            profile, sha256 = replace_lake(self.database_url, self.lake, table, part, days, due)
        else:
            content = rows if isinstance(rows, pl.DataFrame) else dict(rows)
            profile, sha256 = repeated(
                lambda: replace_rows(self.database_url, table, part, content, also or {}, due)
            )
        crash_point("committed")
        shown = replaced_metadata(table, profile, sha256, time.monotonic() - started)
        made = {} if due is None else {"days made": len(due.days), "days kept": len(due.kept)}
        return dg.MaterializeResult(
            metadata={**shown, **made, **(metadata or {})}, data_version=dg.DataVersion(sha256)
        )

    def profile(self, table: sa.Table, part: Part) -> dict[str, Any] | None:
        """What the writer saw of a partition; None where nothing was committed.

        Of a lake partition it is that of the files the log names now: a writer that died after its commit to
        the lake has not entered it into the books.
        """
        with self.transaction() as connection:
            row = registry.committed(connection, table, part)
        if table.info["store"] == "lake":
            files = self.files(table, part)
            if files:
                return {**merged([file.profile for file in files]), "sha256": sha256_of(files)}
            return None if row is None else {"rows": 0, "columns": {}, "sha256": sha256_of([])}
        return None if row is None else {**row.profile, "sha256": row.sha256}

    def verify(self, table: sa.Table, part: Part) -> None:
        """Hold every file of a lake partition against its checksum. Raises LakeError."""
        for file in self.files(table, part):
            try:
                content = self.lake.read_bytes(table, file.path)
            except FileNotFoundError:
                content = b""
            if _sha256(content) != file.sha256:
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

    def files(self, table: sa.Table, part: Part) -> list[sa.Row]:
        """The books' rows of the files that a lake partition consists of now, by day.

        Raises LakeError for a file that the books do not know, or that is not as long as they say.
        """
        self._note(table)
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

    def _there(
        self, connection: sa.Connection, table: sa.Table, part: Part, entries: Mapping[date, DayEntry]
    ) -> set[date]:
        """The days of entries whose content is there, undamaged."""
        if table.info["store"] == "lake":
            named = self.lake.paths(table, part)
            known = registry.files_of(connection, table, part)
            there = Counter(known[path].day for path in named if path in known)
            of_entries = {entry.path for entry in entries.values()}.intersection(named, known)
            good = {path for path in of_entries if self._is_good(table, known[path])}
            return {
                day
                for day, entry in entries.items()
                if (entry.path in good and there[day] == 1) or (entry.path is None and not there[day])
            }
        if table.info["dated_by"]:
            rows = sum(entry.rows or 0 for entry in entries.values())
            return set(entries) if rows_there(connection, table, part) == rows else set()
        return set(entries)

    def _is_good(self, table: sa.Table, file: sa.Row) -> bool:
        """Is the file what was written? What another machine stores is believed."""
        if not self.lake.is_whole(table, file.path, file.bytes):
            return False
        return not self.lake.local or _sha256(self.lake.read_bytes(table, file.path)) == file.sha256

    def _scan(self, table: sa.Table, part: Part, names: list[str], verify: bool) -> pl.LazyFrame:
        schema = polars_schema(table)
        if verify:
            self.verify(table, part)
        files = self.files(table, part)
        if not files:
            return pl.LazyFrame(schema={name: schema[name] for name in names})
        # File by file: each has its own dictionary of units, and polars scans together only equal ones.
        scans = [pl.scan_parquet(self._url(table, file.path), glob=False) for file in files]
        return pl.concat(scan.select(pl.col(name).cast(schema[name]) for name in names) for scan in scans)


def _damaged(table: sa.Table, part: Part, path: str, why: str) -> LakeError:
    return LakeError(
        f"{table.name} {part.key}: file {path} is missing or damaged: {why}. "
        "Materialize this partition again."
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
