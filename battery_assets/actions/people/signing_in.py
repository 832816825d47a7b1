"""Signing in: password, second factor, session. Every failure has the same words, whatever was wrong."""

from dataclasses import dataclass, field
from typing import Literal, NoReturn

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import attempts, passwords, second_factor, sessions
from battery_assets.actions.people.accounts import Accounts, Origin
from battery_assets.actions.people.attempts import ASKED, Attempt
from battery_assets.actions.people.caller import WITH_SECOND_FACTOR, Caller
from battery_assets.errors import UserError
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.sealing import CannotUnseal

WRONG = "wrong"
# Between the password and the code of the second factor.
_TICKET_S = 300


class NotSignedIn(UserError):
    """Name, password or code is wrong."""

    def __init__(self) -> None:
        super().__init__("the name, the password or the code is wrong", "try again")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)


@dataclass(frozen=True)
class SignIn:
    """Where signing in stands.

    token: of the session, for the cookie. needs: second_factor, where a code is to be given with `ticket`;
    enrol, where the session has a viewer's rights until a second factor is set up.
    """

    token: str | None = field(default=None, repr=False)
    needs: Literal["second_factor", "enrol"] | None = None
    ticket: str | None = field(default=None, repr=False)


def sign_in(
    accounts: Accounts, username: str, password: str, origin: Origin, code: str | None = None
) -> SignIn:
    """Sign a person in. Raises NotSignedIn, TooEarly, Busy."""
    with passwords.turn():
        attempt, row = attempts.begin(accounts, username, "password", origin)
        kept = row.password_hash if row is not None and row.is_active else None
        right, fresh = passwords.verified(password, kept)
    if not right or row is None:
        _fail(accounts, attempt)
    if fresh is not None:
        _keep(accounts, row, fresh)
        kept = fresh
    if row.totp_enabled and not code:
        with accounts.transaction() as connection:
            attempts.end(connection, attempt, ASKED)
        ticket = accounts.seal.seal(f"second {row.id} {_mark(accounts, str(kept))} {row.username}")
        return SignIn(needs="second_factor", ticket=ticket)
    return _begun(accounts, attempt, row.id, str(kept), code, origin)


def second_step(accounts: Accounts, ticket: str, code: str, origin: Origin) -> SignIn:
    """Sign a person in whose password was right, with a code. Raises NotSignedIn, TooEarly."""
    try:
        words = accounts.seal.unseal(ticket, within_s=_TICKET_S).split(" ")
    except CannotUnseal:
        words = []
    if len(words) != 4 or words[0] != "second":
        raise NotSignedIn
    _, number, mark, username = words
    attempt, row = attempts.begin(accounts, username, "totp", origin)
    if row is None or str(row.id) != number or _mark(accounts, str(row.password_hash)) != mark:
        _fail(accounts, attempt)
    return _begun(accounts, attempt, row.id, row.password_hash, code or "none", origin)


def reauthenticate(
    accounts: Accounts, caller: Caller, password: str, origin: Origin, code: str | None = None
) -> str:
    """Let a person prove once more who they are. Returns the session's new token. Raises as `sign_in`."""
    if caller.session_id is None:
        raise NotSignedIn
    with passwords.turn():
        attempt, row = attempts.begin(accounts, caller.name, "reauthentication", origin)
        kept = row.password_hash if row is not None and row.is_active and row.id == caller.user_id else None
        right, _ = passwords.verified(password, kept)
    if not right or row is None:
        _fail(accounts, attempt)
    with accounts.transaction() as connection:
        held = _held(connection, row.id, str(kept))
        good = held is not None and (
            not held.totp_enabled
            or second_factor.use(connection, accounts, held, code or "", origin) is not None
        )
        if good:
            attempts.end(connection, attempt, None)
            return sessions.renew(connection, caller.session_id)
    _fail(accounts, attempt)


def _begun(
    accounts: Accounts, attempt: Attempt, user: int, kept: str, code: str | None, origin: Origin
) -> SignIn:
    """Begin the session of who gave the right password; a code is used in the same transaction."""
    how: str | None = "password"
    with accounts.transaction() as connection:
        row = _held(connection, user, kept)
        if row is not None and row.totp_enabled:
            how = second_factor.use(connection, accounts, row, code or "", origin)
        if row is not None and how is not None:
            attempts.end(connection, attempt, None, how)
            note(connection, "sign_in", user=user, address=origin.address, request=origin.request, how=how)
            token = sessions.begin(connection, user, origin, second_factor=row.totp_enabled)
            needs = row.role in WITH_SECOND_FACTOR and not row.totp_enabled
            return SignIn(token, "enrol" if needs else None)
    _fail(accounts, attempt)


def _held(connection: sa.Connection, user: int, kept: str) -> sa.Row | None:
    """The account's row, locked; None where it was disabled, or its password set, in between."""
    u = t.users
    same = [u.c.id == user, u.c.is_active, u.c.password_hash == kept]
    return connection.execute(sa.select(u).where(*same).with_for_update()).first()


def _keep(accounts: Accounts, row: sa.Row, fresh: str) -> None:
    """Keep a password's new hash, where its parameters have grown."""
    u = t.users
    with accounts.transaction() as connection:
        same = [u.c.id == row.id, u.c.password_hash == row.password_hash]
        connection.execute(u.update().where(*same).values(password_hash=fresh))


def _mark(accounts: Accounts, kept: str) -> str:
    """A mark of a password's hash: a ticket is worth nothing once another password is set."""
    return accounts.seal.checksum("ticket", kept)[:32]


def _fail(accounts: Accounts, attempt: Attempt) -> NoReturn:
    with accounts.transaction() as connection:
        attempts.end(connection, attempt, WRONG)
    raise NotSignedIn
