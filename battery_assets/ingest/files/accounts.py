"""The books of one reading: what became of every row of every file."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from battery_assets.ingest.files.problems import (
    QUARANTINE_SCHEMA,
    VALUE_LENGTH,
    Fault,
    FileRefused,
    quarantine_frame,
)

FILES_SCHEMA = {
    "path": pl.String,
    "sha256": pl.String,
    "bytes": pl.Int64,
    "rows_read": pl.Int64,
    "rows_loaded": pl.Int64,
    "rows_quarantined": pl.Int64,
    "rows_exact_duplicate": pl.Int64,
    "rows_superseded": pl.Int64,
    "rows_other_month": pl.Int64,
    "status": pl.String,
    "reason": pl.String,
}
# Of a refused file this many bad rows are shown one by one; the others are counted.
SHOWN_OF_REFUSED = 1_000


class BooksDoNotBalance(AssertionError):
    """A row was lost or counted twice: a defect of this code, never of the file."""


@dataclass
class FileAccount:
    """Counts of one file. `found` are good rows of the asked month before duplicates are looked at."""

    path: str
    sha256: str
    size: int
    rows_read: int = 0
    found: int = 0
    other_month: int = 0
    exact: int = 0
    superseded: int = 0
    faults: list[Fault] = field(default_factory=list)
    times_out_of_range: int = 0
    refusal: FileRefused | None = None
    why: str | None = None

    @property
    def quarantined(self) -> int:
        return self.rows_read if self.refusal else len(self.faults)

    @property
    def loaded(self) -> int:
        return 0 if self.refusal else self.rows_read - self._not_loaded

    @property
    def _not_loaded(self) -> int:
        return len(self.faults) + self.other_month + self.exact + self.superseded

    @property
    def settled(self) -> bool:
        """Would it read tomorrow as it read today? Not where it was refused, or has times that lay ahead."""
        return self.refusal is None and not self.times_out_of_range

    def refuse(self, refusal: FileRefused, why: str) -> None:
        """Nothing of the file counts any more, but all its rows are in quarantine; `why` is for people."""
        self.refusal, self.why = refusal, why
        self.found = self.other_month = self.exact = self.superseded = 0

    def row(self) -> dict:
        """The account as a row of FILES_SCHEMA."""
        return {
            "path": self.path,
            "sha256": self.sha256,
            "bytes": self.size,
            "rows_read": self.rows_read,
            "rows_loaded": self.loaded,
            "rows_quarantined": self.quarantined,
            "rows_exact_duplicate": self.exact,
            "rows_superseded": self.superseded,
            "rows_other_month": self.other_month,
            "status": "refused" if self.refusal else "read",
            "reason": self.why,
        }

    def quarantine(self) -> pl.DataFrame:
        """The bad rows; for a refused file one row for the file, and the first bad rows one by one."""
        if not self.refusal:
            return quarantine_frame(self.path, sorted(self.faults, key=lambda fault: fault.line))
        shown = quarantine_frame(self.path, self.faults[:SHOWN_OF_REFUSED])
        whole = {
            "file": self.path,
            "line": self.refusal.line,
            "column": self.refusal.column,
            "reason": self.refusal.reason,
            "value": self.refusal.detail[:VALUE_LENGTH],
            "raw": None,
            "rows": self.rows_read - shown.height,
        }
        return pl.concat([pl.DataFrame([whole], schema=QUARANTINE_SCHEMA), shown])


class Findings:
    """Things worth telling that are no fault, with how often and in which files."""

    def __init__(self) -> None:
        self._times: Counter = Counter()
        self._files: dict[str, set[str]] = defaultdict(set)

    def add(self, notes: Counter, file: str) -> None:
        for note, times in notes.items():
            if times:
                self._times[note] += times
                self._files[note].add(file)

    def sentences(self) -> list[str]:
        lines = []
        for note, times in self._times.items():
            files = sorted(self._files[note])
            where = files[0] if len(files) == 1 else f"{len(files)} files"
            lines.append(f"{note} ({where}{f', {times:,} times' if times > 1 else ''})")
        return lines


def files_frame(accounts: Iterable[FileAccount], loaded: dict[int, int]) -> pl.DataFrame:
    """The accounts as FILES_SCHEMA; `loaded` counts the rows really handed out, by number of file.

    Raises BooksDoNotBalance where read = loaded + quarantined + duplicates + superseded + other month fails.
    """
    rows = []
    for number, account in enumerate(accounts):
        row = account.row()
        handed_out = loaded.get(number, 0)
        if row["rows_loaded"] != handed_out or row["rows_loaded"] < 0:
            raise BooksDoNotBalance(f"{account.path}: {row}, but {handed_out} rows were handed out")
        rows.append(row)
    return pl.DataFrame(rows, schema=FILES_SCHEMA)


def quarantine_of(accounts: Iterable[FileAccount]) -> pl.DataFrame:
    """All quarantine rows. Raises BooksDoNotBalance where their `rows` are not those of the accounts."""
    accounts = list(accounts)
    frame = pl.concat(
        [pl.DataFrame(schema=QUARANTINE_SCHEMA), *(account.quarantine() for account in accounts)]
    )
    total = sum(account.quarantined for account in accounts)
    if frame["rows"].sum() != total:
        raise BooksDoNotBalance(f"{frame['rows'].sum()} rows in quarantine, {total} in the accounts")
    return frame
