"""The second factor: codes of time (RFC 6238) that only go forward, and backup codes, used once each."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import sessions
from battery_assets.actions.people.accounts import Accounts, Origin, end_sessions, refuse_beyond
from battery_assets.actions.people.caller import Caller
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.sealing import CannotUnseal

STEP_S, BACKUP_CODES = 30, 10
# A phone's clock that is late by up to one step is borne with: a deviation from ASVS 6.5.5, docs/people.md.
LATE_STEPS = 1
ISSUER = "battery_assets"
_ENROL_WITHIN_S = 900


class NotFresh(UserError):
    """What is asked for needs that the person proves once more who they are."""

    def __init__(self) -> None:
        super().__init__("this needs that you prove once more who you are", "give password and code again")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)


class WrongCode(UserError):
    """A code that is none of now, or that was used."""


@dataclass(frozen=True)
class Enrolment:
    """A second factor that is being set up. `pending` goes through the form and comes back with a code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    pending: str = field(repr=False)


@dataclass(frozen=True)
class Enrolled:
    """A second factor that is set up: codes to be shown once, and the session's new token."""

    backup_codes: tuple[str, ...] = field(repr=False)
    token: str = field(repr=False)


def step_of(secret: str, code: str, last: int | None) -> int | None:
    """The step of time that a code is of; None where it is not of now, or not newer than the last used."""
    from pyotp import TOTP

    # Full-width digits are digits to Python: an authenticator never sends them.
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    now, totp = int(clock.now().timestamp()) // STEP_S, TOTP(secret)
    for step in range(now, now - LATE_STEPS - 1, -1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step if last is None or step > last else None
    return None


def use(connection: sa.Connection, accounts: Accounts, row: sa.Row, code: str, origin: Origin) -> str | None:
    """Use a code of an account whose row is locked. Returns totp or backup_code; None where it is neither."""
    digits = code.replace(" ", "").replace("-", "")
    if row.totp_enabled and row.totp_secret and len(digits) == 6:
        step = step_of(_unsealed(accounts, row.id, row.totp_secret), digits, row.totp_last_step)
        if step is None:
            return None
        connection.execute(t.users.update().where(t.users.c.id == row.id).values(totp_last_step=step))
        return "totp"
    table = t.backup_codes
    mine = [table.c.user_id == row.id, table.c.code_hash == _code_hash(digits), table.c.is_used.is_(False)]
    values = {"is_used": True, "used_at": clock.now(), "ip_address": origin.address}
    if connection.execute(table.update().where(*mine).values(**values)).rowcount != 1:
        return None
    note(connection, "factor.backup_code", user=row.id, address=origin.address, request=origin.request)
    return "backup_code"


def begin_enrolment(accounts: Accounts, caller: Caller) -> Enrolment:
    """Begin to set up a second factor. Raises NotFresh (ASVS 7.5.1)."""
    from pyotp import TOTP, random_base32

    if not caller.fresh:
        raise NotFresh
    secret = random_base32()
    uri = TOTP(secret).provisioning_uri(name=caller.name, issuer_name=ISSUER)
    pending = accounts.seal.seal(f"enrol {caller.user_id} {caller.session_id} {secret}")
    return Enrolment(secret, uri, pending)


def finish_enrolment(accounts: Accounts, caller: Caller, pending: str, code: str, origin: Origin) -> Enrolled:
    """Set up a second factor with a first code of it, which is used with that.

    Other sessions of the account end, this one gets a new token. Raises NotFresh, WrongCode.
    """
    if not caller.fresh or caller.session_id is None:
        raise NotFresh
    secret = _pending_secret(accounts, caller, pending)
    with accounts.transaction() as connection:
        users = t.users
        query = sa.select(users).where(users.c.id == caller.user_id, users.c.is_active).with_for_update()
        row = connection.execute(query).one()
        step = step_of(secret, code.replace(" ", ""), row.totp_last_step)
        if step is None:
            raise WrongCode("the code is none of now", "wait for the next one and give it at once")
        sealed = accounts.seal.seal(f"{caller.user_id} {secret}")
        values = {"totp_secret": sealed, "totp_enabled": True, "totp_last_step": step}
        connection.execute(users.update().where(users.c.id == row.id).values(**values))
        end_sessions(connection, row.id, "second factor changed", but=caller.session_id)
        token = sessions.renew(connection, caller.session_id, second_factor=True)
        codes = _new_codes(connection, row.id)
        note(connection, "factor.enrol", user=row.id, address=origin.address, request=origin.request)
    return Enrolled(codes, token)


def resumed_enrolment(accounts: Accounts, caller: Caller, pending: str) -> Enrolment:
    """An enrolment whose first code was wrong, shown once more. Raises NotFresh, WrongCode."""
    from pyotp import TOTP

    if not caller.fresh:
        raise NotFresh
    secret = _pending_secret(accounts, caller, pending)
    return Enrolment(secret, TOTP(secret).provisioning_uri(name=caller.name, issuer_name=ISSUER), pending)


def is_enrolled(connection: sa.Connection, user: int) -> bool:
    """Whether an account has a second factor."""
    u = t.users.c
    return bool(connection.execute(sa.select(u.totp_enabled).where(u.id == user)).scalar_one_or_none())


def new_backup_codes(accounts: Accounts, caller: Caller, origin: Origin) -> Sequence[str]:
    """Give a person new backup codes; those before are worth nothing. Raises NotFresh."""
    if not caller.fresh:
        raise NotFresh
    with accounts.transaction() as connection:
        codes = _new_codes(connection, caller.user_id)
        note(connection, "factor.codes", user=caller.user_id, address=origin.address, request=origin.request)
    return codes


def codes_left(connection: sa.Connection, user: int) -> int:
    """How many backup codes of an account are unused."""
    b = t.backup_codes.c
    query = sa.select(sa.func.count()).where(b.user_id == user, b.is_used.is_(False))
    return int(connection.execute(query).scalar_one())


def take_away(connection: sa.Connection, user: int, by: int) -> None:
    """Take the second factor from an account whose person has lost it; its sessions end."""
    sites = connection.execute(sa.select(t.users.c.sites).where(t.users.c.id == user)).scalar_one()
    refuse_beyond(connection, by, sites)
    values = {"totp_secret": None, "totp_enabled": False}
    connection.execute(t.users.update().where(t.users.c.id == user).values(**values))
    connection.execute(t.backup_codes.delete().where(t.backup_codes.c.user_id == user))
    end_sessions(connection, user, "second factor taken away")
    note(connection, "factor.take_away", user=by, account=user)


def _new_codes(connection: sa.Connection, user: int) -> tuple[str, ...]:
    """Backup codes of 120 bits: guessing is hopeless, a plain checksum is enough (ASVS 6.5.2)."""
    plain = [base64.b32encode(secrets.token_bytes(15)).decode("ascii") for _ in range(BACKUP_CODES)]
    table = t.backup_codes
    connection.execute(table.delete().where(table.c.user_id == user))
    rows = [{"user_id": user, "code_hash": _code_hash(code)} for code in plain]
    connection.execute(table.insert(), rows)
    return tuple("-".join(code[k : k + 4] for k in range(0, 24, 4)) for code in plain)


def _code_hash(code: str) -> str:
    return hashlib.sha256(code.upper().encode("utf-8", "surrogatepass")).hexdigest()


def _unsealed(accounts: Accounts, user: int, sealed: str) -> str:
    """The secret; it names its account, so that a row that was moved to another one opens nothing."""
    owner, _, secret = accounts.seal.unseal(sealed).partition(" ")
    if owner != str(user):
        raise CannotUnseal("the second factor belongs to another account; next step: take it away")
    return secret


def _pending_secret(accounts: Accounts, caller: Caller, pending: str) -> str:
    try:
        words = accounts.seal.unseal(pending, within_s=_ENROL_WITHIN_S).split(" ")
    except CannotUnseal:
        words = []
    if words[:-1] != ["enrol", str(caller.user_id), str(caller.session_id)]:
        raise WrongCode("this was begun in another session, or too long ago", "begin anew")
    return words[-1]
