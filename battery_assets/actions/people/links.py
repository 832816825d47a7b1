"""Links that are followed once, to set a password: of a new account, and of who forgot theirs."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import passwords
from battery_assets.actions.people.accounts import (
    COMMAND_LINE,
    Accounts,
    Origin,
    end_sessions,
    forget_links,
    refuse_beyond,
)
from battery_assets.actions.people.second_factor import NotFresh
from battery_assets.actions.people.sessions import FRESH, hash_of
from battery_assets.errors import UserError
from battery_assets.hosting.presence import present
from battery_assets.platform import clock
from battery_assets.platform.outbox.logs import note
from battery_assets.settings import Settings

LASTS = timedelta(hours=24)
PATH = "/signin/link/"


class LinkOver(UserError):
    """A link that was followed, that is too old, or that never was."""

    def __init__(self) -> None:
        super().__init__("this link was used, has ended, or never was one", "ask an admin for another one")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)


def address(settings: Settings, token: str) -> str:
    """Where a link is followed: at the name of the proxy, at the `up` that serves, or where one would."""
    if settings.web_hosts:
        return f"https://{settings.web_hosts[0]}{PATH}{token}"
    serving = present(settings)
    here = serving.api_url if serving else f"http://127.0.0.1:{settings.api_port or 'PORT'}"
    return f"{here}{PATH}{token}"


@dataclass(frozen=True)
class Invited:
    """Whose password a link sets."""

    user: int
    username: str
    name: str


def make(connection: sa.Connection, user: int, by: int = COMMAND_LINE) -> str:
    """Make a link's token for an account that may sign in, and forget those before. It is shown once."""
    u = t.users.c
    columns = [u.username, u.password_hash, u.is_active, u.sites]
    row = connection.execute(sa.select(*columns).where(u.id == user)).one()
    refuse_beyond(connection, by, row.sites)
    if not row.is_active:
        raise UserError(f"the account {row.username} is disabled", "enable it first")
    forget_links(connection, user)
    token = secrets.token_urlsafe(32)
    purpose = "password_reset" if row.password_hash else "invitation"
    values = {"user_id": user, "purpose": purpose, "token_hash": hash_of(token)}
    connection.execute(t.one_time_link.insert().values(**values, expires_at=clock.now() + LASTS))
    note(connection, "user.link", user=by, account=row.username, purpose=purpose)
    return token


def invited(accounts: Accounts, token: str) -> Invited:
    """Who may follow a link, without following it. Raises LinkOver."""
    with accounts.reading() as connection:
        return _invited(connection, token)


def redeem_link(accounts: Accounts, token: str, new_password: str, origin: Origin) -> Invited:
    """Set a password by a link, which ends with it, as do all sessions of the account.

    Nobody is signed in by it: a second factor is asked for as ever (ASVS 6.4.3). Raises LinkOver,
    PasswordRefused, Busy.
    """
    person = invited(accounts, token)
    passwords.check(new_password, person.username, person.name)
    with passwords.turn():
        kept = passwords.hashed(new_password)
    with accounts.transaction() as connection:
        link = t.one_time_link
        unused = [link.c.token_hash == hash_of(token), link.c.used_at.is_(None)]
        person = _invited(connection, token)
        if connection.execute(link.update().where(*unused).values(used_at=clock.now())).rowcount != 1:
            raise LinkOver
        _set(connection, person.user, kept, origin, "link")
    return person


def change_password(accounts: Accounts, user: int, session: int, new_password: str, origin: Origin) -> None:
    """Set another password of a person who has just proved who they are; other sessions end.

    Raises NotFresh, PasswordRefused, Busy.
    """
    u, s = t.users.c, t.session_logs.c
    proved = sa.select(s.id).where(s.id == session, s.user_id == user, s.is_active)
    with accounts.reading() as connection:
        if connection.execute(proved.where(s.authenticated_at > clock.now() - FRESH)).first() is None:
            raise NotFresh
        row = connection.execute(sa.select(u.username, u.name).where(u.id == user)).one()
    passwords.check(new_password, row.username, row.name)
    with passwords.turn():
        kept = passwords.hashed(new_password)
    with accounts.transaction() as connection:
        _set(connection, user, kept, origin, "session", but=session)


def _set(
    connection: sa.Connection, user: int, kept: str, origin: Origin, how: str, but: int | None = None
) -> None:
    values = {"password_hash": kept, "password_changed_at": clock.now(), "updated_at": clock.now()}
    connection.execute(t.users.update().where(t.users.c.id == user).values(**values))
    end_sessions(connection, user, "password set", but=but)
    note(connection, "user.password", user=user, address=origin.address, request=origin.request, how=how)


def _invited(connection: sa.Connection, token: str) -> Invited:
    link, u = t.one_time_link.c, t.users.c
    waits = [link.token_hash == hash_of(token), link.used_at.is_(None), link.expires_at > clock.now()]
    query = sa.select(u.id, u.username, u.name).join_from(t.one_time_link, t.users, u.id == link.user_id)
    row = connection.execute(query.where(*waits, link.purpose != "acknowledge", u.is_active)).first()
    if row is None:
        raise LinkOver
    return Invited(*row)
