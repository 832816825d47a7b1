"""Keys of programs: made, listed, revoked, rotated. A key may never do more than the person whose it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import key_text
from battery_assets.actions.people.accounts import COMMAND_LINE, known_sites
from battery_assets.actions.people.caller import BY_ROLE, EVERY_SITE, SCOPES, WITH_SECOND_FACTOR
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.sealing import Seal

LASTS, LASTS_AT_MOST = timedelta(days=365), timedelta(days=730)
RATE, HIGHEST_RATE = 600, 60_000
MOST_OF_A_PERSON = 50


@dataclass(frozen=True)
class NewKey:
    """A key as it is shown once."""

    number: int
    prefix: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Terms:
    """What a key may do, and until when. ceiling: it sees what was known then, and nothing later."""

    name: str
    scopes: tuple[str, ...]
    sites: tuple[str, ...] = (EVERY_SITE,)
    rate_limit: int = RATE
    expires_at: datetime | None = None
    ceiling: datetime | None = None


def create(connection: sa.Connection, seal: Seal, user: int, terms: Terms, by: int = COMMAND_LINE) -> NewKey:
    """Make a key of an account. UserError for scopes that its owner lacks, unknown sites, odd terms.

    Who has yet to set up a second factor makes no key that does what the person may not do without.
    """
    u, k = t.users, t.api_keys
    query = sa.select(u).where(u.c.id == user).with_for_update()
    owner = connection.execute(query).first()
    if owner is None or not owner.is_active:
        raise UserError("the key's owner has no account that may sign in", "see `battery-assets user list`")
    lacks = by != COMMAND_LINE and owner.role in WITH_SECOND_FACTOR and not owner.totp_enabled
    _refuse_odd(terms, BY_ROLE["viewer" if lacks else owner.role])
    known_sites(connection, terms.sites)
    mine = sa.select(sa.func.count()).where(k.c.user_id == user, k.c.is_active)
    if connection.execute(mine).scalar_one() >= MOST_OF_A_PERSON:
        raise UserError(f"a person has {MOST_OF_A_PERSON} keys at most", "revoke one that nobody uses")
    values = {
        "user_id": user,
        "name": terms.name.strip(),
        "scopes": sorted(set(terms.scopes)),
        "sites": sorted(set(terms.sites)),
        "rate_limit": terms.rate_limit,
        "expires_at": terms.expires_at or clock.now() + LASTS,
        "knowledge_ceiling": terms.ceiling,
    }
    made = _put(connection, seal, values)
    said: dict[str, Any] = {
        "prefix": made.prefix,
        "name": values["name"],
        "scopes": values["scopes"],
        "sites": values["sites"],
    }
    note(connection, "key.create", user=by, owner=owner.username, **said)
    return made


def listed(connection: sa.Connection, user: int | None = None) -> Sequence[sa.RowMapping]:
    """Keys with their owners, those of one account perhaps, the newest first. No secret is among it."""
    k, u = t.api_keys.c, t.users.c
    columns = [k.id, k.prefix, k.name, k.scopes, k.sites, k.rate_limit, k.expires_at, k.knowledge_ceiling]
    columns += [k.last_used_at, k.is_active, k.revoked_at, k.created_at, k.user_id, u.username]
    query = sa.select(*columns).join_from(t.api_keys, t.users, u.id == k.user_id).order_by(k.id.desc())
    return connection.execute(query if user is None else query.where(k.user_id == user)).mappings().all()


def revoke(
    connection: sa.Connection, number: int, by: int = COMMAND_LINE, only_of: int | None = None
) -> None:
    """Let a key be worth nothing from now on. UserError where there is none; `only_of`: none of another's."""
    row = _held(connection, number, only_of)
    k = t.api_keys
    values = {"is_active": False, "revoked_at": clock.now(), "updated_at": clock.now()}
    connection.execute(k.update().where(k.c.id == number).values(**values))
    note(connection, "key.revoke", user=by, prefix=row.prefix)


def rotate(
    connection: sa.Connection,
    seal: Seal,
    number: int,
    *,
    both_for: timedelta = timedelta(hours=24),
    by: int = COMMAND_LINE,
    only_of: int | None = None,
) -> NewKey:
    """Make a key of the same terms and lasting; the one before ends when both were good for so long."""
    row, now = _held(connection, number, only_of), clock.now()
    lasted = (row.expires_at - row.created_at) if row.expires_at else LASTS
    names = ("user_id", "name", "scopes", "sites", "rate_limit", "knowledge_ceiling")
    values = {name: row._mapping[name] for name in names}
    made = _put(connection, seal, {**values, "expires_at": now + min(lasted, LASTS_AT_MOST)})
    k, ends = t.api_keys, min(row.expires_at or now + both_for, now + both_for)
    # Its end is wanted: nobody is told that it comes.
    connection.execute(
        k.update().where(k.c.id == number).values(expires_at=ends, warned_at=now, updated_at=now)
    )
    note(connection, "key.rotate", user=by, prefix=row.prefix, new=made.prefix, ends=ends.isoformat())
    return made


def number_of(connection: sa.Connection, key: str) -> int:
    """The number of a key by its number, or by what it begins with. UserError where there is none."""
    k = t.api_keys.c
    same = k.id == int(key) if key.isascii() and key.isdigit() and len(key) < 18 else k.prefix == key
    number = connection.execute(sa.select(k.id).where(same)).scalar_one_or_none()
    if number is None:
        raise UserError("no key is called so", "see `battery-assets key list`")
    return int(number)


def _put(connection: sa.Connection, seal: Seal, values: dict[str, object]) -> NewKey:
    prefix, secret, text = key_text.fresh()
    row = {**values, "prefix": prefix, "key_hash": seal.checksum("key", prefix + secret)}
    statement = t.api_keys.insert().values(**row).returning(t.api_keys.c.id)
    return NewKey(int(connection.execute(statement).scalar_one()), prefix, text)


def _held(connection: sa.Connection, number: int, only_of: int | None) -> sa.Row:
    k = t.api_keys
    query = sa.select(k).where(k.c.id == number, k.c.is_active).with_for_update()
    row = connection.execute(query).first()
    if row is None or (only_of is not None and row.user_id != only_of):
        raise UserError(f"there is no key {number} that is active", "see the list of keys")
    return row


def _refuse_odd(terms: Terms, owned: Collection[str]) -> None:
    now = clock.now()
    if not 1 <= len(terms.name.strip()) <= 120:
        raise UserError("a key needs a name of 1 to 120 characters", "say what it is for")
    unknown = set(terms.scopes) - set(SCOPES)
    if unknown or not terms.scopes:
        said = f"{', '.join(sorted(unknown))} is no scope" if unknown else "a key needs a scope"
        raise UserError(said, f"give some of {', '.join(SCOPES)}")
    lacks = set(terms.scopes) - set(owned)
    if lacks:
        raise UserError(f"the owner may not do {', '.join(sorted(lacks))}", "leave it out, or ask an admin")
    if not 1 <= terms.rate_limit <= HIGHEST_RATE:
        raise UserError(f"a key may ask 1 to {HIGHEST_RATE} times a minute", "give such a number")
    if terms.expires_at is not None and not now < terms.expires_at <= now + LASTS_AT_MOST:
        raise UserError(f"a key ends within {LASTS_AT_MOST.days} days", "give an instant within them")
