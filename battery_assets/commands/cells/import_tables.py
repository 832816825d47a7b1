"""battery-assets import lab --per-cycle: tables of cycles that have no points."""

from pathlib import Path
from typing import TYPE_CHECKING

from battery_assets.errors import UserError

if TYPE_CHECKING:
    from battery_assets.actions.import_per_cycle import EnteredTable

REFUSED_WITH = ("cell", "one_test", "cutoff_voltage_v", "chemistry", "timezone", "current_sign", "policy")


def import_tables(lab: str, layout: str, paths: tuple[Path, ...], run: bool, terms: dict) -> None:
    """Take in the files, run the lab's month, print what became of every row."""
    from battery_assets.actions import import_per_cycle as action
    from battery_assets.actions.import_lab import run_months
    from battery_assets.actions.session import session
    from battery_assets.commands.accounts import print_accounts
    from battery_assets.commands.progress import steps_bar
    from battery_assets.platform.registry import books as registry

    strange = [name for name in REFUSED_WITH if terms.get(name)]
    if strange:
        word = strange[0].removesuffix("_voltage_v").replace("_", "-")
        raise UserError(
            f"--{word} says nothing of a table of cycles", "leave it out; the layout says the rest"
        )
    stated = {
        "month": terms["started_at"][:7] if terms.get("started_at") else None,
        "nominal_capacity_ah": terms.get("nominal_capacity_ah"),
        "end_of_life_pct": terms.get("end_of_life_pct"),
    }
    with session() as at:
        files = action.files_in(paths)
        declared = action.enter_lab_of_cycles(at, lab, layout, stated)
        with at.warehouse.transaction() as connection:
            registry.hold_site(connection, lab)
            landed = action.land_tables(at.landing, lab, files)
            with steps_bar(f"read into {lab}", len(landed)) as heard:
                entered = action.enter(at, lab, declared, landed, heard)
            months = action.months_to_run(at, lab, landed)
            if run and months:
                with steps_bar(f"lab {lab}", len(months)) as heard:
                    run_months(lab, months, heard)
        _show(entered)
        if run and months:
            print_accounts(at, lab, declared.month)
        if action.forget_refused(at, lab):
            raise UserError(
                f"no file was taken in, and the lab {lab} had none before: it was not kept",
                "mend what the reasons above say, then run this again",
            )


def _show(entered: "list[EnteredTable]") -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not entered:
        console.print("nothing new: every file is in the books already")
    for one in entered:
        console.print(f"{one.path.name}: {one.status}{f', {one.reason}' if one.reason else ''}")
