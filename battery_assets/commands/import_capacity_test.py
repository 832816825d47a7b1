"""battery-assets import capacity-test: discharge tests of single batteries."""

from pathlib import Path

import click

REGIONS = ("northern", "northeastern", "central", "eastern", "southern")


@click.command("capacity-test")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--site", required=True, help="Site that the bench becomes, such as agm-1.")
@click.option("--rated-ah", type=float, required=True, help="Rated capacity C10 of the battery, Ah.")
@click.option("--region", type=click.Choice(REGIONS), required=True, help="Where the bench stands.")
@click.option("--city", required=True, help="Where the bench stands.")
@click.option("--started-at", help="Start of the test in UTC, where the file has no times.")
def import_capacity_test(
    path: Path, site: str, rated_ah: float, region: str, city: str, started_at: str | None
) -> None:
    """Take in one discharge test of one battery as a site with one jar, and run the pipeline on it.

    PATH is a workbook or a CSV file with time, voltage and current of the discharge.

    \b
    Example:
      battery-assets import capacity-test test.xlsx --site agm-1 --rated-ah 100 \\
        --region central --city Nonthaburi
    """
    from battery_assets.actions.import_capacity_test import import_discharge_test
    from battery_assets.actions.report import print_report
    from battery_assets.actions.session import quiet_logs, session
    from battery_assets.commands.accounts import print_accounts
    from battery_assets.commands.progress import steps_bar

    quiet_logs()
    with session() as at:
        months = import_discharge_test(
            at, path, site, rated_ah, region, city, started_at,
            lambda total: steps_bar(f"import {site}", total),
        )  # fmt: skip
        for month in months:
            print_accounts(at, site, month)
        print_report(at, site)
