"""How a person wants to hear of what, what they do not want to hear of, and what they have not read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.outbox.kinds import KINDS, NEVER
from battery_assets.tables.service import messages as m

CHANNELS = ("email_enabled", "in_app_enabled", "slack_enabled", "webhook_enabled")
OBJECTS = ("incident", "alert", "battery", "string", "location", "site", "run", "job", "model", "work_order")


def preferences(connection: sa.Connection, user: int) -> list[dict[str, Any]]:
    """Each kind of event in order, with the person's choice, or the default where they made none."""
    p = m.notification_preferences
    own = {
        row["event_type"]: row
        for row in connection.execute(sa.select(p).where(p.c.user_id == user)).mappings()
    }
    rows = []
    for kind in KINDS.values():
        chosen = own.get(kind.name)
        default = {**dict.fromkeys(CHANNELS, True), "email_frequency": kind.email}
        default["email_enabled"] = kind.email != NEVER
        values = {name: chosen[name] if chosen else default[name] for name in default}
        rows.append({"event_type": kind.name, "words": kind.words, "chosen": chosen is not None, **values})
    return rows


def choose(connection: sa.Connection, user: int, event_type: str, **values: Any) -> None:
    """Say how a person wants to hear of a kind. UserError for what is no kind, channel or frequency."""
    if event_type not in KINDS:
        raise UserError(f"{event_type!r} is no kind of event", f"give one of {', '.join(KINDS)}")
    frequency = values.get("email_frequency")
    if frequency is not None and frequency not in m.FREQUENCIES:
        raise UserError(f"{frequency!r} is no frequency", f"give one of {', '.join(m.FREQUENCIES)}")
    unknown = values.keys() - {*CHANNELS, "email_frequency"}
    if unknown:
        raise UserError(f"{', '.join(sorted(unknown))} is no channel", f"give some of {', '.join(CHANNELS)}")
    default = next(row for row in preferences(connection, user) if row["event_type"] == event_type)
    whole = {name: default[name] for name in (*CHANNELS, "email_frequency")} | values
    statement = insert(m.notification_preferences).values(user_id=user, event_type=event_type, **whole)
    statement = statement.on_conflict_do_update(
        constraint="uq_user_event_type", set_={**whole, "updated_at": clock.now()}
    )
    connection.execute(statement)


def mute(
    connection: sa.Connection,
    user: int,
    object_kind: str,
    object_id: str,
    *,
    event_type: str | None = None,
    until: datetime | None = None,
    reason: str | None = None,
) -> int:
    """Let a person hear nothing more of an object, or no more of one kind. Returns the mute's number."""
    if object_kind not in OBJECTS:
        raise UserError(f"{object_kind!r} is no kind of object", f"give one of {', '.join(OBJECTS)}")
    if event_type is not None and event_type not in KINDS:
        raise UserError(f"{event_type!r} is no kind of event", f"give one of {', '.join(KINDS)}")
    values = {"user_id": user, "object_kind": object_kind, "object_id": object_id}
    values |= {"event_type": event_type, "until": until, "reason": reason}
    statement = sa.insert(m.event_mute).values(**values).returning(m.event_mute.c.id)
    return int(connection.execute(statement).scalar_one())


def unmute(connection: sa.Connection, user: int, number: int) -> None:
    """Take a mute back. UserError where the person has none of that number."""
    e = m.event_mute
    if connection.execute(sa.delete(e).where(e.c.id == number, e.c.user_id == user)).rowcount != 1:
        raise UserError(f"you have no mute {number}", "see your mutes")


def mutes(connection: sa.Connection, user: int) -> Sequence[sa.RowMapping]:
    """What a person wants to hear nothing of, and until when."""
    e = m.event_mute.c
    lasts = sa.or_(e.until.is_(None), e.until > clock.now())
    columns = [e.id, e.object_kind, e.object_id, e.event_type, e.until, e.reason]
    query = sa.select(*columns).where(e.user_id == user, lasts).order_by(e.id.desc())
    return connection.execute(query).mappings().all()


def inbox(
    connection: sa.Connection, user: int, *, unread: bool = False, before: int | None = None, most: int = 50
) -> Sequence[sa.RowMapping]:
    """What the console shows a person, the newest first; `before` is the number that a page ended with."""
    d, o = m.delivery.c, m.outbox.c
    columns = [d.id, d.created_at, d.read_at, o.event_id, o.event_type, o.severity, o.site]
    columns += [o.object_kind, o.object_id, o.group_key, o.payload]
    query = sa.select(*columns).join_from(m.delivery, m.outbox, d.outbox_id == o.id)
    query = query.where(d.user_id == user, d.channel == "in_app")
    query = query.where(d.read_at.is_(None)) if unread else query
    query = query.where(d.id < before) if before is not None else query
    return connection.execute(query.order_by(d.id.desc()).limit(most)).mappings().all()


def mark_read(connection: sa.Connection, user: int, up_to: int) -> int:
    """Note that a person has read what the console shows, up to a number. Returns how many that were."""
    d = m.delivery
    unread = [d.c.user_id == user, d.c.channel == "in_app", d.c.read_at.is_(None), d.c.id <= up_to]
    return int(connection.execute(sa.update(d).where(*unread).values(read_at=clock.now())).rowcount)
