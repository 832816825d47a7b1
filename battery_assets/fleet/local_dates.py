"""Dates of master data are those of the site: a month of UTC begins and ends within one of them."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse


def local_dates(warehouse: Warehouse, part: Part) -> tuple[date, date]:
    """The first and the last date of a month at its site, by the zone of its contract, UTC without one.

    Bangkok's 1st of April begins on 31 March, 17:00 UTC: what is installed then serves in March already.
    """
    with warehouse.reading() as connection:
        zones = {row.site: row.config.get("timezone") for row in registry.sites(connection)}
    zone = ZoneInfo(zones.get(part.site or "") or "UTC")
    last = part.end.astimezone(zone) - timedelta(microseconds=1)
    return part.start.astimezone(zone).date(), last.date()
