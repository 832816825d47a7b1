"""What messages leave behind, and for how long it is kept.

Events stay: that one was told is how nothing is told twice. What was sent of them, and the log of it, goes.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from battery_assets.tables.service import messages as m

# Deliveries and attempts serve replay and the console's list; mails answer for a year.
MESSAGES_FOR, MAILS_FOR = timedelta(days=90), timedelta(days=400)
# A statement takes so many rows: sending goes on meanwhile.
ROWS_AT_ONCE = 5_000


def prune(connection: sa.Connection, now: datetime, rows_at_once: int = ROWS_AT_ONCE) -> dict[str, int]:
    """Delete what has been kept long enough. Returns rows deleted by table; call again while one is full."""
    d, q = m.delivery.c, m.email_digest_queue.c
    ended = sa.or_(d.delivered_at.is_not(None), d.given_up_at.is_not(None))
    old = {
        m.email_digest_queue: sa.and_(q.included_in_digest, q.scheduled_for < now - MESSAGES_FOR),
        m.webhook_logs: m.webhook_logs.c.created_at < now - MESSAGES_FOR,
        m.delivery: sa.and_(ended, d.created_at < now - MESSAGES_FOR),
        m.email_logs: m.email_logs.c.created_at < now - MAILS_FOR,
    }
    return {table.name: _delete(connection, table, which, rows_at_once) for table, which in old.items()}


def _delete(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool], most: int) -> int:
    some = (
        sa.select(table.c.id).where(which).order_by(table.c.id).limit(most).with_for_update(skip_locked=True)
    )
    return int(connection.execute(sa.delete(table).where(table.c.id.in_(some))).rowcount)
