"""Tests of cells from a lab's landing folder into its books."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
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
from battery_assets.lab.known_tests import KnownTests, head_of
from battery_assets.lab.records import SessionRecord
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import FIRST_LAB_MONTH
from battery_assets.platform.landing import name_in
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
    root: Path | None = None,
    asked: Collection[Path] = (),
) -> Iterator[Entered]:
    """Enter every test of a landing folder that is not in the books yet, one after the other.

    Stopped in between, it goes on where it stopped. A test whose measurements are there already under other
    bytes is a duplicate; one that cannot be read is refused with the reader's words, and tried again when its
    files change or `cell.json` does. What a reader of another version read or refused is read again. A cell
    whose `cell.json` cannot be read is left out: `left_out` hears why. A test takes the place of those that
    its files were before they, or what is told of them, changed.
    The books name files from `root` on. A test of files that are `asked` for comes again while it is refused.
    """
    with warehouse.transaction() as connection:
        entries = intake.entries(connection, lab)
    accepted = [row for row in entries.values() if row.status == intake.ACCEPTED]
    there = KnownTests.of(accepted, root)
    standing = {file["path"]: row for row in accepted for file in row.files}
    for cell in cells_in(folder):
        try:
            tests = tests_of(cell, defaults)
        except SessionRefused as refused:
            left_out(refused)
            continue
        for test in tests:
            key = _key(test)
            row = entries.get(key)
            if row is None or row.status == intake.REPLACED or not _as_read_now(row):
                names = [name_in(root, path) for path in test.paths]
                before = {standing[name].key for name in names if name in standing} - {key}
                entered = _enter(warehouse, lab, test, key, there, before)
                _leave_month(warehouse, lab, row, entered)
                yield entered
            elif row.status == intake.REFUSED and not set(asked).isdisjoint(test.paths):
                yield Entered(test, intake.REFUSED, reason=row.reason)


def _key(test: SessionFiles) -> str:
    said = json.dumps([test.cell, test.protocol, test.checksums, test.terms], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _as_read_now(row: sa.Row) -> bool:
    """Whether the readers of today have read, or refused, what is in the books."""
    from battery_assets.ingest.lab.readers import fingerprint, versions

    if row.status == intake.REFUSED:
        return all(file.get("readers") == fingerprint() for file in row.files)
    now = versions()
    files = json.loads(SessionRecord.of(row.facts).source_files or "[]")
    return all(now.get(file["reader"]) in (None, file["reader_version"]) for file in files)


def _leave_month(warehouse: Warehouse, lab: str, before: sa.Row | None, after: Entered) -> None:
    """Have the month run again in which a test stood that another reader refuses, or files elsewhere."""
    if before is None or before.status != intake.ACCEPTED or before.month == after.month:
        return
    key = hashlib.sha256(f"{before.key} {before.month}".encode()).hexdigest()
    reason = "its reader has changed"
    with warehouse.transaction() as connection:
        intake.enter(connection, lab, key, intake.REPLACED, month=before.month, reason=reason)


def _enter(
    warehouse: Warehouse,
    lab: str,
    test: SessionFiles,
    key: str,
    there: KnownTests,
    before: set[str],
) -> Entered:
    """`there` holds the tests of the books; `before` are those of the same files."""
    from battery_assets.ingest.lab.readers import fingerprint

    root = there.root
    names = [name_in(root, path) for path in test.paths]
    files: list[dict[str, Any]] = [
        {"path": name, "sha256": sha, "readers": fingerprint()}
        for name, sha in zip(names, test.checksums, strict=True)
    ]
    try:
        session = read_test(test)
        record = _named_from(root, record_of(session, lab))
        record = replace(record, head_sha256=head_of(session.life.points))
        month = _month_of(test, record)
    except SessionRefused as refused:
        with warehouse.transaction() as connection:
            intake.enter(connection, lab, key, intake.REFUSED, reason=str(refused), files=files)
        return Entered(test, intake.REFUSED, reason=str(refused))
    shorter, longer = there.same_test(record, session)
    before |= shorter
    reason = None
    if there.contents.get(record.content_sha256, key) not in {key, *before}:
        reason = "its measurements are there already, from a file of other bytes"
    elif longer is not None:
        reason = f"its measurements are the first of those in {longer}"
    status = intake.ACCEPTED if reason is None else intake.DUPLICATE
    with warehouse.transaction() as connection:
        facts = record.document()
        intake.enter(connection, lab, key, status, month=month, reason=reason, facts=facts, files=files)
        if reason is None:
            intake.replace(connection, lab, before)
        quarantine = session.life.quarantine.with_columns(pl.col("file").str.strip_prefix(f"{root}/"))
        intake.keep_quarantine(connection, t.timeseries_point, lab, month, quarantine)
    if reason is None:
        there.forget(before)
        there.add(key, record, names)
    return Entered(test, status, month, reason)


def _named_from(root: Path | None, record: SessionRecord) -> SessionRecord:
    """The books on a test with its files named from the landing folder on."""
    files = [
        {**file, "path": name_in(root, file["path"])} for file in json.loads(record.source_files or "[]")
    ]
    return replace(record, source_files=json.dumps(files))


def _month_of(test: SessionFiles, record: SessionRecord) -> str:
    month = record.started_at.isoformat()[:7]
    if not FIRST_LAB_MONTH <= month <= f"{clock.now():%Y-%m}":
        raise SessionRefused(
            f"{test.paths[0].name} began in {month}; a lab's months go from {FIRST_LAB_MONTH} to this one",
            "say when it began: --started-at 2024-05-31T08:00",
        )
    return month
