"""Tests of cells from a lab's landing folder into its books."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.lab.folder import (
    SessionFiles,
    SessionRefused,
    cells_in,
    read_test,
    record_of,
    tests_of,
)
from battery_assets.lab.records import SessionRecord
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import FIRST_LAB_MONTH
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.warehouse.resource import Warehouse


@dataclass(frozen=True)
class Entered:
    """What became of a test: its status, the month it belongs to, and why it was refused."""

    test: SessionFiles
    status: str
    month: str | None = None
    reason: str | None = None


def enter_new_tests(
    warehouse: Warehouse,
    lab: str,
    folder: Path,
    defaults: dict[str, Any],
    left_out: Callable[[SessionRefused], None],
) -> Iterator[Entered]:
    """Enter every test of a landing folder that is not in the books yet, one after the other.

    Stopped in between, it goes on where it stopped. A test whose measurements are there already under other
    bytes is a duplicate; one that cannot be read is refused with the reader's words, and tried again when its
    files change or `cell.json` does. A cell whose `cell.json` cannot be read is left out: `left_out` hears
    why. A test takes the place of those that its files were before they, or what is told of them, changed.
    """
    with warehouse.transaction() as connection:
        known = intake.entries(connection, lab)
    accepted = [row for row in known.values() if row.status == intake.ACCEPTED]
    contents = {SessionRecord.of(row.facts).content_sha256: row.key for row in accepted}
    standing = {file["path"]: row for row in accepted for file in row.files}
    for cell in cells_in(folder):
        try:
            tests = tests_of(cell, defaults)
        except SessionRefused as refused:
            left_out(refused)
            continue
        for test in tests:
            key = _key(test)
            if key not in known or known[key].status == intake.REPLACED:
                yield _enter(warehouse, lab, test, key, contents, _before(test, key, standing))


def _key(test: SessionFiles) -> str:
    said = json.dumps([test.cell, test.protocol, test.checksums, test.terms], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _enter(
    warehouse: Warehouse, lab: str, test: SessionFiles, key: str, contents: dict[Any, str], before: set[str]
) -> Entered:
    """`contents` are the tests that are there, by what was measured; `before` those of the same files."""
    files = [{"path": str(path), "sha256": sha} for path, sha in zip(test.paths, test.checksums, strict=True)]
    try:
        found = read_test(test)
        record = record_of(found, lab)
        month = _month_of(test, record)
    except SessionRefused as refused:
        with warehouse.transaction() as connection:
            intake.enter(connection, lab, key, intake.REFUSED, reason=str(refused), files=files)
        return Entered(test, intake.REFUSED, reason=str(refused))
    first = contents.setdefault(record.content_sha256, key)
    new = first in {key, *before}
    status = intake.ACCEPTED if new else intake.DUPLICATE
    reason = None if new else "its measurements are there already, from a file of other bytes"
    with warehouse.transaction() as connection:
        facts = record.document()
        intake.enter(connection, lab, key, status, month=month, reason=reason, facts=facts, files=files)
        if new:
            intake.replace(connection, lab, before)
        intake.keep_quarantine(connection, t.timeseries_point, lab, month, found.life.quarantine)
    return Entered(test, status, month, reason)


def _before(test: SessionFiles, key: str, standing: dict[str, sa.Row]) -> set[str]:
    """The tests that these files were before one changed, another joined them, or other terms hold."""
    were = [standing[str(path)] for path in test.paths if str(path) in standing]
    return {row.key for row in were if row.key != key}


def _month_of(test: SessionFiles, record: SessionRecord) -> str:
    month = record.started_at.isoformat()[:7]
    if not FIRST_LAB_MONTH <= month <= f"{clock.now():%Y-%m}":
        raise SessionRefused(
            f"{test.paths[0].name} began in {month}; a lab's months go from {FIRST_LAB_MONTH} to this one",
            "say when it began: --started-at 2024-05-31T08:00",
        )
    return month
