"""Partitions that are whole, and that were made from what has changed since."""

import time
from collections.abc import Mapping

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part, months_after
from battery_assets.platform.registry import tables as r
from battery_assets.platform.registry.books import at_place

DEADLOCK = "40P01"


def mark_stale(connection: sa.Connection, table: sa.Table, part: Part) -> None:
    """What the partition was made from has changed: it should be computed again."""
    version = r.partition_version
    current = version.c.state == "current"
    connection.execute(sa.update(version).where(at_place(table, part), current).values(state="stale"))


def mark_later_stale(connection: sa.Connection, part: Part, readers: Mapping[str, int | None]) -> None:
    """The partitions of later months that were made from a month that has changed.

    `readers` says of each table how many months it looks back, None for all of them; the next month that is
    there has looked at this one, whatever lies between. A later month that
    commits at this moment holds its own row and may want one of ours: whom PostgreSQL sends back tries again.
    """
    if part.month is None or not readers:
        return
    for pause_s in (0.1, 0.5, 2.0, None):
        try:
            with connection.begin_nested():
                for name in sorted(readers):
                    _mark_later(connection, part, part.month, name, readers[name])
            return
        except sa.exc.OperationalError as error:
            if pause_s is None or getattr(error.orig, "sqlstate", None) != DEADLOCK:
                raise
            time.sleep(pause_s)


def _mark_later(connection: sa.Connection, part: Part, month: str, name: str, reach: int | None) -> None:
    version = r.partition_version
    later = [version.c.table_name == name, version.c.month > month, version.c.state == "current"]
    later += [version.c.site == part.site] if part.site else []
    if reach:
        other = version.alias()
        following = sa.select(sa.func.min(other.c.month)).where(
            other.c.table_name == name, other.c.site == version.c.site, other.c.month > month
        )
        within = version.c.month <= months_after(month, reach)
        later.append(sa.or_(within, version.c.month == following.scalar_subquery()))
    connection.execute(sa.update(version).where(*later).values(state="stale"))


def stale_parts(connection: sa.Connection, site: str | None = None) -> list[sa.Row]:
    """Site, month, tables and time of the last commit of what is to be made again, by site and month."""
    version = r.partition_version
    names = sa.func.array_agg(sa.distinct(version.c.table_name)).label("tables")
    last = sa.func.max(version.c.committed_at).label("committed_at")
    query = sa.select(version.c.site, version.c.month, names, last).where(version.c.state == "stale")
    if site is not None:
        query = query.where(version.c.site == site)
    return list(
        connection.execute(
            query.group_by(version.c.site, version.c.month).order_by(version.c.site, version.c.month)
        )
    )
