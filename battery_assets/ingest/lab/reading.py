"""One read file: its points, what was left out and why, and where everything came from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from battery_assets.ingest.files.accounts import BooksDoNotBalance
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA
from battery_assets.ingest.lab.dialects.vocabulary import CURVES_SCHEMA
from battery_assets.ingest.lab.reconcile.integrals import Moved, moved


@dataclass(frozen=True)
class Source:
    """Where points came from. `content_sha256` is of the measurements themselves: two files of different
    bytes (line ends, another export) that hold the same measurements share it."""

    file: str
    sha256: str
    bytes: int
    reader: str
    reader_version: int
    content_sha256: str


@dataclass(frozen=True)
class Declared:
    """What the file says about its test, nowhere computed; None where it says nothing.

    started_at has a zone only where the file names the offset.
    """

    cell: str | None = None
    barcode: str | None = None
    channel: str | None = None
    protocol: str | None = None
    started_at: datetime | None = None
    mass_g: float | None = None
    nominal_capacity_ah: float | None = None
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """points: POINTS_SCHEMA; curves: CURVES_SCHEMA, for Q(V) tables, which have no points in time.

    findings   sentences on everything that was repaired, left out or could not be proven
    rows_read  = rows_loaded + rows_quarantined + rows_exact_duplicate, always (for curves: values)
    """

    source: Source
    declared: Declared
    points: pl.DataFrame
    quarantine: pl.DataFrame
    findings: tuple[str, ...]
    rows_read: int
    rows_exact_duplicate: int
    curves: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CURVES_SCHEMA))

    def __post_init__(self) -> None:
        if self.rows_read != self.rows_loaded + self.rows_quarantined + self.rows_exact_duplicate:
            raise BooksDoNotBalance(f"{self.source.file}: {self.account()}")
        if self.quarantine.schema != QUARANTINE_SCHEMA:
            raise BooksDoNotBalance(f"{self.source.file}: quarantine has {self.quarantine.schema}")

    @property
    def rows_loaded(self) -> int:
        return self.points.height + self.curves.height

    @property
    def rows_quarantined(self) -> int:
        return int(self.quarantine["rows"].sum())

    @property
    def cycles(self) -> int | None:
        """How many cycle numbers the file has; None where it counts none."""
        counts = self.points["cycle_count"] if self.points.height else self.curves["cycle_count"]
        return None if counts.null_count() == counts.len() else counts.n_unique()

    def moved(self) -> tuple[Moved, Moved]:
        """(charge in, charge out) by our integration of current and time."""
        return moved(self.points)

    def account(self) -> dict[str, int]:
        return {
            "rows_read": self.rows_read,
            "rows_loaded": self.rows_loaded,
            "rows_quarantined": self.rows_quarantined,
            "rows_exact_duplicate": self.rows_exact_duplicate,
        }


def content_digest(frame: pl.DataFrame) -> str:
    """Of the measured numbers, whatever the file around them looks like."""
    digest = hashlib.sha256()
    for word in ("test_time_s", "voltage_v", "current_a", "discharge_ah", "cycle_count"):
        if word in frame.columns:
            digest.update(word.encode())
            digest.update(frame[word].cast(pl.Float64).fill_null(float("nan")).to_numpy().tobytes())
    return digest.hexdigest()
