"""What becomes news by the passing of time: work that is due, data that stay away, keys that end.

The worker asks this each minute. It needs no daemon of Dagster, so that a platform that stands still says so.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from battery_assets.platform import clock
from battery_assets.platform.outbox.events import Event, emit
from battery_assets.platform.outbox.kinds import (
    CRITICAL,
    DATA_QUARANTINED,
    DATA_STALE,
    KEY_EXPIRING,
    WARNING,
    WORK_ORDER_DUE,
)
from battery_assets.platform.registry.kinds import FILES
from battery_assets.platform.warehouse.database import transaction

# A gateway's nightly file may be late by a night; three nights are an outage.
STALE_AFTER = timedelta(days=3)
# A history that was imported ends long ago: nobody waits for more of it.
HISTORY_AFTER = timedelta(days=60)
# Of the rows of a file that were read, and at least so many.
QUARANTINED_SHARE, QUARANTINED_ROWS = 0.01, 100
DUE_WITHIN, KEY_ENDS_WITHIN = timedelta(days=1), timedelta(days=14)
# What was due longer ago was told then, or belongs to a history that was imported.
LOOKED_BACK = timedelta(days=7)

_DUE = sa.text("""
SELECT w.site, w.work_order_id, w.title, w.priority, w.due_date, w.incident_id, w.battery_id, w.string_id
FROM fleet.work_order w
WHERE w.status NOT IN ('completed', 'closed') AND w.due_date > :since AND w.due_date <= :until
""")
# The newest reading of a site is the greatest instant that any of its months of telemetry has.
_STALE = sa.text("""
SELECT s.site, max((v.profile #>> '{columns,ts,max}')::timestamptz) AS newest
FROM platform.site s JOIN platform.partition_version v ON v.site = s.site
WHERE s.source = :files AND v.version IS NOT NULL
  AND v.table_name IN ('telemetry_jar_raw', 'telemetry_string_raw')
GROUP BY s.site
""")
_QUARANTINED = sa.text("""
SELECT f.site, f.month, f.table_name, sum(f.rows_read)::bigint AS read,
       sum(f.rows_quarantined)::bigint AS refused
FROM platform.ingest_file f
JOIN platform.partition_version v USING (table_name, site, month)
WHERE v.committed_at > :since
GROUP BY f.site, f.month, f.table_name
HAVING sum(f.rows_quarantined) >= :rows AND sum(f.rows_quarantined) > :share * sum(f.rows_read)
""")
_ENDING = sa.text("""
UPDATE service.api_keys SET warned_at = :now
WHERE is_active AND expires_at > :now AND expires_at <= :until AND warned_at IS NULL
RETURNING id, user_id, name, prefix, expires_at
""")


def watch(url: str) -> int:
    """Enter into the outbox what the time has made news. Returns how many events are new."""
    now = clock.now()
    with transaction(url) as connection:
        events = [
            *_work_due(connection, now),
            *_stale(connection, now),
            *_quarantined(connection, now),
            *_keys_ending(connection, now),
        ]
        return emit(connection, *events)


def _work_due(connection: sa.Connection, now: datetime) -> Iterator[Event]:
    span = {"since": now - LOOKED_BACK, "until": now + DUE_WITHIN}
    for row in connection.execute(_DUE, span).all():
        over = row.due_date < now
        units = {name: str(row._mapping[name]) for name in ("battery_id", "string_id") if row._mapping[name]}
        yield Event(
            WORK_ORDER_DUE,
            "work_order",
            str(row.work_order_id),
            f"{row.title}: {'overdue since' if over else 'due by'} {row.due_date:%Y-%m-%d %H:%M} UTC",
            fact=f"{row.due_date:%Y-%m-%d}|{'overdue' if over else 'due'}",
            severity=WARNING,
            site=row.site,
            group=f"incident:{row.incident_id}",
            at=row.due_date if over else now,
            facts={"priority": row.priority, **units},
        )


def _stale(connection: sa.Connection, now: datetime) -> Iterator[Event]:
    for row in connection.execute(_STALE, {"files": FILES}).all():
        if row.newest is not None and STALE_AFTER < now - row.newest < HISTORY_AFTER:
            yield Event(
                DATA_STALE,
                "site",
                row.site,
                f"no telemetry since {row.newest:%Y-%m-%d %H:%M} UTC: no alert can be raised of it",
                fact=f"{row.newest:%Y-%m-%d}",
                severity=WARNING,
                site=row.site,
                facts={"newest": row.newest.isoformat()},
            )


def _quarantined(connection: sa.Connection, now: datetime) -> Iterator[Event]:
    limits = {"since": now - LOOKED_BACK, "rows": QUARANTINED_ROWS, "share": QUARANTINED_SHARE}
    for row in connection.execute(_QUARANTINED, limits).all():
        share = row.refused / max(row.read, 1)
        yield Event(
            DATA_QUARANTINED,
            "partition",
            f"{row.table_name}|{row.month}|{row.site}",
            f"{row.table_name} of {row.month}: {row.refused:,} of {row.read:,} rows refused ({share:.0%})",
            # Told again where it becomes ten times worse, not with each file.
            fact=str(len(str(row.refused))),
            severity=WARNING,
            site=row.site,
            group=f"quarantine:{row.site}|{row.month}",
            facts={"table": row.table_name, "month": row.month, "rows": row.refused},
        )


def _keys_ending(connection: sa.Connection, now: datetime) -> Iterator[Event]:
    for row in connection.execute(_ENDING, {"now": now, "until": now + KEY_ENDS_WITHIN}).all():
        yield Event(
            KEY_EXPIRING,
            "key",
            str(row.id),
            f"key {row.name} ({row.prefix}) ends on {row.expires_at:%Y-%m-%d %H:%M} UTC",
            fact=row.expires_at.isoformat(),
            severity=CRITICAL if row.expires_at - now < timedelta(days=2) else WARNING,
            owner=row.user_id,
        )
