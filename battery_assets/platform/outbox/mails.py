"""Mails: single ones are deliveries under a lease, digests are composed once and then sent until they went.

email_logs says what the mail server said. Opened and clicked stay NULL: to know them, a mail would have to
carry pictures and links that tell on its reader.
"""

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform.outbox import retries
from battery_assets.platform.outbox.deliveries import LEASE
from battery_assets.tables.service import messages as m
from battery_assets.tables.service.people import users

QUEUED, SENT, FAILED = "queued", "sent", "failed"
PROVIDER, DIGEST = "smtp", "digest"
_SPACE = uuid.UUID("5b0a1a0e-1f5d-5c53-8d0c-0b8f2f6f7b21")

_TAKE = sa.text("""
WITH taken AS (
    SELECT id FROM service.delivery
    WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_at <= :now AND channel = 'email'
    ORDER BY next_at LIMIT :most FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE service.delivery d SET next_at = :until, attempts = d.attempts + 1, updated_at = :now
    FROM taken WHERE d.id = taken.id RETURNING d.*
)
SELECT l.id, l.user_id, l.message_id, l.attempts, u.email, u.name, u.is_active,
       o.event_type, o.severity, o.site, o.object_kind, o.object_id, o.payload
FROM leased l JOIN service.outbox o ON o.id = l.outbox_id JOIN service.users u ON u.id = l.user_id
ORDER BY l.id
""")

_TAKE_DIGESTS = sa.text("""
WITH taken AS (
    SELECT id FROM service.email_logs
    WHERE status = 'queued' AND template_name = 'digest' AND updated_at <= :now
    ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE service.email_logs e SET retry_count = e.retry_count + 1, updated_at = :until
FROM taken WHERE e.id = taken.id RETURNING e.*
""")


def take(
    connection: sa.Connection, now: datetime, lease: timedelta = LEASE, most: int = 20
) -> Sequence[sa.Row]:
    """Take single mails that are due."""
    return connection.execute(_TAKE, {"now": now, "until": now + lease, "most": most}).all()


def settle(
    connection: sa.Connection,
    taken: sa.Row,
    subject: str,
    now: datetime,
    draw: random.Random,
    *,
    problem: str | None = None,
    for_good: bool = False,
) -> None:
    """Note what the server said of a mail. `for_good`: another try would say the same."""
    wait = None if problem is None or for_good else retries.next_wait(taken.attempts, None, draw)
    status = SENT if problem is None else FAILED if wait is None else QUEUED
    log = {
        "user_id": taken.user_id,
        "recipient_email": taken.email,
        "event_type": taken.event_type,
        "subject": subject[:255],
        "template_name": "event",
        "event_data": taken.payload,
        "provider": PROVIDER,
        "message_id": str(taken.message_id),
        "status": status,
        "error_message": problem,
        "sent_at": now if status == SENT else None,
        "retry_count": taken.attempts - 1,
        "delivery_id": taken.id,
        "updated_at": now,
    }
    again = {name: log[name] for name in ("status", "error_message", "sent_at", "retry_count", "updated_at")}
    connection.execute(
        insert(m.email_logs).values(**log).on_conflict_do_update(index_elements=["message_id"], set_=again)
    )
    values: dict[str, Any] = {"last_error": problem, "updated_at": now}
    values |= {"delivered_at": now} if status == SENT else {}
    values |= {"given_up_at": now} if status == FAILED else {}
    values |= {"next_at": now + wait} if wait is not None else {}
    connection.execute(sa.update(m.delivery).where(m.delivery.c.id == taken.id).values(**values))


def queue_digest(
    connection: sa.Connection, person: sa.Row, kind: str, key: str, subject: str, text: str, now: datetime
) -> int | None:
    """Put a composed digest on its way. Returns its number; None where one of this key is there already.

    `key` tells this digest from the person's others of its kind.
    """
    values = {
        "user_id": person.id,
        "recipient_email": person.email,
        "event_type": kind,
        "subject": subject[:255],
        "template_name": DIGEST,
        "event_data": {"text": text},
        "provider": PROVIDER,
        "message_id": str(uuid.uuid5(_SPACE, f"{person.id}|{kind}|{key}")),
        "status": QUEUED,
        "created_at": now,
        "updated_at": now,
    }
    statement = insert(m.email_logs).values(**values).on_conflict_do_nothing(index_elements=["message_id"])
    return connection.execute(statement.returning(m.email_logs.c.id)).scalar_one_or_none()


def take_digests(
    connection: sa.Connection, now: datetime, lease: timedelta = LEASE, most: int = 20
) -> Sequence[sa.Row]:
    """Take composed digests that have not gone; `updated_at` of a taken one is the end of its lease."""
    return connection.execute(_TAKE_DIGESTS, {"now": now, "until": now + lease, "most": most}).all()


def settle_digest(
    connection: sa.Connection,
    taken: sa.Row,
    now: datetime,
    draw: random.Random,
    *,
    problem: str | None = None,
    for_good: bool = False,
) -> None:
    """Note what the server said of a digest."""
    wait = None if problem is None or for_good else retries.next_wait(taken.retry_count, None, draw)
    status = SENT if problem is None else FAILED if wait is None else QUEUED
    values: dict[str, Any] = {
        "status": status,
        "error_message": problem,
        "updated_at": now + (wait or timedelta()),
    }
    if status != QUEUED:
        values["retry_count"] = taken.retry_count - 1
    values["sent_at"] = now if status == SENT else None
    connection.execute(sa.update(m.email_logs).where(m.email_logs.c.id == taken.id).values(**values))


def due_items(connection: sa.Connection, person: int, now: datetime) -> Sequence[sa.Row]:
    """What waits for a person's digest and is due, locked until the transaction ends."""
    q = m.email_digest_queue.c
    query = (
        sa.select(m.email_digest_queue)
        .where(q.user_id == person, q.scheduled_for <= now, q.included_in_digest.is_(False))
        .order_by(q.id)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(query).all()


def mark_included(
    connection: sa.Connection, items: Sequence[sa.Row], mail: int | None, now: datetime
) -> None:
    """These went into a digest, or came to nothing: `mail` is the number of the mail, where there is one."""
    q = m.email_digest_queue
    values = {"included_in_digest": True, "email_log_id": mail, "updated_at": now}
    connection.execute(sa.update(q).where(q.c.id.in_([item.id for item in items])).values(**values))


def people_with_due_items(connection: sa.Connection, now: datetime) -> Sequence[sa.Row]:
    """People of whom something waits for a digest that is due."""
    q = m.email_digest_queue.c
    waits = sa.select(q.user_id).where(q.scheduled_for <= now, q.included_in_digest.is_(False))
    query = sa.select(users.c.id, users.c.email, users.c.sites).where(
        users.c.is_active, users.c.id.in_(waits)
    )
    return connection.execute(query.order_by(users.c.id)).all()


def since_of(connection: sa.Connection, person: int, kind: str) -> datetime | None:
    """When the newest digest of a kind was composed for a person."""
    e = m.email_logs.c
    newest = sa.select(sa.func.max(e.created_at)).where(e.user_id == person, e.event_type == kind)
    return connection.execute(newest).scalar_one()
