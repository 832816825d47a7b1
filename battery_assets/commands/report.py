"""battery-assets report: what a fleet manager asks."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from battery_assets.actions.session import Session


@click.command()
@click.option("--site", default="", help="Only this site.")
@click.option("--most", type=click.IntRange(min=1), default=10, show_default=True, help="Rows for each list.")
@click.option("--page", is_flag=True, help="Write the page of the newest month, and print where it lies.")
@click.option("--month", default="", help="With --page: the month, YYYY-MM.")
def report(site: str, most: int, page: bool, month: str) -> None:
    """Print jars at risk, ride-through of the strings, open incidents, work orders and model scores.

    With --page, write them as an HTML page instead, with the health of every jar, and print its address.

    \b
    Example:
      battery-assets report --site bangrak --most 20
      battery-assets report --page --month 2025-03
    """
    from battery_assets.actions.report import make_page, print_report
    from battery_assets.actions.session import quiet_logs, session

    with session() as at:
        if site:
            _refuse_unknown(at, site)
        if page or month:
            quiet_logs()
            click.echo(make_page(at, site, month))
        else:
            print_report(at, site, most)


def _refuse_unknown(at: "Session", site: str) -> None:
    from battery_assets.errors import UserError
    from battery_assets.platform.registry import books as registry

    with at.warehouse.transaction() as connection:
        names = [row.site for row in registry.sites(connection)]
    if site not in names:
        raise UserError(
            f"neither site nor lab is named {site!r}; known: {', '.join(names) or 'none'}",
            "name one of them, or leave --site out for all",
        )
