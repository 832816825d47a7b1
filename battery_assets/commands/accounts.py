"""What became of a month of an import, as it is printed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from battery_assets.actions.session import Session


def print_accounts(at: "Session", site: str, month: str) -> None:
    """Print accounts, findings, quarantine, objections and capacity tests; nothing where there are none."""
    from rich.console import Console
    from rich.table import Table

    from battery_assets.actions.import_export import accounts

    console, found = Console(highlight=False), accounts(at, site, month)
    shown = (
        (
            "accounts",
            f"{site} {month}: what became of the rows",
            [
                "table",
                "read",
                "loaded",
                "quarantined",
                "duplicates",
                "superseded",
                "other months",
                "refused because",
            ],
        ),
        ("findings", "How they were read", ["table", "finding"]),
        ("refused", "Quarantine", ["table", "reason", "rows", "first"]),
        ("objections", "What a battery engineer objects to", ["severity", "units", "such as"]),
        (
            "tests",
            "Capacity tests",
            ["string", "began", "A", "min", "end V", "measured Ah", "% of rated", "verdict"],
        ),
    )
    for name, title, columns in shown:
        if found[name]:
            table = Table(title=title, title_justify="left")
            for column in columns:
                table.add_column(column, overflow="fold")
            for row in found[name]:
                table.add_row(*("-" if value is None else str(value) for value in row))
            console.print(table)
