"""battery-assets import: exports of other systems, and discharge tests."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from battery_assets.commands.import_lab import import_lab

if TYPE_CHECKING:
    from battery_assets.actions.session import Session


REGIONS = ("northern", "northeastern", "central", "eastern", "southern")


class _Import(click.Command):
    """`import lab PATH` is a command of its own; anything else is an export of a fleet."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] == "lab":
            return import_lab.make_context("import lab", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.command("import", cls=_Import)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--site", required=True, help="Site that the data become, such as cnx-01.")
@click.option("--timezone", help="IANA zone of times without an offset, such as Asia/Bangkok.")
@click.option(
    "--contract", multiple=True, metavar="KEY=VALUE", help="Further terms of the source, see above."
)
@click.option(
    "--capacity-test", is_flag=True, help="PATH is one discharge test of one battery, not an export."
)
@click.option("--rated-ah", type=float, help="With --capacity-test: rated capacity C10 of the battery, Ah.")
@click.option("--region", type=click.Choice(REGIONS), help="With --capacity-test: where the bench stands.")
@click.option("--city", help="With --capacity-test: where the bench stands.")
@click.option("--started-at", help="With --capacity-test: start in UTC, where the file has no times.")
def import_(
    path: Path,
    site: str,
    timezone: str | None,
    contract: tuple[str, ...],
    capacity_test: bool,
    rated_ah: float | None,
    region: str | None,
    city: str | None,
    started_at: str | None,
) -> None:
    """Take in an export of another system as a site, and run the pipeline on it up to work orders.

    Files of cyclers are taken in by `battery-assets import lab` (see its --help).

    PATH is a folder of CSV, CSV.gz or Parquet files named as the tables are (battery.csv,
    telemetry_jar_raw_2026-11.csv.gz ...), or one such file. Bad rows go to quarantine with file, line and
    reason; rows read = loaded + quarantined + duplicates. Terms: policy=strict|tolerant,
    json_dialect=json|python-literal-ok, positive_current=charges|discharges, separator, decimal, time_format,
    null_words, final_newline ...

    \b
    Example:
      battery-assets import exports/cnx --site cnx-01 --timezone Asia/Bangkok
      battery-assets import test.xlsx --site agm-1 --capacity-test --rated-ah 100 \\
        --region central --city Nonthaburi
    """
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.commands.progress import steps_bar
    from battery_assets.errors import UserError

    quiet_logs()
    terms = terms_of(contract, timezone)
    with session() as at:

        def bar(total: int) -> Any:
            return steps_bar(f"import {site}", total)

        if capacity_test:
            from battery_assets.actions.import_capacity_test import imported_test

            if rated_ah is None or region is None or city is None:
                raise UserError("a capacity test needs --rated-ah, --region and --city", "add them")
            months = imported_test(at, path, site, rated_ah, region, city, started_at, bar)
        else:
            from battery_assets.actions.import_export import imported

            months = imported(at, path, site, terms, bar)
        for month in months:
            _show(at, site, month)
        from battery_assets.actions.report import print_report

        print_report(at, site)


def terms_of(contract: tuple[str, ...], timezone: str | None) -> dict[str, Any]:
    """A source's contract as the command line says it. UserError for a term that is no KEY=VALUE."""
    from battery_assets.errors import UserError

    # Exports written by Python print lists as Python does; reading them is safe and is reported.
    terms: dict[str, Any] = {"json_dialect": "python-literal-ok"}
    for term in contract:
        key, equals, value = term.partition("=")
        if not equals:
            raise UserError(f"--contract {term!r} is not KEY=VALUE", "write it as --contract policy=strict")
        terms[key] = value.split("|") if key == "null_words" else value
    return {**terms, "timezone": timezone} if timezone else terms


def _show(at: "Session", site: str, month: str) -> None:
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
