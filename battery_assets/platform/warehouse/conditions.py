"""Which rows of a PostgreSQL table belong to a partition."""

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part


def within(
    table: sa.Table, part: Part | None, where: sa.ColumnElement[bool] | None
) -> sa.ColumnElement[bool]:
    """The condition that a PostgreSQL table's rows belong to a partition."""
    conditions = [] if where is None else [where]
    if part is not None and part.site and table.info["cut"] == "site_month":
        conditions.append(table.c.site == part.site)
    if part is not None and part.month and "month" in table.c and not table.info["newest_wins"]:
        conditions.append(table.c.month == part.month)
    return sa.and_(sa.true(), *conditions)
