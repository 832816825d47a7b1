"""What tests of the whole pipeline ask of it."""

import sqlalchemy as sa

from battery_assets import tables as t


def checksums(at, site: str) -> dict[tuple[str, str], tuple[int, str]]:
    from battery_assets.platform.registry import books as registry

    with at.warehouse.transaction() as connection:
        return {
            (table.name, row.month): (row.rows, row.sha256)
            for table in t.FLEET_TABLES
            for row in registry.committed_parts(connection, table, site=site)
        }


def fetched(at, query: str, **told) -> list[tuple]:
    with at.warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), told)]
