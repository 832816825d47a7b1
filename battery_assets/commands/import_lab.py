"""battery-assets import lab: files of cyclers as tests of cells."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from battery_assets.commands.terms import WithLabTerms, given_terms, lab_options

if TYPE_CHECKING:
    from battery_assets.actions.import_lab import Entered

# Options that a lab keeps for all its cells, where it is entered with them.
LAB_TERMS = ("timezone", "end_of_life_pct")


@click.command("lab", cls=WithLabTerms)
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--lab", required=True, help="Lab that the tests become part of.")
@click.option(
    "--per-cycle",
    metavar="LAYOUT",
    help="PATHs are tables of cycles: severson, xjtu, hust, or a layout's JSON.",
)
@click.option("--cell", help="Code of the cell; without it each file is a cell named after it.")
@click.option("--protocol", default="cycle_life", show_default=True, help="Name of the protocol.")
@click.option("--one-test", is_flag=True, help="All files of PATH are one test of --cell, joined at seams.")
@lab_options
@click.option("--started-at", help="When the test began, where the file does not say: 2024-05-31T08:00.")
@click.option("--run/--no-run", default=True, show_default=True, help="Run the months that the tests touch.")
def import_lab(
    paths: tuple[Path, ...],
    lab: str,
    per_cycle: str | None,
    cell: str | None,
    protocol: str,
    one_test: bool,
    run: bool,
    **options: Any,
) -> None:
    """Take in files of cyclers as tests of cells, and run the lab's assets on them.

    PATH is a file or a folder: Battery Data Format, Arbin, Maccor, Neware, BioLogic, Basytec, Novonix, PEC,
    Landt, NASA, Severson's batches, told from their content. They are copied into the lab's landing folder as
    cell/protocol/file; a batch of many cells becomes a file and a test for each: cell_c0, cell_c1 and so on.
    A file that cannot be proven right is refused with what to do; so are Severson's Q(V) tables, which have
    no points in time and cannot become a test. Ctrl-C stops; the same command goes on,
    and runs a month again whose last run had failed.

    With --per-cycle each PATH is a table with a row a cycle, as research sets publish them: its cells enter
    cycle_data without a test, under one month (--started-at, else the first of all labs).

    \b
    Example:
      battery-assets import lab cell7.csv --lab oslo --cell C7 --nominal-ah 2.5 --timezone Europe/Oslo
      battery-assets import lab tests/ --lab oslo --one-test --cell CS2_35 --nominal-ah 1.1 --cutoff-v 2.7
      battery-assets import lab --per-cycle xjtu XJTU.parquet --lab xjtu
    """
    from battery_assets.actions.session import quiet_logs
    from battery_assets.commands.cells.import_tables import import_tables
    from battery_assets.errors import UserError

    quiet_logs()
    terms = given_terms(options)
    if per_cycle:
        return import_tables(lab, per_cycle, paths, run, {**terms, "cell": cell, "one_test": one_test})
    if len(paths) > 1:
        raise UserError(
            f"{len(paths)} PATHs are named", "name one file or folder; tables want --per-cycle LAYOUT"
        )
    import_tests(paths[0], lab, cell, protocol, one_test, run, terms)


def import_tests(
    path: Path,
    lab: str,
    cell: str | None,
    protocol: str,
    one_test: bool,
    run: bool,
    terms: dict[str, Any],
) -> None:
    """Take in the files as tests, run the months that they touch, print what became of each."""
    from battery_assets.actions import import_lab as action
    from battery_assets.actions.session import session
    from battery_assets.commands.progress import steps_bar
    from battery_assets.errors import UserError
    from battery_assets.platform.registry import books as registry

    with (
        action.cells_apart(action.named_files(path, cell, protocol, one_test), one_test) as named,
        session() as at,
    ):
        defaults = action.enter_lab(at, lab, {name: terms[name] for name in LAB_TERMS if name in terms})
        with at.warehouse.transaction() as connection:
            # The sensor leaves a lab alone whose row is held: else both would run the same months.
            registry.hold_site(connection, lab)
            folder = action.land(at.landing, lab, named, terms)
            asked = [folder / name for _, name in named]
            with steps_bar(f"read into {lab}", 1 if one_test else len(named)) as heard:
                entered, left_out = action.enter_tests(at, lab, folder, defaults, heard, asked)
            months, again = action.months_to_run(at, lab, asked)
            if run and months:
                with steps_bar(f"lab {lab}", len(months)) as heard:
                    action.run_months(lab, months, heard)
        _show(entered, months, again if run else [])
        refusal = action.refusal_of(entered, left_out)
        if action.forget_empty(at, lab, entered) and refusal is not None:
            note = f"no test was taken in, and the lab {lab} had none before: it was not kept"
            raise UserError(f"{note}\n{refusal.message}", refusal.next_step)
        if refusal is not None:
            # What the others hold was computed; that some were not taken in is no success.
            raise refusal


def _show(entered: "list[Entered]", months: list[str], again: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    table = Table(title="What became of the files", title_justify="left")
    for column in ("cell", "file", "status", "month"):
        table.add_column(column, overflow="fold")
    for one in entered:
        table.add_row(one.test.cell, one.test.paths[0].name, one.status, one.month or "-")
    console.print(table if entered else "nothing new: every file is in the books already")
    for one in entered:
        if one.reason and one.status != "refused":
            console.print(f"{one.status}: {one.reason}")
    for month in again:
        console.print(f"{month}: its last run had not come to its end, so the month is run again")
    accepted = sum(one.status == "accepted" for one in entered)
    refused = sum(one.status == "refused" for one in entered)
    console.print(f"{accepted} tests taken in, {refused} refused, months {', '.join(months) or 'none'}")
