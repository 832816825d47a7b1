"""battery-assets report: what a fleet manager asks."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from battery_assets.actions.session import Session


@click.command()
@click.option("--site", default="", help="Only this site.")
@click.option("--most", type=click.IntRange(min=1), default=10, show_default=True, help="Rows for each list.")
def report(site: str, most: int) -> None:
    """Print jars at risk, ride-through of the strings, open incidents, work orders and model scores.

    \b
    Example:
      battery-assets report --site bangrak --most 20
    """
    from battery_assets.actions.report import print_report
    from battery_assets.actions.session import session

    with session() as at:
        if site:
            _known(at, site)
        print_report(at, site, most)


def _known(at: "Session", site: str) -> None:
    from battery_assets.errors import UserError
    from battery_assets.platform.registry import books as registry

    with at.warehouse.transaction() as connection:
        known = [row.site for row in registry.sites(connection)]
    if site not in known:
        raise UserError(
            f"neither site nor lab is named {site!r}; known: {', '.join(known) or 'none'}",
            "name one of them, or leave --site out for all",
        )
