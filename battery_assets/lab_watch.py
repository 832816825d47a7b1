"""Which months of which labs wait to be run: tests in the books that no points were made of since."""

import logging
import time
from pathlib import Path

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.arrival import Landing
from battery_assets.lab_importing import entered
from battery_assets.platform import intake, registry
from battery_assets.platform.registry_tables import partition_version
from battery_assets.platform.registry_tables import site as sites
from battery_assets.platform.warehouse import Warehouse
from battery_assets.site_sources import LAB_FILES

PATIENCE_S = 40.0
log = logging.getLogger(__name__)


def looked_at(
    warehouse: Warehouse, landing: Landing, patience_s: float = PATIENCE_S
) -> set[tuple[str, str, str]]:
    """Enter what is new in the labs' landing folders, then give (month, lab, stamp) of what waits to be run.

    Stops entering after `patience_s`: the next look goes on. A lab that an import holds is left to it, and so
    is a cell whose cell.json cannot be read, with a warning. The stamp changes with every test that arrives,
    so that each state of a month is run once.
    """
    started = time.monotonic()
    with warehouse.transaction() as connection:
        labs = [row for row in registry.free_sites(connection) if row.source == LAB_FILES]
    for lab in labs:
        terms = {"timezone": lab.config["timezone"]} if lab.config.get("timezone") else {}
        folder = landing.root(lab.site) / lab.site
        if not Path(folder).is_dir():
            continue
        for _ in entered(warehouse, lab.site, folder, terms, left_out=log.warning):
            if time.monotonic() - started > patience_s:
                break
    return waiting(warehouse, [lab.site for lab in labs])


def waiting(warehouse: Warehouse, labs: list[str]) -> set[tuple[str, str, str]]:
    """(month, lab, stamp) of months with a test that was entered, or replaced, after its points were made."""
    books, points = intake.intake, partition_version
    newest = sa.func.max(books.c.registered_at)
    query = (
        sa.select(books.c.month, books.c.site, newest)
        .join(sites, sites.c.site == books.c.site)
        .outerjoin(
            points,
            sa.and_(
                points.c.table_name == t.timeseries_point.name,
                points.c.site == books.c.site,
                points.c.month == books.c.month,
            ),
        )
        .where(books.c.status.in_([intake.ACCEPTED, intake.REPLACED]), books.c.site.in_(labs))
        .group_by(books.c.month, books.c.site, points.c.committed_at)
        .having(sa.or_(points.c.committed_at.is_(None), newest > points.c.committed_at))
    )
    with warehouse.transaction() as connection:
        return {(month, lab, stamp.isoformat()) for month, lab, stamp in connection.execute(query)}
