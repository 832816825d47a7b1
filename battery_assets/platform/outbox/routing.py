"""From an event to everyone who is to be told: by console, mail, digest, webhook or chat.

One transaction takes events, writes a delivery for each way to each person, and marks the events: a worker
that dies leaves nothing half done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform.outbox.kinds import (
    CRITICAL,
    DAILY,
    HOURLY,
    IMMEDIATE,
    KINDS,
    NEVER,
    WEEKLY,
    Kind,
)
from battery_assets.tables.service import messages as m
from battery_assets.tables.service.people import users

BATCH = 200
# Digests of days and weeks go at this hour, in the zone that is set.
HOUR = 6
CHATS = ("slack", "teams")
ONE_INCIDENT = timedelta(hours=1)


@dataclass(frozen=True)
class Wish:
    """How a person wants to hear of a kind."""

    email: str
    in_app: bool = True
    chat: bool = True
    webhook: bool = True


@dataclass(frozen=True)
class Audience:
    """Everybody who may be told, as the books have them now."""

    people: Sequence[sa.Row]
    wishes: dict[tuple[int, str], Wish]
    mutes: dict[int, list[sa.Row]]
    webhooks: dict[int, list[sa.Row]]
    mail: bool

    def of(self, event: sa.Row) -> Iterator[sa.Row]:
        """The people who may hear of an event, and did not mute its object."""
        kind, owner = KINDS.get(event.event_type), event.payload.get("owner")
        for person in self.people:
            if owner is not None:
                concerned = person.id == owner
            else:
                concerned = kind is not None and person.role in kind.roles and _sees(person, event.site)
            if concerned and not self._muted(person.id, event):
                yield person

    def wish(self, person: int, kind: Kind) -> Wish:
        """What the person chose, or the default."""
        return self.wishes.get((person, kind.name), Wish(kind.email))

    def _muted(self, person: int, event: sa.Row) -> bool:
        about = {(event.object_kind, event.object_id), tuple((event.group_key or ":").split(":", 1))}
        units = event.payload.get("facts", {})
        about |= {(name.removesuffix("_id"), units[name]) for name in units if name.endswith("_id")}
        about |= {("site", event.site)}
        return any(
            (mute.object_kind, mute.object_id) in about and mute.event_type in (None, event.event_type)
            for mute in self.mutes.get(person, ())
        )


def route(connection: sa.Connection, now: datetime, mail: bool, zone: tzinfo = UTC) -> int:
    """Write the deliveries of events that wait. Returns how many events they were.

    `mail` says whether a server for mail is set: without one no mail is put into any queue. `zone` is that of
    the hours of digests.
    """
    waiting = (
        sa.select(m.outbox)
        .where(m.outbox.c.delivered_at.is_(None), m.outbox.c.next_at <= now)
        .order_by(m.outbox.c.next_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    events = connection.execute(waiting).all()
    if not events:
        return 0
    audience = _audience(connection, now, mail)
    deliveries: list[dict[str, Any]] = []
    queued: list[dict[str, Any]] = []
    at_once = _mailed(connection, events, now)
    for event in events:
        kind = KINDS.get(event.event_type)
        if kind is None:
            continue
        for person in audience.of(event):
            wish = audience.wish(person.id, kind)
            deliveries += _direct(event, person, wish, audience, now)
            when = _when(event, wish) if mail else NEVER
            # One message at once for an incident; what else is said of it waits for the next hour.
            key = (person.id, event.group_key, event.severity == CRITICAL)
            if when == IMMEDIATE and key in at_once:
                when = HOURLY
            if when == IMMEDIATE:
                at_once.add(key)
                deliveries.append(_delivery(event, "email", user_id=person.id))
            elif when != NEVER:
                queued.append(_queued(event, person, boundary(when, now, zone)))
    for row in (*deliveries, *queued):
        row["created_at"] = now
    for row in deliveries:
        row["next_at"] = now
    _put(connection, m.delivery, deliveries)
    _put(connection, m.email_digest_queue, queued)
    done = sa.update(m.outbox).where(m.outbox.c.id.in_([event.id for event in events]))
    connection.execute(done.values(delivered_at=now, updated_at=now, attempts=m.outbox.c.attempts + 1))
    return len(events)


def boundary(frequency: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """When the next digest of a frequency goes: on the hour, or at six of a day or of Monday in a zone."""
    if frequency == HOURLY:
        return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    here = now.astimezone(zone)
    six = here.replace(hour=HOUR, minute=0, second=0, microsecond=0, fold=0)
    if frequency == DAILY:
        # Days are counted on the wall: with summer time they have 23 and 25 hours.
        return (six if six > here else six + timedelta(days=1)).astimezone(UTC)
    if frequency == WEEKLY:
        monday = six - timedelta(days=here.weekday())
        return (monday if monday > here else monday + timedelta(days=7)).astimezone(UTC)
    raise ValueError(f"{frequency!r} is no frequency of a digest")


def _when(event: sa.Row, wish: Wish) -> str:
    return IMMEDIATE if event.severity == CRITICAL and wish.email != NEVER else wish.email


def _direct(
    event: sa.Row, person: sa.Row, wish: Wish, audience: Audience, now: datetime
) -> Iterator[dict[str, Any]]:
    """The deliveries by console, webhook and chat."""
    if wish.in_app:
        yield _delivery(event, "in_app", user_id=person.id, delivered_at=now)
    for hook in audience.webhooks.get(person.id, ()):
        chat = hook.provider_type in CHATS
        wanted = wish.chat if chat else wish.webhook
        if wanted and (event.event_type in hook.enabled_events or "*" in hook.enabled_events):
            channel = "slack" if chat else "webhook"
            yield _delivery(event, channel, user_id=person.id, webhook_config_id=hook.id)


def _delivery(event: sa.Row, channel: str, **of: Any) -> dict[str, Any]:
    none = {"user_id": None, "webhook_config_id": None, "delivered_at": None}
    return {"outbox_id": event.id, "channel": channel, **none, **of}


def _queued(event: sa.Row, person: sa.Row, at: datetime) -> dict[str, Any]:
    return {
        "user_id": person.id,
        "event_type": event.event_type,
        "event_data": {**event.payload, "severity": event.severity, "site": event.site},
        "scheduled_for": at,
        "outbox_id": event.id,
        "group_key": event.group_key,
    }


def _mailed(
    connection: sa.Connection, events: Sequence[sa.Row], now: datetime
) -> set[tuple[int, str | None, bool]]:
    """Person, group and whether critical, of the mails that went or go at once about these groups."""
    d, o = m.delivery.c, m.outbox.c
    query = (
        sa.select(d.user_id, o.group_key, o.severity == CRITICAL)
        .join_from(m.delivery, m.outbox, d.outbox_id == o.id)
        .where(d.channel == "email", d.created_at > now - ONE_INCIDENT)
        .where(o.group_key.in_({event.group_key for event in events}))
    )
    return {(row[0], row[1], row[2]) for row in connection.execute(query)}


def _audience(connection: sa.Connection, now: datetime, mail: bool) -> Audience:
    people = connection.execute(
        sa.select(users.c.id, users.c.role, users.c.sites).where(users.c.is_active).order_by(users.c.id)
    ).all()
    p = m.notification_preferences.c
    wishes = {
        (row.user_id, row.event_type): Wish(
            row.email_frequency if row.email_enabled else NEVER,
            row.in_app_enabled,
            row.slack_enabled,
            row.webhook_enabled,
        )
        for row in connection.execute(sa.select(m.notification_preferences).order_by(p.id))
    }
    mutes: dict[int, list[sa.Row]] = {}
    until = m.event_mute.c.until
    for row in connection.execute(sa.select(m.event_mute).where(until.is_(None) | (until > now))):
        mutes.setdefault(row.user_id, []).append(row)
    webhooks: dict[int, list[sa.Row]] = {}
    w = m.webhook_configurations.c
    query = sa.select(w.id, w.user_id, w.provider_type, w.enabled_events).where(w.is_active).order_by(w.id)
    for row in connection.execute(query):
        webhooks.setdefault(row.user_id, []).append(row)
    return Audience(people, wishes, mutes, webhooks, mail)


def _sees(person: sa.Row, site: str | None) -> bool:
    return site is None or "*" in person.sites or site in person.sites


def _put(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table).on_conflict_do_nothing(), rows)
