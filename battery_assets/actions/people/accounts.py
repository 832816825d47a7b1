"""Accounts of people: added, given a role and sites, disabled; a disabled account has no sessions."""

import re
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.caller import EVERY_SITE
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.registry.tables import site as site_table
from battery_assets.platform.sealing import Seal
from battery_assets.platform.warehouse.database import reading, transaction
from battery_assets.tables.service.people import ROLES

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,58}[a-z0-9])?")
_EMAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.?[^\s@<>,;\"]*")
COMMAND_LINE = 0


@dataclass(frozen=True)
class Accounts:
    """Where accounts are kept, and the home's seal of what is secret in them."""

    url: str = field(repr=False)
    seal: Seal = field(repr=False)

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """A transaction."""
        return transaction(self.url)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection that only asks."""
        return reading(self.url)


@dataclass(frozen=True)
class Origin:
    """Where somebody asks from: address, the program as it names itself, the request's number."""

    address: str | None = None
    agent: str | None = None
    request: str | None = None


def plain_name(name: str) -> str:
    """A name to sign in with, as it is kept."""
    return name.strip().lower()


def add(
    connection: sa.Connection,
    username: str,
    email: str,
    role: str,
    *,
    name: str = "",
    sites: Collection[str] = (EVERY_SITE,),
    by: int = COMMAND_LINE,
) -> int:
    """Add an account without a password, which its first link sets. Returns its number.

    UserError for a name, an address, a role or a site that cannot be, and for one that is taken.
    """
    username, email = plain_name(username), email.strip().lower()
    if not _NAME.fullmatch(username):
        raise UserError(f"{username!r} cannot be a name to sign in with", "take a to z, 0 to 9 and . _ -")
    if not _EMAIL.fullmatch(email) or len(email) > 255:
        raise UserError(f"{email!r} is no address for mail", "give one such as anna@example.org")
    _refuse_role(role)
    known_sites(connection, sites)
    refuse_beyond(connection, by, sites)
    users = t.users
    taken = sa.select(users.c.id).where(sa.or_(users.c.username == username, users.c.email == email))
    if connection.execute(taken).first() is not None:
        raise UserError("an account has that name or that address", "see `battery-assets user list`")
    # A person of the sites' master data keeps the identifier that the fleet's rows name.
    there = sa.select(t.user.c.user_id).where(sa.func.lower(t.user.c.email) == email).limit(1)
    same = connection.execute(there).scalar_one_or_none()
    values: dict[str, object] = {"username": username, "email": email, "role": role}
    values["name"] = (name.strip() or username)[:100]
    values |= {"sites": sorted(set(sites)), **({"user_id": same} if same else {})}
    number = int(connection.execute(users.insert().values(**values).returning(users.c.id)).scalar_one())
    note(connection, "user.add", user=by, account=username, role=role, sites=sorted(set(sites)))
    return number


def change(
    connection: sa.Connection,
    number: int,
    *,
    role: str | None = None,
    sites: Collection[str] | None = None,
    by: int = COMMAND_LINE,
) -> None:
    """Give an account another role, or other sites; its keys and sessions have no more from then on.

    UserError for the last admin, and for who changes their own account.
    """
    row = _locked(connection, number, by)
    if number == by:
        raise UserError("nobody changes the rights of their own account", "ask another admin")
    values: dict[str, object] = {}
    if role is not None:
        _refuse_role(role)
        values["role"] = role
        if row.role == "admin" and role != "admin":
            _refuse_last_admin(connection, number)
    if sites is not None:
        known_sites(connection, sites)
        refuse_beyond(connection, by, sites)
        values["sites"] = sorted(set(sites))
    if values:
        _set(connection, number, **values)
        before = {name: getattr(row, name) for name in values}
        note(connection, "user.change", user=by, account=row.username, before=before, after=values)


def disable(connection: sa.Connection, number: int, by: int = COMMAND_LINE) -> None:
    """Let an account sign in no more; its sessions and links end with it, its keys are refused."""
    row = _locked(connection, number, by)
    if number == by:
        raise UserError("nobody disables their own account", "ask another admin")
    if row.role == "admin":
        _refuse_last_admin(connection, number)
    _set(connection, number, is_active=False)
    end_sessions(connection, number, "account disabled")
    forget_links(connection, number)
    note(connection, "user.disable", user=by, account=row.username)


def enable(connection: sa.Connection, number: int, by: int = COMMAND_LINE) -> None:
    """Let a disabled account sign in again."""
    row = _locked(connection, number, by)
    _set(connection, number, is_active=True)
    note(connection, "user.enable", user=by, account=row.username)


def number_of(connection: sa.Connection, username: str) -> int:
    """The number of an account by its name. UserError where none is called so."""
    query = sa.select(t.users.c.id).where(t.users.c.username == plain_name(username))
    number = connection.execute(query).scalar_one_or_none()
    if number is None:
        raise UserError(f"no account is called {username!r}", "see `battery-assets user list`")
    return int(number)


def listed(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Every account, without what is secret of it, and when it was signed in to last."""
    u, h = t.users.c, t.login_history.c
    last = sa.select(sa.func.max(h.timestamp)).where(h.user_id == u.id, h.success).scalar_subquery()
    columns = [u.id, u.username, u.name, u.email, u.role, u.sites, u.is_active, u.totp_enabled]
    has = u.password_hash.is_not(None).label("has_password")
    query = sa.select(*columns, has, last.label("last_signed_in")).order_by(u.username)
    return connection.execute(query).mappings().all()


def end_sessions(connection: sa.Connection, user: int, reason: str, but: int | None = None) -> int:
    """End the sessions of an account, all but one perhaps. Returns how many ended."""
    s, now = t.session_logs, clock.now()
    mine = [s.c.user_id == user, s.c.is_active, s.c.id != (but or 0)]
    ended = s.update().where(*mine).values(is_active=False, logged_out_at=now, end_reason=reason)
    return int(connection.execute(ended).rowcount)


def forget_links(connection: sa.Connection, user: int) -> None:
    """Let no link of an account that waits be followed any more."""
    link = t.one_time_link
    waiting = (link.c.user_id == user) & link.c.used_at.is_(None)
    connection.execute(link.delete().where(waiting))


def known_sites(connection: sa.Connection, sites: Collection[str]) -> None:
    """UserError where one of the sites is none of the platform's."""
    named = set(sites) - {EVERY_SITE}
    unknown = named - set(connection.execute(sa.select(site_table.c.site)).scalars()) if named else set()
    if unknown or not sites:
        said = f"no site is called {', '.join(sorted(unknown))}" if unknown else "no site is named"
        raise UserError(said, "see `battery-assets site list`, or give * for every site")


def refuse_beyond(connection: sa.Connection, by: int, sites: Collection[str]) -> None:
    """UserError where an admin would rule over sites, or accounts of sites, that are not the admin's own."""
    if by == COMMAND_LINE:
        return
    own = connection.execute(sa.select(t.users.c.sites).where(t.users.c.id == by)).scalar_one()
    if EVERY_SITE not in own and not set(sites) <= set(own):
        raise UserError("it reaches beyond your own sites", "ask an admin who sees every site")


def _set(connection: sa.Connection, number: int, **values: object) -> None:
    connection.execute(
        t.users.update().where(t.users.c.id == number).values(**values, updated_at=clock.now())
    )


def _locked(connection: sa.Connection, number: int, by: int) -> sa.Row:
    row = connection.execute(sa.select(t.users).where(t.users.c.id == number).with_for_update()).first()
    if row is None:
        raise UserError(f"no account has the number {number}", "see `battery-assets user list`")
    refuse_beyond(connection, by, row.sites)
    return row


def _refuse_role(role: str) -> None:
    if role not in ROLES:
        raise UserError(f"{role!r} is no role", f"give one of {', '.join(ROLES)}")


def _refuse_last_admin(connection: sa.Connection, number: int) -> None:
    u = t.users.c
    admins = sa.select(u.id).where(u.role == "admin", u.is_active).order_by(u.id).with_for_update()
    if set(connection.execute(admins).scalars()) <= {number}:
        raise UserError("it is the last admin who may sign in", "make another account an admin first")
