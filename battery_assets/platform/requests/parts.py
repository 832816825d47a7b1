"""Parts of the log of requests: one for each day (UTC), made ahead, dropped whole when it is too old."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from psycopg import sql

from battery_assets.platform.warehouse.database import cursor_of

AHEAD_DAYS = 7
_TABLE, _SCHEMA = "api_request_logs", "service"
_PARTS = sa.text("""
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'service.api_request_logs'::regclass ORDER BY c.relname
""")
# Made beside the log and attached: nobody who reads the log is in the way, nor waits.
_TURN = sa.text("LOCK TABLE ONLY service.api_request_logs IN SHARE UPDATE EXCLUSIVE MODE")
_MAKE = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)")
_ATTACH = sql.SQL("ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES FROM ({2}) TO ({3})")


def days(connection: sa.Connection) -> list[date]:
    """The days that have a part, in order."""
    names = connection.execute(_PARTS).scalars()
    return [datetime.strptime(name.rpartition("_")[2], "%Y%m%d").date() for name in names]


def make(connection: sa.Connection, wanted: Iterable[date]) -> None:
    """Make the parts of days that have none."""
    wanted = set(wanted)
    if wanted <= set(days(connection)):
        return
    # Two that make one at once: the second waits here, and then finds it.
    connection.execute(_TURN)
    for day in sorted(wanted - set(days(connection))):
        first = datetime(day.year, day.month, day.day, tzinfo=UTC)
        limits = map(sql.Literal, (first.isoformat(), (first + timedelta(days=1)).isoformat()))
        names = _part(day), sql.Identifier(_SCHEMA, _TABLE)
        with cursor_of(connection) as cursor:
            cursor.execute(_MAKE.format(*names))
            cursor.execute(_ATTACH.format(*names, *limits))


def make_ahead(connection: sa.Connection, today: date) -> None:
    """Make the parts of today and of the days that follow."""
    make(connection, (today + timedelta(days=k) for k in range(AHEAD_DAYS + 1)))


def drop(connection: sa.Connection, before: date) -> int:
    """Drop the parts of days before one. Returns how many."""
    old = [day for day in days(connection) if day < before]
    for day in old:
        with cursor_of(connection) as cursor:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_part(day)))
    return len(old)


def _part(day: date) -> sql.Identifier:
    return sql.Identifier(_SCHEMA, f"{_TABLE}_{day:%Y%m%d}")
