"""Webhooks as people set them up: added, paused, their secrets rotated, tested, their messages sent again.

`check` says whether an address may be one, and raises where not: what sends knows which it may go to.
"""

import base64
import secrets
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.outbox.events import Event, emit
from battery_assets.platform.outbox.kinds import KINDS, TEST
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.outbox.routing import CHATS
from battery_assets.platform.sealing import Seal
from battery_assets.tables.service import messages as m
from battery_assets.tables.service.people import users

STANDARD = "standard"
EVERY_KIND = "*"
# Receivers have so long to take the new secret.
BOTH_SECRETS_FOR = timedelta(hours=24)
MOST_OF_A_PERSON = 20
Check = Callable[[str], None]
# Standard Webhooks asks for 24 to 64 random bytes.
SECRET_BYTES, SECRET_PREFIX = 32, "whsec_"


def new_secret() -> str:
    """A fresh secret, as receivers' libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def add(
    connection: sa.Connection,
    seal: Seal,
    user: int,
    name: str,
    url: str,
    kinds: Collection[str],
    secret: str,
    check: Check,
    provider: str = STANDARD,
) -> int:
    """Add a webhook of a person; `secret` is shown to nobody again. Returns its number.

    A chat's address is a secret itself: it is sealed, and shown without what follows its scheme. UserError
    where the address may not be one, for unknown kinds, and where a person who is no admin adds a chat.
    """
    _refuse_unknown(kinds)
    check(url)
    person = connection.execute(sa.select(users).where(users.c.id == user, users.c.is_active)).one_or_none()
    if person is None:
        raise UserError(f"no active account has the number {user}", "see the accounts")
    if provider in CHATS:
        if person.role != "admin":
            raise UserError("a chat is set up by an admin", "ask one")
        secret, url = url, f"{url.split('://', 1)[0]}://{uuid.uuid4()}"
    elif provider != STANDARD:
        raise UserError(f"{provider!r} is no provider", f"give one of {STANDARD}, {', '.join(CHATS)}")
    own = sa.select(sa.func.count()).where(m.webhook_configurations.c.user_id == user)
    if connection.execute(own).scalar_one() >= MOST_OF_A_PERSON:
        raise UserError(f"a person has at most {MOST_OF_A_PERSON} webhooks", "remove one that is not needed")
    values = {
        "user_id": user,
        "provider_type": provider,
        "webhook_url": url,
        "name": _words(name),
        "enabled_events": sorted(set(kinds)),
        "secret": seal.seal(secret),
    }
    statement = insert(m.webhook_configurations).values(**values)
    statement = statement.on_conflict_do_nothing(constraint="uq_user_webhook_url")
    number = connection.execute(statement.returning(m.webhook_configurations.c.id)).scalar_one_or_none()
    if number is None:
        raise UserError("this address is one of your webhooks already", "change that one")
    note(connection, "webhook.add", user=user, webhook=number, provider=provider)
    return int(number)


def change(connection: sa.Connection, user: int, number: int, check: Check, **values: Any) -> None:
    """Change name, description, kinds (`enabled_events`), address, or whether it is told (`is_active`).

    One that is switched on again begins anew: its failures are forgotten.
    """
    row = _own(connection, user, number)
    unknown = values.keys() - {"name", "description", "enabled_events", "webhook_url", "is_active"}
    if unknown:
        raise UserError(
            f"{', '.join(sorted(unknown))} cannot be changed", "name, kinds, address or state can"
        )
    if "webhook_url" in values:
        if row.provider_type in CHATS:
            raise UserError("a chat's address is not changed", "remove it and add the new one")
        check(values["webhook_url"])
    if "enabled_events" in values:
        _refuse_unknown(values["enabled_events"])
    if "name" in values:
        values["name"] = _words(values["name"])
    if values.get("is_active"):
        begun = ("disabled_at", "disabled_reason", "failing_since", "warned_at", "last_error")
        values |= {**dict.fromkeys(begun), "consecutive_failures": 0}
    _update(connection, number, **values)
    note(connection, "webhook.change", user=user, webhook=number, changed=sorted(values))


def remove(connection: sa.Connection, user: int, number: int) -> None:
    """Remove a webhook, and with it what is known of its messages."""
    _own(connection, user, number)
    w = m.webhook_configurations
    connection.execute(sa.delete(w).where(w.c.id == number))
    note(connection, "webhook.remove", user=user, webhook=number)


def rotate(connection: sa.Connection, seal: Seal, user: int, number: int, secret: str) -> None:
    """Give a webhook a new secret: for a day messages are signed with both."""
    row = _own(connection, user, number)
    if row.provider_type in CHATS:
        raise UserError("a chat has no secret of ours", "remove it and add the new address")
    until = clock.now() + BOTH_SECRETS_FOR
    _update(connection, number, secret=seal.seal(secret), previous_secret=row.secret, previous_until=until)
    note(connection, "webhook.rotate", user=user, webhook=number)


def test(connection: sa.Connection, user: int, number: int) -> int:
    """Send a test event to one webhook, whatever it is told of else. Returns the delivery's number."""
    row = _own(connection, user, number)
    event = Event(TEST, "webhook", str(number), f"A test of {row.name}", fact=str(uuid.uuid4()), owner=user)
    emit(connection, event)
    return _deliver(connection, event.event_id, number, "slack" if row.provider_type in CHATS else "webhook")


def replay(connection: sa.Connection, user: int, number: int, since: Any, until: Any = None) -> int:
    """Send again, under the same ids, what a webhook was not sent, or was given up, since an instant.

    Returns how many messages that are.
    """
    _own(connection, user, number)
    d = m.delivery.c
    span = [d.webhook_config_id == number, d.created_at >= since, d.delivered_at.is_(None)]
    span += [d.created_at < until] if until is not None else []
    values = {"given_up_at": None, "attempts": 0, "next_at": clock.now(), "last_error": None}
    count = connection.execute(sa.update(m.delivery).where(*span).values(**values)).rowcount
    note(connection, "webhook.replay", user=user, webhook=number, messages=count)
    return int(count)


def replay_one(connection: sa.Connection, user: int, number: int, message_id: str) -> None:
    """Send one message again, under the same id, delivered or not. UserError where there is none."""
    _own(connection, user, number)
    d = m.delivery.c
    values = {"given_up_at": None, "delivered_at": None, "attempts": 0, "next_at": clock.now()}
    one = [d.webhook_config_id == number, d.message_id == message_id]
    if connection.execute(sa.update(m.delivery).where(*one).values(**values)).rowcount != 1:
        raise UserError(f"this webhook has no message {message_id}", "see its log")
    note(connection, "webhook.replay", user=user, webhook=number, message=message_id)


def of_person(connection: sa.Connection, user: int) -> Sequence[sa.RowMapping]:
    """A person's webhooks, without their secrets."""
    w = m.webhook_configurations.c
    shown = [column for column in w if column.name not in ("secret", "previous_secret")]
    return connection.execute(sa.select(*shown).where(w.user_id == user).order_by(w.id)).mappings().all()


def attempts(connection: sa.Connection, user: int, number: int, most: int = 10) -> Sequence[sa.RowMapping]:
    """The newest attempts to tell a webhook, the newest first, with what was answered."""
    _own(connection, user, number)
    log = m.webhook_logs.c
    query = sa.select(m.webhook_logs).where(log.webhook_config_id == number)
    return connection.execute(query.order_by(log.id.desc()).limit(most)).mappings().all()


def allow_network(
    connection: sa.Connection, admin: int, network: str, port: int | None, comment: str
) -> None:
    """Let webhooks into a network that is not public. UserError where the person is no admin."""
    role = sa.select(users.c.role).where(users.c.id == admin, users.c.is_active)
    if connection.execute(role).scalar_one_or_none() != "admin":
        raise UserError("a network is opened by an admin", "ask one")
    values = {"network": network, "port": port, "comment": comment, "created_by": admin}
    connection.execute(insert(m.webhook_network).values(**values).on_conflict_do_nothing())
    note(connection, "webhook.allow_network", user=admin, network=network, port=port)


def _own(connection: sa.Connection, user: int, number: int) -> sa.Row:
    w = m.webhook_configurations
    row = connection.execute(sa.select(w).where(w.c.id == number, w.c.user_id == user)).one_or_none()
    if row is None:
        raise UserError(f"you have no webhook {number}", "see your webhooks")
    return row


def _deliver(connection: sa.Connection, event_id: str, number: int, channel: str) -> int:
    """A delivery of an event to one webhook alone."""
    o = m.outbox
    done = sa.update(o).where(o.c.event_id == event_id).values(delivered_at=clock.now())
    outbox_id = connection.execute(done.returning(o.c.id)).scalar_one()
    values = {"outbox_id": outbox_id, "channel": channel, "webhook_config_id": number}
    values["user_id"] = sa.select(m.webhook_configurations.c.user_id).where(
        m.webhook_configurations.c.id == number
    ).scalar_subquery()  # fmt: skip
    made = sa.insert(m.delivery).values(**values, next_at=clock.now()).returning(m.delivery.c.id)
    return int(connection.execute(made).scalar_one())


def _update(connection: sa.Connection, number: int, **values: Any) -> None:
    w = m.webhook_configurations
    connection.execute(sa.update(w).where(w.c.id == number).values(**values, updated_at=clock.now()))


def _refuse_unknown(kinds: Collection[str]) -> None:
    unknown = sorted(set(kinds) - KINDS.keys() - {EVERY_KIND})
    if unknown or not kinds:
        said = f"{', '.join(unknown)} is no kind of event" if unknown else "no kind of event is named"
        raise UserError(said, f"give some of {', '.join(sorted(KINDS))}, or * for all")


def _words(name: str) -> str:
    said = " ".join(name.split())
    if not said or len(said) > 120:
        raise UserError("a webhook has a name of 1 to 120 characters", "say what it is for")
    return said
