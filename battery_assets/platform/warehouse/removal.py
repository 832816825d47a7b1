"""A site, or a lab, taken out of both stores: everything or nothing, its books kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.lake.format import sha256_of
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets.platform.warehouse.database import transaction
from battery_assets.platform.warehouse.relations import unreferenced
from battery_assets.platform.warehouse.resource import Warehouse


@dataclass(frozen=True)
class Holding:
    """What a table has of a site."""

    table: str
    months: int
    rows: int


def holdings(connection: sa.Connection, site: str) -> list[Holding]:
    """What was committed of a site, by table."""
    version = r.partition_version
    months, rows = sa.func.count(), sa.func.coalesce(sa.func.sum(version.c.rows), 0)
    query = sa.select(version.c.table_name, months, rows).where(
        version.c.site == site, version.c.version.is_not(None)
    )
    counted = connection.execute(query.group_by(version.c.table_name).order_by(version.c.table_name))
    return [Holding(name, count, int(total)) for name, count, total in counted]


def remove_site(warehouse: Warehouse, site: str, tables: Iterable[sa.Table], landing: str | None) -> None:
    """Take a site's rows and files out of every table, and keep its books in `platform.removed_site`.

    A removal that was cut off is finished by the next one. Raises LookupError where nobody knows the site.
    """
    tables = tuple(tables)
    of_lake = [table for table in tables if table.info["store"] == "lake"]
    with warehouse.transaction() as connection:
        parts = {table: _months(connection, table, site) for table in of_lake}
        for table, months in parts.items():
            for part in months:
                registry.hold(connection, table, part, None)
                registry.announce(connection, table, part, sha256_of([]))
    with transaction(warehouse.database_url) as connection:
        mine = sa.select(r.site).where(r.site.c.site == site).with_for_update()
        row = connection.execute(mine).one_or_none()
        if row is None:
            raise LookupError(site)
        connection.execute(sa.insert(r.removed_site).values(**_books(connection, row), landing=landing))
        for table in reversed(tables):
            if table.info["store"] == "lake":
                for part in parts[table]:
                    warehouse.lake.commit(table, part, [], None, _nobody)
            elif "site" in table.c:
                _delete_rows(connection, table, site)
        for books in (r.partition_version, r.partition_day, r.lake_file, r.ingest_file, r.quarantined_row,
                      r.intake, r.turn, r.site):  # fmt: skip
            connection.execute(sa.delete(books).where(books.c.site == site))


def _nobody() -> None:
    """The books' rows of the site are locked: no other writer is to be asked for."""


def _months(connection: sa.Connection, table: sa.Table, site: str) -> list[Part]:
    rows = registry.announced_parts(connection, table, Part(site))
    return [Part(site, row.month) for row in rows]


def _books(connection: sa.Connection, row: sa.Row) -> dict[str, Any]:
    """The books' rows of a site as they are kept of one that was removed."""
    version, files, arrivals = r.partition_version.c, r.ingest_file.c, r.intake.c

    def rows_of(*columns: sa.Column) -> list[dict[str, Any]]:
        query = sa.select(*columns).where(columns[0].table.c.site == row.site)
        return [dict(one) for one in connection.execute(query).mappings()]

    return {
        "site": row.site,
        "source": row.source,
        "config": row.config,
        "tables": rows_of(version.table_name, version.month, version.rows, version.sha256),
        "files": rows_of(files.table_name, files.month, files.path, files.sha256, files.rows_read,
                      files.rows_loaded, files.rows_quarantined, files.status, files.reason),
        "arrivals": rows_of(arrivals.key, arrivals.month, arrivals.status, arrivals.reason, arrivals.files),
    }  # fmt: skip


def _delete_rows(connection: sa.Connection, table: sa.Table, site: str) -> None:
    """Delete a site's rows; of what is not cut, those that no other site's rows point at."""
    mine = table.c.site == site
    kept = unreferenced(table) if table.info["cut"] == "whole" else []
    connection.execute(sa.delete(table).where(mine, *kept))
