"""What became of a month of an import, as it is printed."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from battery_assets.actions.report_tables import listed

if TYPE_CHECKING:
    from rich.table import Table

    from battery_assets.actions.session import Session

Rows = Sequence[tuple[Any, ...]]
TERMS = ("loaded", "quarantined", "duplicates", "superseded", "of other months")


def print_accounts(at: "Session", site: str, month: str) -> None:
    """Print accounts, findings, quarantine, objections and capacity tests; nothing where there are none."""
    from rich.console import Console

    from battery_assets.actions.import_export import accounts

    console, rows = Console(highlight=False, markup=False), accounts(at, site, month)
    lists: dict[str, tuple[str, Callable[[Rows], Table]]] = {
        "accounts": (f"{site} {month}: what became of the rows", what_became),
        "findings": ("How they were read", findings),
        "refused": ("Quarantine", quarantine),
        "objections": ("What a battery engineer objects to", objections),
        "tests": ("Capacity tests", capacity_tests),
    }
    for name, (title, table) in lists.items():
        if rows[name]:
            console.print(f"\n{title}", style="bold")
            console.print(table(rows[name]))


def what_became(rows: Rows) -> "Table":
    """An equation for each table. rows: table, rows read, a count for each of TERMS, reasons of refusals."""
    cells = []
    for table, read, *counts, refused in rows:
        terms = [f"{count:,} {word}" for count, word in zip(counts, TERMS, strict=True) if count]
        equation = f"{read or 0:,} read = {' + '.join(terms) or '0 loaded'}"
        cells.append([table, f"{equation}\nrefused: {refused}" if refused else equation])
    return listed(["table", "rows"], cells, left=(0, 1))


def findings(rows: Rows) -> "Table":
    """rows: table, finding."""
    return listed(["table", "finding"], rows, left=(0, 1))


def quarantine(rows: Rows) -> "Table":
    """rows: table, reason, number of rows, file and line of the first."""
    cells = [[reason, count, f"{table}\nfirst: {first}"] for table, reason, count, first in rows]
    return listed(["reason", "rows", "table and first row"], cells, left=(0, 2))


def objections(rows: Rows) -> "Table":
    """rows: severity, number of units, a message."""
    return listed(["severity", "units", "such as"], rows, left=(0, 2))


def capacity_tests(rows: Rows) -> "Table":
    """rows: string, instant, A, min, end voltage, measured Ah, % of rated, verdict."""
    names = ["string\nbegan", "A", "min", "end V", "measured\nAh", "% of\nrated", "verdict"]
    cells = [[f"{string or '-'}\n{began:%Y-%m-%d %H:%M}", *rest] for string, began, *rest in rows]
    return listed(names, cells, left=(0, 6))
