"""Tests of cells from cycler files: into a lab's landing folder, into its books, through its job."""

import filecmp
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from battery_assets import clock
from battery_assets import tables as t
from battery_assets.arrival import Landing
from battery_assets.errors import UserError
from battery_assets.lab_files import (
    CELL_JSON,
    TestFiles,
    TestRefused,
    cells_in,
    contract_of,
    known_of,
    read_test,
    start_told,
    tests_of,
    told_of,
)
from battery_assets.platform import intake
from battery_assets.platform.partitions import FIRST_LAB_MONTH
from battery_assets.platform.warehouse import Warehouse


@dataclass(frozen=True)
class Entered:
    """What became of a test: its status, the month it belongs to, and why it was refused."""

    test: TestFiles
    status: str
    month: str | None = None
    reason: str | None = None


def entered(
    warehouse: Warehouse,
    lab: str,
    folder: Path,
    defaults: dict[str, Any],
    left_out: Callable[[TestRefused], None],
) -> Iterator[Entered]:
    """Enter every test of a landing folder that is not in the books yet, one after the other.

    Stopped in between, it goes on where it stopped. A test whose measurements are there already under other
    bytes is a duplicate; one that cannot be read is refused with the reader's words, and tried again when its
    files change or `cell.json` does. A cell whose `cell.json` cannot be read is left out: `left_out` hears
    why. A test takes the place of those that its files were before they changed.
    """
    with warehouse.transaction() as connection:
        known = intake.entered(connection, lab)
    accepted = [row for row in known.values() if row.status == intake.ACCEPTED]
    contents = {row.facts.get("content_sha256"): row.key for row in accepted}
    standing = {file["path"]: row for row in accepted for file in row.files}
    for cell in cells_in(folder):
        try:
            tests = tests_of(cell, defaults)
        except TestRefused as refused:
            left_out(refused)
            continue
        for test in tests:
            key = _key(test)
            if key not in known or known[key].status == intake.REPLACED:
                yield _entered(warehouse, lab, test, key, contents, _before(test, standing))


def landed(landing: Landing, lab: str, files: list[tuple[Path, str]], terms: dict[str, Any]) -> Path:
    """Bring files into a lab's landing folder, as cell/protocol/file. Returns the folder on this machine.

    `terms` are added to what their cell.json says, and are there before the files are. UserError for terms
    that cannot be, and for a cell.json that cannot be read; then nothing is written.
    """
    given = {name: value for name, value in terms.items() if value is not None}
    _possible(given)
    folder = landing.root(lab) / lab
    fresh = [(path, name) for path, name in files if not _same(path, folder / name)]
    with tempfile.TemporaryDirectory() as scratch:
        books = []
        for cell in sorted({name.split("/", 1)[0] for _, name in files}):
            try:
                told = told_of(folder / cell)
            except TestRefused as refused:
                raise UserError(refused.fault, refused.next_step) from refused
            book = Path(scratch) / f"{len(books)}.json"
            book.write_text(json.dumps({**told, **given}, indent=2) + "\n", encoding="utf-8")
            books.append((book, f"{cell}/{CELL_JSON}"))
        landing.put(lab, [*books, *fresh])
    return landing.root(lab) / lab


def _possible(terms: dict[str, Any]) -> None:
    try:
        contract_of(terms)
        start_told(terms)
    except ValueError as error:
        raise UserError(str(error), "correct the value and run the command again") from error


def _same(path: Path, target: Path) -> bool:
    return target.is_file() and filecmp.cmp(path, target, shallow=False)


def named_files(source: Path, cell: str | None, protocol: str, one_test: bool) -> list[tuple[Path, str]]:
    """Each file with its place under the landing folder. UserError where there is none.

    Without a cell each file is a test of the cell that it is named after. `one_test` joins all of them.
    """
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    files = [path for path in files if not path.name.startswith(".")]
    if not files:
        raise UserError(f"{source} holds no file", "name a cycler's file, or a folder of them")
    if one_test:
        if cell is None:
            raise UserError("several files of one test need --cell", "add --cell CODE")
        return [(path, f"{cell}/{protocol}/{source.stem}/{path.name}") for path in files]
    return [(path, f"{cell or path.stem}/{protocol}/{path.name}") for path in files]


@contextmanager
def cells_apart(files: list[tuple[Path, str]], one_test: bool = False) -> Iterator[list[tuple[Path, str]]]:
    """The files with those that hold many cells (Severson's batches) taken apart: a file and a test for each.

    Their cells are called as the file's would be, with _c0, _c1 ... behind. UserError where all files
    are to be one test.
    """
    from battery_assets.ingest.lab.severson import cells_apart as cut
    from battery_assets.ingest.problems import FileRefused

    with tempfile.TemporaryDirectory(prefix="battery-assets-cells-") as scratch:
        apart = []
        for number, (path, name) in enumerate(files):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            try:
                cells = cut(path, folder)
            except FileRefused:
                # It is refused by its reader too, and stands in the books with its reason.
                cells = []
            if cells and one_test:
                raise UserError(f"{path.name} holds {len(cells)} cells, no one test", "leave out --one-test")
            cell, protocol, _ = name.split("/", 2)
            apart += [(one, f"{cell}_{one.stem}/{protocol}/{path.stem}_{one.name}") for one in cells] or [
                (path, name)
            ]
        yield apart


def run_months(lab: str, months: list[str], heard: Callable[[str, bool], None]) -> None:
    """Run the lab's job for each month; a failure keeps no other. UserError names the first."""
    from battery_assets.session import run_here

    failed = []
    for month in months:
        heard(f"lab_month {lab} {month}", False)
        try:
            run_here("lab_month", month, lab)
        except UserError as error:
            failed.append(error)
        heard(f"lab_month {lab} {month}", True)
    if failed:
        raise failed[0]


def _key(test: TestFiles) -> str:
    import hashlib

    said = json.dumps([test.cell, test.protocol, test.checksums, test.terms], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _entered(
    warehouse: Warehouse, lab: str, test: TestFiles, key: str, contents: dict[Any, str], before: set[str]
) -> Entered:
    """`contents` are the tests that are there, by what was measured; `before` those of the same files."""
    files = [{"path": str(path), "sha256": sha} for path, sha in zip(test.paths, test.checksums, strict=True)]
    try:
        found = read_test(test)
        facts, cell = known_of(found, lab)
        month = _month_of(test, facts)
    except TestRefused as refused:
        with warehouse.transaction() as connection:
            intake.enter(connection, lab, key, intake.REFUSED, reason=str(refused), files=files)
        return Entered(test, intake.REFUSED, reason=str(refused))
    first = contents.setdefault(facts["content_sha256"], key)
    new = first in {key, *before}
    status = intake.ACCEPTED if new else intake.DUPLICATE
    reason = None if new else "its measurements are there already, from a file of other bytes"
    told = {**facts, "cell": cell, "terms": test.terms, "cell_code": test.cell}
    with warehouse.transaction() as connection:
        intake.enter(connection, lab, key, status, month=month, reason=reason, facts=told, files=files)
        if new:
            intake.replace(connection, lab, before)
        intake.keep_quarantine(connection, t.timeseries_point, lab, month, found.life.quarantine)
    return Entered(test, status, month, reason)


def _before(test: TestFiles, standing: dict[str, sa.Row]) -> set[str]:
    """The tests that these files were before one of them changed, or another joined them."""
    were = [standing[str(path)] for path in test.paths if str(path) in standing]
    return {row.key for row in were if [file["sha256"] for file in row.files] != list(test.checksums)}


def _month_of(test: TestFiles, facts: dict[str, Any]) -> str:
    month = facts["started_at"][:7]
    if not FIRST_LAB_MONTH <= month <= f"{clock.now():%Y-%m}":
        raise TestRefused(
            f"{test.paths[0].name} began in {month}; a lab's months go from {FIRST_LAB_MONTH} to this one",
            "say when it began: --started-at 2024-05-31T08:00",
        )
    return month
