"""Sites of files that have nothing to be run of a month: whatever comes for it, the landing sensor runs."""

import dagster as dg
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.dagster.schedules import Idle
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.platform.warehouse.resource import Warehouse

# What tells that a file had rows of a month: master data belong to every month.
OF_MONTHS = [table for table in t.FLEET_TABLES if table.info["phase"] in (2, 3)]


def idle_sites(warehouse: Warehouse, month: str) -> dict[str, str]:
    """The sites whose files have no row of a month, each with words for people."""
    with warehouse.transaction() as connection:
        sites = [site.site for site in registry.sites(connection) if site.source == FILES]
        busy = registry.sites_with_rows(connection, OF_MONTHS, month)
    return {
        site: f"{site}: skipped, no file has rows of {month}; the landing sensor runs it when one comes"
        for site in sites
        if site not in busy
    }


def idle_in(warehouse: Warehouse) -> Idle:
    """As a schedule asks it. Where the books cannot be asked, nobody is idle: a run says why it fails."""

    def idle(month: str) -> dict[str, str]:
        try:
            return idle_sites(initialized(warehouse), month)
        except (dg.DagsterError, sa.exc.SQLAlchemyError):
            return {}

    return idle
