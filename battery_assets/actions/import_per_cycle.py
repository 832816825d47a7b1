"""Tables of cycles as cells of a lab: into its landing folder, into its books, through its job."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from battery_assets.actions.session import Session, know_sites, put_site
from battery_assets.errors import UserError
from battery_assets.ingest.lab.per_cycle.layout import layout_of
from battery_assets.lab.imported import EnteredTable, Terms, enter_tables
from battery_assets.lab.sensors import unfinished, waiting
from battery_assets.platform.landing import Landing, name_in
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_CYCLES


def enter_lab_of_cycles(at: Session, lab: str, layout: str, stated: dict[str, Any]) -> Terms:
    """Enter the lab with its layout and terms, or find it so.

    stated: month, nominal_capacity_ah, end_of_life_pct; None where a term is not said.
    UserError for a layout that is none, and for other terms of a lab that has data.
    """
    try:
        config: dict[str, Any] = {"layout": layout_of(layout).document()}
    except (ValueError, TypeError) as error:
        raise UserError(str(error), "name severson, xjtu, hust, or write a layout: docs/lab.md") from error
    config |= {name: value for name, value in stated.items() if value is not None}
    put_site(at, lab, LAB_CYCLES, config)
    try:
        return Terms.of(config)
    except ValueError as error:
        raise UserError(str(error), "correct the value and run the command again") from error


def files_in(sources: Sequence[Path]) -> list[Path]:
    """The files named, and those of the folders named.

    UserError where two have one name, and where there is none.
    """
    paths: list[Path] = []
    for source in sources:
        inside = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
        paths += [path for path in inside if not path.name.startswith(".")]
    names = [path.name for path in paths]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(f"two files are called {twice}", "give one of them another name")
    if not paths:
        raise UserError("no file is named", "name a table of cycles, or a folder of them")
    return paths


def land_tables(landing: Landing, lab: str, files: list[Path]) -> list[Path]:
    """Bring the files into the lab's landing folder. Returns where they lie on this machine."""
    with tempfile.TemporaryDirectory() as scratch:
        copies = []
        for path in files:
            copy = Path(scratch) / path.name
            shutil.copyfile(path, copy)
            copies.append((copy, path.name))
        landing.put(lab, copies)
    return [landing.root(lab) / lab / path.name for path in files]


def enter(
    at: Session, lab: str, terms: Terms, files: list[Path], heard: Callable[[str, bool], None]
) -> list[EnteredTable]:
    """Enter each file that is new. Returns what became of each."""
    entered = []
    for one in enter_tables(at.warehouse, lab, terms, files, at.landing.root(lab)):
        heard(one.path.name, False)
        entered.append(one)
        heard(one.path.name, True)
    return entered


def months_to_run(at: Session, lab: str, files: list[Path]) -> list[str]:
    """The lab's month, where files wait for it or its last run did not come to its end."""
    wait = {month for month, _, _ in waiting(at.warehouse, [lab])}
    return sorted(
        wait
        | unfinished(at.warehouse, at.instance, lab, [name_in(at.landing.root(lab), one) for one in files])
    )


def forget_refused(at: Session, lab: str) -> bool:
    """Forget a lab that has no accepted file: it would be run every night. Returns whether it was."""
    with at.warehouse.transaction() as connection:
        if any(row.status != intake.REFUSED for row in intake.entries(connection, lab).values()):
            return False
        registry.forget_site(connection, lab)
    know_sites(at.warehouse, at.instance)
    return True
