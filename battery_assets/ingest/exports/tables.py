"""One table's rows for one month, read from a landing folder; nothing is lost on the way.

For every file: rows read = loaded + quarantined + exact duplicates + superseded + other month. The file is
the unit of refusal, the row the unit of quarantine. A bad row is quarantined in the month its instant lies
in, or, where that cannot be read, in every month that reads the file.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.known_files import KnownFile, Share
from battery_assets.ingest.exports.landing import LandingFile
from battery_assets.ingest.exports.one_file import Intake
from battery_assets.ingest.files.accounts import FileAccount, Findings, files_frame, quarantine_of
from battery_assets.ingest.files.duplicates import FILE, Singled, singled
from battery_assets.ingest.files.piece import newest_column
from battery_assets.ingest.files.pieces import pieces
from battery_assets.ingest.files.problems import Fault, FileRefused
from battery_assets.ingest.files.rows import month_bounds
from battery_assets.ingest.files.spool import DaySpool, MemoryPool
from battery_assets.tables.projections import key_columns, polars_schema, sort_columns


@dataclass(frozen=True)
class Reading:
    """What a month's files gave.

    rows        the table's columns and in-memory types, one row per key, sorted by unit and time
    quarantine  file, line, column, reason, value (80 characters), raw, rows: one row per bad row, and one per
                refused file, whose `rows` says for how many rows it stands
    files       per file: path (its name), sha256, bytes, rows_*, status ('read' or 'refused'), reason
    findings    what a person should know and no rule refuses, such as ignored columns
    known       by name, what is to be remembered of a file that was read; not of one that may read otherwise
                tomorrow, for what it has refused
    not_read    names of known files that nothing was needed from: their accounts stand
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    files: pl.DataFrame
    findings: list[str]
    known: dict[str, KnownFile] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)


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
    books = _Books(files, table, month, contract, now, {})
    books.take_in(pool, range(len(books.files)))
    single = singled(pool.rows(), sort_columns(table), newest_column(table))
    rows = books.settle(single, None)
    return books.closed(rows.select(list(polars_schema(table))))


class DayReading:
    """The days of a month, one frame at a time; then `account()` gives the books.

    Use as a context manager, or iterate to the end: both remove the spool. `must_make` names the days that a
    file which is not known has rows of; a caller that remembers files may take up fewer days than all.
    """

    def __init__(self, books: "_Books", spool: DaySpool, table: sa.Table):
        self._books, self._spool, self._table = books, spool, table
        self._finished = False
        self._only: set[date] | None = None
        self.must_make = set(spool.files_of_days())

    def __enter__(self) -> "DayReading":
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def files_of_days(self) -> dict[date, list[str]]:
        """Of each day the files that have rows of it, in order, by name and checksum."""
        numbers = {day: set(numbers_there) for day, numbers_there in self._spool.files_of_days().items()}
        for number, file in self._books.known.items():
            for day in file.shares:
                numbers.setdefault(day, set()).add(number)
        files = self._books.files
        return {
            day: [f"{files[number].name} {files[number].sha256}" for number in sorted(numbers_there)]
            for day, numbers_there in sorted(numbers.items())
        }

    def chosen(self, days: Collection[date]) -> "DayReading":
        """The reading of these days only, for which the known files that have rows of them are read."""
        self._only = set(days)
        touching = [n for n, file in self._books.known.items() if not self._only.isdisjoint(file.shares)]
        self._books.take_in(self._spool, touching)
        return self

    def __iter__(self) -> Iterator[tuple[date, pl.DataFrame]]:
        keys = sort_columns(self._table)
        names = list(polars_schema(self._table))
        try:
            for day, rows in self._spool.days(self._only):
                kept = self._books.settle(singled(rows, keys, newest_column(self._table)), day)
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
    before: Mapping[str, KnownFile] | None = None,
    spool_folder: Path | None = None,
    now: datetime | None = None,
) -> DayReading:
    """The UTC days of a telemetry table, in order, each sorted by (unit, ts), without duplicates.

    The unit column is a polars Enum of all units met. Files may be in any order and overlap: they are read
    once, checked, and spread by day over a spool on disk (in `spool_folder`, or the system's place for
    temporary files; about 50 bytes a row), so memory holds one block, then one day. All files are read before
    the first day is handed out. `before` tells by name what was found in files that are what they were: they
    are read again only where a day that is taken up needs them. Raises ValueError for a table that is not
    (instant, unit).
    """
    keys = key_columns(table)
    instants = [name for name in keys if table.c[name].info["kind"] == "instant"]
    if len(instants) != 1 or len(keys) != 2:
        raise ValueError(f"{table.name} has no key of one instant and one unit; use read_table")
    spool = DaySpool(instants[0], sort_columns(table)[0], spool_folder)
    books = _Books(files, table, month, contract, now, before or {})
    try:
        books.take_in(spool, [n for n in range(len(books.files)) if n not in books.known])
    except BaseException:
        spool.close()
        raise
    return DayReading(books, spool, table)


class _Books:
    """Accounts of all files of one reading, from the first row read to the last duplicate settled."""

    def __init__(self, files, table, month, contract, now, kept):
        if month is not None:
            month_bounds(month)
        self.files, self.table, self.month, self.contract = list(files), table, month, contract
        self.now = now or datetime.now(UTC)
        names = {number: file.name for number, file in enumerate(self.files)}
        self.known: dict[int, KnownFile] = {n: kept[name] for n, name in names.items() if name in kept}
        self._accounts: dict[int, FileAccount] = {}
        self._notes: dict[int, Counter] = {n: Counter(file.notes) for n, file in self.known.items()}
        self._shares: dict[int, dict[date | None, Share]] = {n: {} for n in names}
        for number, file in self.known.items():
            self._shares[number].update({day: copy(share) for day, share in file.shares.items()})

    def take_in(self, pool: MemoryPool | DaySpool, numbers: Iterable[int]) -> None:
        intake = Intake(self.table, self.month, self.contract, self.now)
        for number in numbers:
            self._accounts[number], self._notes[number] = intake.file(self.files[number], number, pool)

    def settle(self, single: Singled, day: date | None) -> pl.DataFrame:
        """Write what became of a day's duplicates into the accounts; returns the rows that are handed out."""
        shares: dict[int, Share] = {}
        for what in ("exact", "superseded", "rows"):
            for number, times in getattr(single, what).group_by(FILE).len().iter_rows():
                share = shares.setdefault(number, Share())
                setattr(share, "loaded" if what == "rows" else what, times)
        for number, line in single.conflicting.iter_rows():
            shares.setdefault(number, Share()).conflicting.append(line)
        for number, share in shares.items():
            self._shares[number][day] = share
        return single.rows

    def closed(self, rows: pl.DataFrame) -> Reading:
        """The accounts of the files that were read; those of the others stand."""
        findings, loaded, read = Findings(), [], sorted(self._accounts)
        for number in sorted(self._notes):
            findings.add(self._notes[number], self.files[number].path.name)
        for number in read:
            account = self._accounts[number]
            shares = [] if account.refusal else list(self._shares[number].values())
            account.exact = sum(share.exact for share in shares)
            account.superseded = sum(share.superseded for share in shares)
            lines = [line for share in shares for line in share.conflicting]
            account.faults += self._conflict_faults(self.files[number].path, lines) if lines else []
            loaded.append(sum(share.loaded for share in shares))
        accounts = [self._accounts[number] for number in read]
        return Reading(
            rows=rows,
            quarantine=quarantine_of(accounts),
            files=files_frame(accounts, dict(enumerate(loaded))),
            findings=findings.sentences(),
            known={self.files[n].name: self._remembered(n) for n in read if self._accounts[n].settled},
            not_read=[self.files[n].name for n in self.known if n not in self._accounts],
        )

    def _remembered(self, number: int) -> KnownFile:
        shares = {day: share for day, share in self._shares[number].items() if day is not None}
        return KnownFile(shares, dict(self._notes[number]))

    def _conflict_faults(self, path: Path, lines: list[int]) -> list[Fault]:
        """Conflicts are known only after all files were read, so their text is looked up again."""
        texts: dict[int, tuple[str, str]] = {}
        names = [str(name) for name in key_columns(self.table)]
        key = ", ".join(names)
        # A file that vanished since it was read leaves its conflicts without their text, not uncounted.
        with suppress(FileRefused):
            for piece in pieces(path, self.table, self.contract):
                for index in pl.Series(piece.lines).is_in(lines).arg_true().to_list():
                    value = ", ".join(str(piece.frame[name][index]) for name in names)
                    texts[int(piece.lines[index])] = value, piece.raw(index)
        return [Fault(line, key, "CONFLICTING_DUPLICATE", *texts.get(line, (None, ""))) for line in lines]
