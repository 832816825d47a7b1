"""Tests of cells from cycler files: into a lab's landing folder, into its books, through its job."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from battery_assets.errors import UserError
from battery_assets.lab_files import CELL_JSON, TestFiles, TestRefused, known_of, read_test, tests_in
from battery_assets.platform import intake
from battery_assets.platform.warehouse import Warehouse


@dataclass(frozen=True)
class Entered:
    """What became of a test: its status, the month it belongs to, and why it was refused."""

    test: TestFiles
    status: str
    month: str | None = None
    reason: str | None = None


def entered(warehouse: Warehouse, lab: str, folder: Path, defaults: dict[str, Any]) -> Iterator[Entered]:
    """Enter every test of a landing folder that is not in the books yet, one after the other.

    Stopped in between, it goes on where it stopped. A test whose measurements are there already under other
    bytes is a duplicate; one that cannot be read is refused with the reader's words, and tried again when its
    files change or `cell.json` does.
    """
    with warehouse.transaction() as connection:
        known = intake.entered(connection, lab)
    contents = {
        row.facts.get("content_sha256"): row.key for row in known.values() if row.status == intake.ACCEPTED
    }
    for test in tests_in(folder, defaults):
        key = _key(test)
        if key not in known:
            yield _entered(warehouse, lab, test, key, contents)


def copied(paths: list[tuple[Path, str]], folder: Path, terms: dict[str, Any]) -> int:
    """Copy files into a lab's landing folder (as cell/protocol/file), whole or not at all. Returns how many.

    `terms` are added to what its cell.json says.
    """
    for path, name in paths:
        target = folder / name
        if target.is_file() and target.stat().st_size == path.stat().st_size:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f".{target.name}.part")
        shutil.copyfile(path, staged)
        staged.replace(target)
    for cell in {name.split("/", 1)[0] for _, name in paths}:
        book = folder / cell / CELL_JSON
        before = json.loads(book.read_text(encoding="utf-8")) if book.is_file() else {}
        given = {name: value for name, value in terms.items() if value is not None}
        book.write_text(json.dumps({**before, **given}, indent=2) + "\n", encoding="utf-8")
    return len(paths)


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


def _entered(warehouse: Warehouse, lab: str, test: TestFiles, key: str, contents: dict[Any, str]) -> Entered:
    files = [{"path": str(path), "sha256": sha} for path, sha in zip(test.paths, test.checksums, strict=True)]
    try:
        found = read_test(test)
        facts, cell = known_of(found, lab)
    except TestRefused as refused:
        with warehouse.transaction() as connection:
            intake.enter(connection, lab, key, intake.REFUSED, reason=str(refused), files=files)
        return Entered(test, intake.REFUSED, reason=str(refused))
    first = contents.setdefault(facts["content_sha256"], key)
    month = facts["started_at"][:7]
    status = intake.ACCEPTED if first == key else intake.DUPLICATE
    reason = None if first == key else "its measurements are there already, from a file of other bytes"
    told = {**facts, "cell": cell, "terms": test.terms, "cell_code": test.cell}
    with warehouse.transaction() as connection:
        intake.enter(connection, lab, key, status, month=month, reason=reason, facts=told, files=files)
        intake.keep_quarantine(connection, lab, month, found.life.quarantine)
    return Entered(test, status, month, reason)
