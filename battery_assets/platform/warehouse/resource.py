"""One resource with two verbs over both stores: `read` and `replace`."""

import contextlib
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextvars import ContextVar
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.metadata import replaced_metadata
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.plan import DayPlan
from battery_assets.platform.lake import captures
from battery_assets.platform.lake.current import current_files
from battery_assets.platform.lake.damage import rotten
from battery_assets.platform.lake.format import sha256_of
from battery_assets.platform.lake.reads import Days, Stored, columns_of, damaged_file, read_days
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.outbox.events import Event
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.conditions import within
from battery_assets.platform.warehouse.crash_points import crash_point
from battery_assets.platform.warehouse.database import copy_out, reading, repeat, transaction
from battery_assets.platform.warehouse.profile import merged
from battery_assets.platform.warehouse.replacing import Claimed, replace_lake, replace_rows
from battery_assets.platform.warehouse.rows import by_day, fitting
from battery_assets.tables.projections import polars_schema, stored_schema

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

    def reading(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A PostgreSQL connection that only asks."""
        return reading(self.database_url)

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
            claims = ((one.name, registry.claim(connection, one, part, run_id)) for one in (table, *also))
            tokens = tuple(claims)
        crash_point("claimed")
        return Claimed(part.site, part.month, tokens, from_scratch=FROM_SCRATCH in tags)

    def read(
        self,
        table: sa.Table,
        part: Part | None = None,
        columns: Sequence[str] | None = None,
        *,
        where: sa.ColumnElement[bool] | None = None,
        verify: bool = True,
    ) -> pl.LazyFrame:
        """Rows of a partition, or of every partition; decimals arrive as floats.

        `where` narrows a PostgreSQL table. Lake files are held against their checksums first, unless `verify`
        says that nothing is computed from them. Raises LakeError.
        """
        self.note(table)
        names = list(columns or polars_schema(table))
        if table.info["store"] == "lake":
            return self.scan_in(table, self.files(table, part or Part()), names, verify=verify)
        with self.reading() as connection:
            return copy_out(connection, table, names, within(table, part, where)).lazy()

    def days_of(self, table: sa.Table, part: Part) -> list[date]:
        """The days that a lake partition has, in order."""
        return sorted({file.day for file in self.files(table, part)})

    def day_digests(self, table: sa.Table, part: Part) -> dict[date, str]:
        """Checksum of each day's rows of a table that PostgreSQL keeps day by day; "" where it has none."""
        self.note(table)
        with self.reading() as connection:
            row = registry.committed(connection, table, part)
            entries = registry.day_entries(connection, registry.place(table, part))
        other = "" if entries or row is None else row.sha256
        digests = {day: entries[day].sha256 if day in entries else other for day in part.days}
        return {day: sha256 or "" for day, sha256 in digests.items()}

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

    def pieces(self, table: sa.Table, part: Part, columns: Sequence[str] | None = None) -> Days:
        """A lake partition file by file, as `days` gives it: a day in many files is never there at once."""
        for file in self.files(table, part):
            yield from self.days_in(table, [file], columns)

    def days_in(self, table: sa.Table, files: Iterable[sa.Row], columns: Sequence[str] | None = None) -> Days:
        """The days that lie in these files of a lake table, as `days` gives them."""
        of_days: dict[date, list[Stored]] = {}
        for file in files:
            called = f"{table.name} {file.month}|{file.site}"
            stored = Stored(self._url(table, file.path), file.sha256, called)
            of_days.setdefault(file.day, []).append(stored)
        kinds = stored_schema(table)
        yield from read_days(of_days, {name: kinds[name] for name in columns or kinds})

    def replace(
        self,
        table: sa.Table,
        part: Part,
        rows: pl.DataFrame | Days,
        *,
        also: dict[sa.Table, pl.DataFrame] | None = None,
        metadata: dict[str, Any] | None = None,
        plan: DayPlan | None = None,
        events: Collection[Event] = (),
    ) -> dg.MaterializeResult:
        """Make these rows the partition's whole content, at once or not at all.

        `also` names further PostgreSQL tables whose same partition is replaced in the same transaction. With
        `plan`, rows are those of the days that were due, and the other days stay. `events` of a PostgreSQL
        table go into the outbox with them, where the month is the newest.
        Raises ValueError for rows that do not fit the table, SupersededError for a late writer.
        """
        started = time.monotonic()
        if table.info["store"] == "lake":
            days = by_day(fitting(rows, table)) if isinstance(rows, pl.DataFrame) else rows
            profile, sha256 = replace_lake(self.database_url, self.lake, table, part, days, plan)
        else:
            content = rows if isinstance(rows, pl.DataFrame) else dict(rows)
            profile, sha256 = repeat(
                lambda: replace_rows(self.database_url, table, part, content, also or {}, plan, events)
            )
        crash_point("committed")
        shown = replaced_metadata(table, profile, sha256, time.monotonic() - started)
        shown |= (plan.shown if plan else {}) | (metadata or {})
        return dg.MaterializeResult(metadata=shown, data_version=dg.DataVersion(sha256))

    def profile(self, table: sa.Table, part: Part) -> dict[str, Any] | None:
        """What the writer saw of a partition; None where nothing was committed.

        Of a lake partition it is that of the files the log names now: a writer that died after its commit to
        the lake has not entered it into the books.
        """
        with self.reading() as connection:
            row = registry.committed(connection, table, part)
        if table.info["store"] == "lake":
            files = self.files(table, part)
            if files:
                return {**merged([file.profile for file in files]), "sha256": sha256_of(files)}
            return None if row is None else {"rows": 0, "columns": {}, "sha256": sha256_of([])}
        return None if row is None else {**row.profile, "sha256": row.sha256}

    def verify(self, table: sa.Table, part: Part) -> None:
        """Hold every file of a lake partition against its checksum. Raises LakeError."""
        self._refuse_rotten(table, self.files(table, part), every_bit=True)

    def _refuse_rotten(self, table: sa.Table, files: Sequence[sa.Row], *, every_bit: bool = False) -> None:
        wrong = rotten(self.lake, table, files, every_bit=every_bit)
        for file in files:
            if file.path in wrong:
                partition = f"{table.name} {file.month}|{file.site}"
                raise damaged_file(partition, file.path, "its checksum is not the one recorded")

    def keep_capture(self, part: Part, name: str, samples: pl.DataFrame) -> str:
        """Keep fast samples of a test or event as a file of the lake. Returns the URL to store in a row."""
        return captures.keep(self.lake, part, name, samples)

    def capture(self, url: str) -> pl.DataFrame:
        """The samples that a row's URL names. Raises LakeError where they are not what was kept."""
        return captures.read(self.lake, url)

    def has_capture(self, url: str | None) -> bool:
        """Is the URL one of this lake's, and not just what somebody else's system wrote?"""
        return url is not None and captures.address(self.lake, url) is not None

    def note(self, table: sa.Table) -> None:
        """Record that a table is read, where somebody records it."""
        if (reads := _READS.get()) is not None:
            reads.add(table.name)

    def _url(self, table: sa.Table, path: str) -> str:
        return f"{self.lake.table_url(table)}/{path}"

    def files(self, table: sa.Table, part: Part) -> list[sa.Row]:
        """The books' rows of the files that a lake partition consists of now, by day.

        Raises LakeError where lake and books contradict each other, and for a file that is not as long as the
        books say.
        """
        self.note(table)
        return current_files(self.database_url, self.lake, table, part)

    def scan_in(
        self,
        table: sa.Table,
        files: Sequence[sa.Row],
        columns: Sequence[str] | None = None,
        *,
        verify: bool = True,
    ) -> pl.LazyFrame:
        """The rows of these files of a lake table, as `read` gives them."""
        if verify:
            self._refuse_rotten(table, files)
        schema = polars_schema(table)
        kinds: dict[Any, pl.DataType | type[pl.DataType]] = {name: schema[name] for name in columns or schema}
        if not files:
            return pl.LazyFrame(schema=kinds)
        # File by file: each has its own dictionary of units, and polars scans together only equal ones.
        scans = [pl.scan_parquet(self._url(table, file.path), glob=False) for file in files]
        return pl.concat(columns_of(scan, kinds).cast(kinds) for scan in scans)
