"""battery-assets import fleet: exports of other systems."""

from pathlib import Path
from typing import Any

import click


@click.command("fleet")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--site", required=True, help="Site that the data become, such as cnx-01.")
@click.option("--timezone", help="IANA zone of times without an offset, such as Asia/Bangkok.")
@click.option(
    "--contract", multiple=True, metavar="KEY=VALUE", help="Further terms of the source, see above."
)
def import_fleet(path: Path, site: str, timezone: str | None, contract: tuple[str, ...]) -> None:
    """Take in an export of another system as a site, and run the pipeline on it up to work orders.

    PATH is a folder of CSV, CSV.gz or Parquet files named as the tables are (battery.csv,
    telemetry_jar_raw_2026-11.csv.gz ...), or one such file. Bad rows go to quarantine with file, line and
    reason; rows read = loaded + quarantined + duplicates. Terms: policy=strict|tolerant,
    json_dialect=json|python-literal-ok, positive_current=charges|discharges, separator, decimal, time_format,
    null_words, final_newline ...

    \b
    Example:
      battery-assets import fleet exports/cnx --site cnx-01 --timezone Asia/Bangkok
    """
    from battery_assets.actions.import_export import imported
    from battery_assets.actions.report import print_report
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.commands.accounts import print_accounts
    from battery_assets.commands.progress import steps_bar

    quiet_logs()
    terms = terms_of(contract, timezone)
    with session() as at:
        for month in imported(at, path, site, terms, lambda total: steps_bar(f"import {site}", total)):
            print_accounts(at, site, month)
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
