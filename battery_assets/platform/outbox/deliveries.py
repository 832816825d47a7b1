"""Deliveries by webhook and chat: taken under a lease, and what became of each attempt.

Whoever takes a delivery moves its `next_at` ahead by the lease. A worker that dies leaves it so: when the
lease has passed the next worker takes it, with the same message id.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from battery_assets.platform.outbox import retries
from battery_assets.platform.outbox.events import Event, emit
from battery_assets.platform.outbox.kinds import WARNING, WEBHOOK_DISABLED, WEBHOOK_FAILING
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.outbox.retries import Record
from battery_assets.tables.service import messages as m

LEASE = timedelta(seconds=120)
SENT, FAILED, REFUSED, DISABLED = "sent", "failed", "refused", "disabled"
GONE = 410
# Of what is due so many are looked at to find some for each receiver.
LOOKED_AT = 500
KEPT = 2_000


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. `wait` is the receiver's Retry-After, `sent_at` None where nothing left."""

    delivery: sa.Row
    status: str
    code: int | None
    words: str
    body: dict[str, Any] | None
    sent_at: datetime | None
    wait: timedelta | None = None


_TAKE = sa.text("""
WITH room AS (
    SELECT * FROM unnest(CAST(:receivers AS bigint[]), CAST(:rooms AS int[])) AS r (webhook_config_id, room)
), due AS (
    SELECT id, webhook_config_id,
           row_number() OVER (PARTITION BY webhook_config_id ORDER BY next_at, id) AS place
    FROM (SELECT id, webhook_config_id, next_at FROM service.delivery
          WHERE delivered_at IS NULL AND given_up_at IS NULL AND next_at <= :now
            AND channel IN ('webhook', 'slack')
            AND webhook_config_id NOT IN (SELECT webhook_config_id FROM room WHERE room <= 0)
          ORDER BY next_at LIMIT :looked_at) AS first
), taken AS (
    SELECT d.id FROM service.delivery d JOIN due ON due.id = d.id
    LEFT JOIN room ON room.webhook_config_id = d.webhook_config_id
    WHERE due.place <= coalesce(room.room, :each)
      AND d.next_at <= :now AND d.delivered_at IS NULL AND d.given_up_at IS NULL
    ORDER BY d.next_at LIMIT :most FOR UPDATE OF d SKIP LOCKED
), leased AS (
    UPDATE service.delivery d SET next_at = :until, attempts = d.attempts + 1, updated_at = :now
    FROM taken WHERE d.id = taken.id RETURNING d.*
)
SELECT l.id, l.channel, l.message_id, l.attempts, l.webhook_config_id, l.created_at,
       o.id AS outbox_id, o.event_id, o.event_type, o.severity, o.site, o.object_kind, o.object_id,
       o.group_key, o.payload, w.user_id, w.provider_type, w.webhook_url, w.is_active, w.secret,
       w.previous_secret, w.previous_until, w.settings
FROM leased l JOIN service.outbox o ON o.id = l.outbox_id
JOIN service.webhook_configurations w ON w.id = l.webhook_config_id
ORDER BY l.id
""").bindparams(
    sa.bindparam("receivers", type_=ARRAY(sa.BigInteger)), sa.bindparam("rooms", type_=ARRAY(sa.Integer))
)


def take(
    connection: sa.Connection,
    now: datetime,
    lease: timedelta = LEASE,
    *,
    most: int = 32,
    each: int = 8,
    room: Mapping[int, int] | None = None,
) -> Sequence[sa.Row]:
    """Take deliveries that are due: of a webhook as many as there is `room` for, else at most `each`."""
    room = room or {}
    values = {"now": now, "until": now + lease, "most": most, "each": each, "looked_at": LOOKED_AT}
    values |= {"receivers": list(room), "rooms": list(room.values())}
    return connection.execute(_TAKE, values).all()


def settle(
    connection: sa.Connection, outcomes: Sequence[Outcome], now: datetime, draw: random.Random
) -> None:
    """Note attempts: in the log, on the delivery, on the webhook, which is disabled where it is time."""
    if not outcomes:
        return
    connection.execute(sa.insert(m.webhook_logs), [_log(one, now) for one in outcomes])
    d = m.delivery
    by_number = sa.update(d).where(d.c.id == sa.bindparam("number"))
    settled = [_delivered(one, now, draw) for one in outcomes]
    connection.execute(
        by_number.values({name: sa.bindparam(name) for name in settled[0] if name != "number"}), settled
    )
    of_hooks: dict[int, list[Outcome]] = {}
    for one in sorted(outcomes, key=lambda outcome: outcome.delivery.webhook_config_id):
        of_hooks.setdefault(one.delivery.webhook_config_id, []).append(one)
    for number, attempts in of_hooks.items():
        _settle_hook(connection, number, attempts, now)


def hold_back(connection: sa.Connection, number: int, now: datetime, by: timedelta) -> None:
    """Let what waits for a receiver that does not answer wait a little: others go before it."""
    d = m.delivery.c
    waits = sa.and_(
        d.webhook_config_id == number, d.delivered_at.is_(None), d.given_up_at.is_(None), d.next_at <= now
    )
    connection.execute(sa.update(m.delivery).where(waits).values(next_at=now + by))


def _log(one: Outcome, now: datetime) -> dict[str, Any]:
    of = one.delivery
    return {
        "webhook_config_id": of.webhook_config_id,
        "user_id": of.user_id,
        "event_type": of.event_type,
        "provider_type": of.provider_type,
        "webhook_url": of.webhook_url,
        "payload": one.body,
        "status": one.status,
        "http_status_code": one.code,
        "response_body": _clean(one.words) if one.code else None,
        "error_message": None if one.status == SENT else _clean(one.words) or f"status {one.code}",
        "retry_count": of.attempts - 1,
        "sent_at": one.sent_at,
        "message_id": str(of.message_id),
        "delivery_id": of.id,
        "created_at": now,
    }


def _delivered(one: Outcome, now: datetime, draw: random.Random) -> dict[str, Any]:
    """What a delivery says after an attempt."""
    values = {"number": one.delivery.id, "delivered_at": None, "given_up_at": None, "next_at": now}
    values |= {"last_error": None, "updated_at": now}
    if one.status == SENT:
        return {**values, "delivered_at": now}
    values["last_error"] = _clean(one.words) or f"status {one.code}"
    wait = None
    if one.status != DISABLED and one.code != GONE:
        wait = retries.next_wait(one.delivery.attempts, one.wait, draw)
    return {**values, "given_up_at": now} if wait is None else {**values, "next_at": now + wait}


def _settle_hook(connection: sa.Connection, number: int, attempts: Iterable[Outcome], now: datetime) -> None:
    w = m.webhook_configurations
    mine = w.c.id == number
    row = connection.execute(sa.select(w).where(mine).with_for_update()).one_or_none()
    if row is None:
        return
    tried = [one for one in attempts if one.status != DISABLED]
    if not tried:
        return
    failures, since, warned = row.consecutive_failures, row.failing_since, row.warned_at
    for one in tried:
        if one.status == SENT:
            failures, since, warned = 0, None, None
        else:
            failures, since = failures + 1, since or now
    last = tried[-1]
    values = {"consecutive_failures": failures, "failing_since": since, "warned_at": warned}
    values |= {"last_used_at": now, "updated_at": now}
    values |= {"last_error": None if last.status == SENT else _clean(last.words) or f"status {last.code}"}
    gone = any(one.code == GONE for one in tried)
    stands = retries.standing(Record(since, now, warned)) if since else "well"
    if row.is_active and (gone or stands == "disabled"):
        reason = "it answered 410 Gone" if gone else "it failed for five days"
        values |= {"is_active": False, "disabled_at": now, "disabled_reason": reason}
        _tell_owner(connection, row, WEBHOOK_DISABLED, f"{row.name}: disabled, as {reason}", now)
        note(connection, "webhook.disable", user=row.user_id, webhook=number, name=row.name, reason=reason)
    elif row.is_active and stands == "failing" and warned is None:
        values["warned_at"] = now
        words = f"{row.name}: nothing but failures since {since:%Y-%m-%d %H:%M} UTC; it is disabled in a day"
        _tell_owner(connection, row, WEBHOOK_FAILING, words, since)
    connection.execute(sa.update(w).where(mine).values(**values))


def _tell_owner(connection: sa.Connection, row: sa.Row, kind: Any, words: str, at: datetime) -> None:
    emit(
        connection,
        Event(
            kind,
            "webhook",
            str(row.id),
            words,
            fact=at.isoformat(),
            severity=WARNING,
            owner=row.user_id,
            facts={"name": row.name},
        ),
    )


def _clean(words: str) -> str:
    """What PostgreSQL can keep of an answer."""
    return words.replace("\x00", "")[:KEPT]
