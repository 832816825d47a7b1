"""Files of cyclers as tests of a lab: into its landing folder, into its books, through its job."""

import filecmp
import json
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from battery_assets.actions.import_export import files_below
from battery_assets.actions.session import Session, know_sites, put_site, run_here
from battery_assets.errors import UserError
from battery_assets.ingest.files.advice import apart
from battery_assets.lab.folder import (
    CELL_JSON,
    END_OF_LIFE,
    SessionRefused,
    cell_terms,
    contract_of,
    declared_start,
    percent_of_nominal,
)
from battery_assets.lab.intake import Entered, enter_new_tests
from battery_assets.lab.sensors import unfinished, waiting
from battery_assets.platform.landing import Landing, name_in
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_FILES


def enter_lab(at: Session, lab: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The lab's settings; one that is not there yet is entered with those given (None: not given).

    UserError for the name of another site, and for a setting that cannot be.
    """
    with at.warehouse.transaction() as connection:
        labs = {site.site: site.config for site in registry.sites(connection) if site.source == LAB_FILES}
    if lab not in labs:
        labs[lab] = {name: value for name, value in settings.items() if value is not None}
        put_site(at, lab, LAB_FILES, labs[lab])
    return labs[lab]


def forget_empty(at: Session, lab: str, entered: list[Entered]) -> bool:
    """Forget a lab of which every test was refused, and tell whether it was: it would be run every night.

    What was refused stays in the books with its reason, the files stay in the landing folder.
    """
    if not entered or any(one.status != intake.REFUSED for one in entered):
        return False
    with at.warehouse.transaction() as connection:
        if any(row.status != intake.REFUSED for row in intake.entries(connection, lab).values()):
            return False
        registry.forget_site(connection, lab)
    know_sites(at.warehouse, at.instance)
    return True


def enter_tests(
    at: Session,
    lab: str,
    folder: Path,
    defaults: dict[str, Any],
    heard: Callable[[str, bool], None],
    asked: Collection[Path] = (),
) -> tuple[list[Entered], list[SessionRefused]]:
    """Enter each new test of a lab's folder. Returns what became of each, and why cells were left out.

    asked: files of this command; one that was refused before is told again as long as it is.
    """
    entered: list[Entered] = []
    left_out: list[SessionRefused] = []
    entering = enter_new_tests(
        at.warehouse, lab, folder, defaults, left_out.append, root=folder.parent, asked=asked
    )
    for one in entering:
        name = one.test.paths[0].name
        heard(name, False)
        entered.append(one)
        heard(name, True)
    return entered, left_out


def refusal_of(entered: list[Entered], left_out: list[SessionRefused]) -> UserError | None:
    """The error of an import that refused some tests, or left out some cells; None where it took in all."""
    reasons = [str(one.reason) for one in entered if one.status == intake.REFUSED]
    if not reasons and not left_out:
        return None
    lines, step = apart([*reasons, *(str(one) for one in left_out)])
    return UserError("\n".join(lines), step)


def months_to_run(at: Session, lab: str, paths: list[Path]) -> tuple[list[str], list[str]]:
    """The months to run, and those of them that wait for nothing but the end of an earlier run."""
    wait = {month for month, _, _ in waiting(at.warehouse, [lab])}
    names = [name_in(at.landing.root(lab), path) for path in paths]
    again = unfinished(at.warehouse, at.instance, lab, names) - wait
    return sorted(wait | again), sorted(again)


def land(landing: Landing, lab: str, files: list[tuple[Path, str]], terms: dict[str, Any]) -> Path:
    """Bring files into a lab's landing folder, as cell/protocol/file. Returns the folder on this machine.

    `terms` are added to what their cell.json says, and are there before the files are. UserError for terms
    that cannot be, and for a cell.json that cannot be read; then nothing is written.
    """
    stated = {name: value for name, value in terms.items() if value is not None}
    _possible(stated)
    folder = landing.root(lab) / lab
    fresh = [(path, name) for path, name in files if not _same(path, folder / name)]
    with tempfile.TemporaryDirectory() as scratch:
        books: list[tuple[Path, str]] = []
        for cell in sorted({name.split("/", 1)[0] for _, name in files}):
            try:
                own = cell_terms(folder / cell)
            except SessionRefused as refused:
                raise UserError(refused.fault, refused.next_step) from refused
            book = Path(scratch) / f"{len(books)}.json"
            book.write_text(json.dumps({**own, **stated}, indent=2) + "\n", encoding="utf-8")
            books.append((book, f"{cell}/{CELL_JSON}"))
        landing.put(lab, [*books, *fresh])
    return landing.root(lab) / lab


def _possible(terms: dict[str, Any]) -> None:
    try:
        contract_of(terms)
        declared_start(terms)
        percent_of_nominal(terms.get(END_OF_LIFE))
    except ValueError as error:
        raise UserError(str(error), "correct the value and run the command again") from error


def _same(path: Path, target: Path) -> bool:
    return target.is_file() and filecmp.cmp(path, target, shallow=False)


# One folder's name: no way out of the landing folder, and none that its readers pass over.
_FOLDER = re.compile(r"[^\W_][^/\\\x00-\x1f]{0,99}")


def _refuse_paths(**names: str | None) -> None:
    """UserError for a code or protocol that is no single folder's name."""
    for word, name in names.items():
        if name is not None and not _FOLDER.fullmatch(name):
            raise UserError(
                f"--{word} {name!r} cannot be the name of a folder",
                "begin it with a letter or digit, and leave out / and \\; at most 100 characters",
            )


def named_files(source: Path, cell: str | None, protocol: str, one_test: bool) -> list[tuple[Path, str]]:
    """Each file with its place under the landing folder. UserError where there is none.

    Without a cell each file is a test of the cell that it is named after. `one_test` joins all of them.
    """
    _refuse_paths(cell=cell, protocol=protocol)
    files = [source] if source.is_file() else files_below(source)
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
    from battery_assets.ingest.files.problems import FileRefused
    from battery_assets.ingest.lab.formats.severson import cells_apart as cut

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
