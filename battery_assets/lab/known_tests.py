"""The tests that a lab's books hold, by what was measured: a test under a second name is no second test.

A running test is exported more than once, and not always under one name: the points of the shorter file are
then the first of the longer one, to their digits.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets.lab.folder import ReadSession, SessionFiles, SessionRefused, read_test
from battery_assets.lab.records import SessionRecord

MEASURED = ("test_time_s", "voltage_v", "current_a")
# A shorter file is compared with none: a few points at rest are alike in many tests.
HEAD = 32
_Begun = tuple[str, datetime, str]


def head_of(points: pl.DataFrame) -> str | None:
    """Checksum of the first HEAD points of a test; None where it has fewer."""
    if points.height < HEAD:
        return None
    rows = points.select(MEASURED).head(HEAD)
    return hashlib.sha256(
        b"".join(rows[name].cast(pl.Float64).to_numpy().tobytes() for name in MEASURED)
    ).hexdigest()


@dataclass
class KnownTests:
    """Keys of accepted tests by the checksum of what was measured, and the tests by how they begin."""

    root: Path | None
    contents: dict[str | None, str] = field(default_factory=dict)
    begun: dict[_Begun, dict[str, SessionFiles]] = field(default_factory=dict)

    @classmethod
    def of(cls, accepted: Iterable[sa.Row], root: Path | None) -> "KnownTests":
        """The tests of rows of the books, whose files are named from `root` on."""
        tests = cls(root)
        for row in accepted:
            tests.add(row.key, SessionRecord.of(row.facts), [file["path"] for file in row.files])
        return tests

    def add(self, key: str, record: SessionRecord, names: Iterable[str]) -> None:
        """Know a test that was accepted."""
        self.contents[record.content_sha256] = key
        if record.head_sha256 is not None:
            paths = tuple((self.root or Path()) / name for name in names)
            test = SessionFiles(record.cell.cell_code, record.protocol, paths, record.terms)
            self.begun.setdefault(_begun(record, record.head_sha256), {})[key] = test

    def forget(self, keys: Iterable[str]) -> None:
        """Forget tests whose place others have taken."""
        for tests in self.begun.values():
            for key in keys:
                tests.pop(key, None)

    def same_test(self, record: SessionRecord, session: ReadSession) -> tuple[set[str], str | None]:
        """Keys of tests that this one goes on with, and a file of the test that goes on with this one.

        Files are read again only where a test of the cell began at the same instant with the same points.
        """
        shorter: set[str] = set()
        if record.head_sha256 is None:
            return shorter, None
        mine = session.life.points.select(MEASURED)
        for key, test in self.begun.get(_begun(record, record.head_sha256), {}).items():
            try:
                other = read_test(test).life.points.select(MEASURED)
            except (SessionRefused, OSError):
                continue
            rows = min(mine.height, other.height)
            if mine.height == other.height or not mine.head(rows).equals(other.head(rows)):
                continue
            if other.height > mine.height:
                return set(), test.paths[0].name
            shorter.add(key)
        return shorter, None


def _begun(record: SessionRecord, head: str) -> _Begun:
    return record.cell_id, record.started_at, head
