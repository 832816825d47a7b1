"""One table's rows for one month, read from a landing folder; nothing is lost on the way.

For every file: rows read = loaded + quarantined + exact duplicates + superseded + other month. The file is
the unit of refusal, the row the unit of quarantine. A bad row is quarantined in the month its instant lies
in, or, where that cannot be read, in every month that reads the file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.accounts import FileAccount, Findings, files_frame, quarantine_of
from battery_assets.ingest.contract import SourceContract
from battery_assets.ingest.duplicates import FILE, Singled, singled
from battery_assets.ingest.intake import Intake
from battery_assets.ingest.landing import LandingFile
from battery_assets.ingest.piece import newest_column
from battery_assets.ingest.pieces import pieces
from battery_assets.ingest.problems import Fault, FileRefused
from battery_assets.ingest.rows import month_bounds
from battery_assets.ingest.spool import DaySpool, MemoryPool
from battery_assets.tables.projections import key_columns, polars_schema, sort_columns


@dataclass(frozen=True)
class Reading:
    """What a month's files gave.

    rows        the table's columns and in-memory types, one row per key, sorted by unit and time
    quarantine  file, line, column, reason, value (80 characters), raw, rows: one row per bad row, and one per
                refused file, whose `rows` says for how many rows it stands
    files       per file: path, sha256, bytes, rows_*, status ('read' or 'refused'), reason
    findings    what a person should know and no rule refuses, such as ignored columns
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    files: pl.DataFrame
    findings: list[str]


def read_table(
    files: Sequence[LandingFile],
    table: sa.Table,
    month: str | None,
    contract: SourceContract,
    *,
    now: datetime | None = None,
) -> Reading:
    """All rows of `table` in "YYYY-MM" (UTC), or of all months; master tables have all rows in every month.

    Everything is held in memory: for telemetry use `read_table_days`. `now` bounds the future, for tests.
    Raises nothing for bad files: they are in `files` and `quarantine`. Raises ValueError for a bad month.
    """
    pool = MemoryPool(polars_schema(table))
    books = _Books(files, table, month, contract, now)
    books.take_in(pool)
    single = singled(pool.rows(), sort_columns(table), newest_column(table))
    rows = books.settle(single)
    return books.closed(rows.select(list(polars_schema(table))))


class DayReading:
    """The days of a month, one frame at a time; then `account()` gives the books.

    Use as a context manager, or iterate to the end: both remove the spool.
    """

    def __init__(self, books: "_Books", spool: DaySpool, table: sa.Table):
        self._books, self._spool, self._table = books, spool, table
        self._finished = False

    def __enter__(self) -> "DayReading":
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def __iter__(self) -> Iterator[tuple[date, pl.DataFrame]]:
        keys = sort_columns(self._table)
        names = list(polars_schema(self._table))
        try:
            for day, rows in self._spool.days():
                kept = self._books.settle(singled(rows, keys, newest_column(self._table)))
                if kept.height:
                    yield day, kept.select(names)
            self._finished = True
        finally:
            self._spool.close()

    def account(self) -> Reading:
        """Books and quarantine after the last day; `rows` is empty. Raises RuntimeError before that."""
        if not self._finished:
            raise RuntimeError("the account is complete after the last day only: iterate to the end first")
        return self._books.closed(pl.DataFrame(schema=polars_schema(self._table)))


def read_table_days(
    files: Sequence[LandingFile],
    table: sa.Table,
    month: str | None,
    contract: SourceContract,
    *,
    spool_folder: Path | None = None,
    now: datetime | None = None,
) -> DayReading:
    """The UTC days of a telemetry table, in order, each sorted by (unit, ts), without duplicates.

    The unit column is a polars Enum of all units met. Files may be in any order and overlap: they are read
    once, checked, and spread by day over a spool on disk (in `spool_folder`, or the system's place for
    temporary files; about 50 bytes a row), so memory holds one block, then one day. All files are read before
    the first day is handed out. Raises ValueError for a table that is not (instant, unit).
    """
    keys = key_columns(table)
    instants = [name for name in keys if table.c[name].info["kind"] == "instant"]
    if len(instants) != 1 or len(keys) != 2:
        raise ValueError(f"{table.name} has no key of one instant and one unit; use read_table")
    spool = DaySpool(polars_schema(table), instants[0], sort_columns(table)[0], spool_folder)
    books = _Books(files, table, month, contract, now)
    try:
        books.take_in(spool)
    except BaseException:
        spool.close()
        raise
    return DayReading(books, spool, table)


class _Books:
    """Accounts of all files of one reading, from the first row read to the last duplicate settled."""

    def __init__(self, files, table, month, contract, now):
        if month is not None:
            month_bounds(month)
        self.files, self.table, self.month, self.contract = list(files), table, month, contract
        self.now = now or datetime.now(UTC)
        self.accounts: list[FileAccount] = []
        self.findings = Findings()
        self.loaded: Counter = Counter()
        self._conflicts: dict[int, list[int]] = {}

    def take_in(self, pool: MemoryPool | DaySpool) -> None:
        intake = Intake(self.table, self.month, self.contract, self.now)
        for number, file in enumerate(self.files):
            account, notes = intake.file(file, number, pool)
            self.accounts.append(account)
            self.findings.add(notes, file.path.name)

    def settle(self, single: Singled) -> pl.DataFrame:
        """Write what became of duplicates into the accounts; returns the rows that are handed out."""
        for number, times in _by_file(single.exact):
            self.accounts[number].exact += times
        for number, times in _by_file(single.superseded):
            self.accounts[number].superseded += times
        for number, line in single.conflicting.iter_rows():
            self._conflicts.setdefault(number, []).append(line)
        for number, times in _by_file(single.rows):
            self.loaded[number] += times
        return single.rows

    def closed(self, rows: pl.DataFrame) -> Reading:
        for number, lines in self._conflicts.items():
            self.accounts[number].faults += self._conflict_faults(self.files[number].path, lines)
        self._conflicts = {}
        return Reading(
            rows=rows,
            quarantine=quarantine_of(self.accounts),
            files=files_frame(self.accounts, self.loaded),
            findings=self.findings.sentences(),
        )

    def _conflict_faults(self, path: Path, lines: list[int]) -> list[Fault]:
        """Conflicts are known only after all files were read, so their text is looked up again."""
        texts: dict[int, str] = {}
        key = ", ".join(str(name) for name in key_columns(self.table))
        # A file that vanished since it was read leaves its conflicts without their text, not uncounted.
        with suppress(FileRefused):
            for piece in pieces(path, self.table, self.contract):
                for index in pl.Series(piece.lines).is_in(lines).arg_true().to_list():
                    texts[int(piece.lines[index])] = piece.raw(index)
        return [Fault(line, key, "CONFLICTING_DUPLICATE", None, texts.get(line, "")) for line in lines]


def _by_file(rows: pl.DataFrame) -> Iterator[tuple[int, int]]:
    return rows.group_by(FILE).len().iter_rows()
