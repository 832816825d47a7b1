"""battery-assets import fleet: exports of other systems."""

from pathlib import Path

import click

from battery_assets.commands.terms import WithFleetTerms


@click.command("fleet", cls=WithFleetTerms)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--site", required=True, help="Site that the data become, such as cnx-01.")
@click.option("--timezone", help="IANA zone of times without an offset, such as Asia/Bangkok.")
@click.option(
    "--contract", multiple=True, metavar="KEY=VALUE", help="Further terms of the source, see below."
)
def import_fleet(path: Path, site: str, timezone: str | None, contract: tuple[str, ...]) -> None:
    """Take in an export of another system as a site, and run the pipeline on it up to work orders.

    PATH is a folder of CSV, CSV.gz or Parquet files named as the tables are (battery.csv,
    telemetry_jar_raw_2026-11.csv.gz ...), or one such file. Bad rows go to quarantine with file, line and
    reason; rows read = loaded + quarantined + duplicates.

    \b
    Example:
      battery-assets import fleet exports/cnx --site cnx-01 --timezone Asia/Bangkok
      battery-assets import fleet exports/cnx --site cnx-01 --contract 'rename=volt:voltage_v|jar:battery_id'
    """
    from battery_assets.actions.import_export import import_site, refusal_of_files, refused_files
    from battery_assets.actions.red_laws import end_by, red_laws
    from battery_assets.actions.report import print_report
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.actions.terms import terms_of
    from battery_assets.commands.accounts import print_accounts
    from battery_assets.commands.progress import steps_bar

    quiet_logs()
    terms = terms_of(contract, timezone)
    with session() as at:
        months = import_site(at, path, site, terms, lambda total: steps_bar(f"import {site}", total))
        for month in months:
            print_accounts(at, site, month)
        print_report(at, site)
        refused = dict.fromkeys(words for month in months for words in refused_files(at, site, month))
        # What else there is was computed; that files or strings were left out is no success.
        errors = refusal_of_files(list(refused)), red_laws(at, [(site, month) for month in months])
        end_by(*errors)
