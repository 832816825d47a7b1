"""battery-assets report: what a fleet manager asks."""

import click


@click.command()
@click.option("--site", default="", help="Only this site.")
@click.option("--most", default=10, show_default=True, help="Rows for each list.")
def report(site: str, most: int) -> None:
    """Print jars at risk, ride-through of the strings, open incidents, work orders and model scores.

    \b
    Example:
      battery-assets report --site bangrak --most 20
    """
    from battery_assets.report import print_report
    from battery_assets.session import session

    with session() as at:
        print_report(at, site, most)
