"""Sessions of people: kept by the server, known by the checksum of their token, ended by time and by will."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.accounts import Accounts, Origin
from battery_assets.actions.people.caller import BY_ROLE, WITH_SECOND_FACTOR, Caller, sites_of
from battery_assets.errors import UserError
from battery_assets.platform import clock

# ASVS 7.1.1: an hour without use, a shift at most.
IDLE, LONGEST = timedelta(hours=1), timedelta(hours=12)
# Who proved who they are so lately need not do it again before they change a factor.
FRESH = timedelta(minutes=10)
# How often it is noted that a session is used: not with each request.
_NOTED_EVERY = timedelta(minutes=1)
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


def hash_of(token: str) -> str:
    """What the database keeps of a token: it has 256 bits, nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(token: str) -> str:
    """What a form has to bring along, of a session's token or of a cookie before it; says nothing of it."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def csrf_fits(token: str, answer: str | None) -> bool:
    """Whether a form was made for this token."""
    return hmac.compare_digest(csrf_of(token).encode(), (answer or "").encode("utf-8", "surrogatepass"))


def begin(connection: sa.Connection, user: int, origin: Origin, *, second_factor: bool) -> str:
    """Begin a session of an account. Returns its token, which is kept nowhere."""
    token, now = secrets.token_urlsafe(32), clock.now()
    device, browser = _program(origin.agent)
    values = {
        "user_id": user,
        "session_token": hash_of(token),
        "ip_address": origin.address,
        "user_agent": (origin.agent or "")[:400] or None,
        "device_type": device,
        "browser": browser,
        "last_active": now,
        "expires_at": now + LONGEST,
        "authenticated_at": now,
        "second_factor": second_factor,
    }
    connection.execute(t.session_logs.insert().values(**values))
    return token


def renew(connection: sa.Connection, session: int, *, second_factor: bool | None = None) -> str:
    """Give a session a new token, as its person has proved who they are once more (ASVS 7.2.4)."""
    token, now, s = secrets.token_urlsafe(32), clock.now(), t.session_logs
    values: dict[str, object] = {"session_token": hash_of(token), "authenticated_at": now, "last_active": now}
    if second_factor is not None:
        values["second_factor"] = second_factor
    done = connection.execute(s.update().where(s.c.id == session, s.c.is_active).values(**values))
    if done.rowcount != 1:
        raise UserError("the session has ended", "sign in again")
    return token


def session_of(accounts: Accounts, token: str | None) -> Caller | None:
    """Who a token belongs to; None where its session has ended, or there is none."""
    if not token or len(token) > 100:
        return None
    s, u, now = t.session_logs, t.users, clock.now()
    columns: list[sa.ColumnElement] = [s.c.id, s.c.last_active, s.c.authenticated_at, s.c.second_factor]
    columns += [u.c.id.label("user"), u.c.username, u.c.role, u.c.sites]
    open_ = [s.c.session_token == hash_of(token), s.c.is_active, u.c.is_active]
    open_ += [s.c.expires_at > now, s.c.last_active > now - IDLE]
    query = sa.select(*columns).join_from(s, u, u.c.id == s.c.user_id).where(*open_)
    with accounts.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    if now - row.last_active > _NOTED_EVERY:
        with accounts.transaction() as connection:
            used = s.update().where(s.c.id == row.id, s.c.last_active < now).values(last_active=now)
            connection.execute(used)
    lacks = row.role in WITH_SECOND_FACTOR and not row.second_factor
    return Caller(
        f"user:{row.user}",
        row.username,
        BY_ROLE["viewer" if lacks else row.role],
        sites_of(row.sites),
        user_id=row.user,
        role=row.role,
        session_id=row.id,
        fresh=now - row.authenticated_at < FRESH,
        must_enrol=lacks,
    )


def sign_out(accounts: Accounts, token: str) -> None:
    """End the session of a token: it is worth nothing from now on."""
    with accounts.transaction() as connection:
        _end(connection, t.session_logs.c.session_token == hash_of(token), "signed out")


def end_one(connection: sa.Connection, user: int, session: int, reason: str = "ended by its person") -> None:
    """End one session of an account. UserError where it has none of that number."""
    s = t.session_logs.c
    if not _end(connection, (s.user_id == user) & (s.id == session), reason):
        raise UserError(f"no session {session} is open", "see the list of sessions")


def open_sessions(connection: sa.Connection, user: int) -> Sequence[sa.RowMapping]:
    """The sessions of an account that are open, the newest first."""
    s, now = t.session_logs.c, clock.now()
    columns = [s.id, s.created_at, s.last_active, s.ip_address, s.device_type, s.browser, s.second_factor]
    mine = [s.user_id == user, s.is_active, s.expires_at > now, s.last_active > now - IDLE]
    query = sa.select(*columns).where(*mine).order_by(s.id.desc())
    return connection.execute(query).mappings().all()


def end_those_over(connection: sa.Connection) -> int:
    """Note the end of sessions that time has ended. Returns how many they were."""
    s, now = t.session_logs.c, clock.now()
    return _end(connection, (s.expires_at <= now) | (s.last_active <= now - IDLE), "time")


def _end(connection: sa.Connection, which: sa.ColumnElement[bool], reason: str) -> int:
    s = t.session_logs
    values = {"is_active": False, "logged_out_at": clock.now(), "end_reason": reason}
    return int(connection.execute(s.update().where(which, s.c.is_active).values(**values)).rowcount)


def _program(agent: str | None) -> tuple[str, str | None]:
    """Kind of device and name of the browser, as a program names itself."""
    said = agent or ""
    if not said.startswith("Mozilla/"):
        return "program", None
    tablet = "iPad" in said or "Tablet" in said or ("Android" in said and "Mobile" not in said)
    device = "tablet" if tablet else "phone" if re.search(r"Mobi|iPhone", said) else "desktop"
    return device, next((name for word, name in _BROWSERS if word in said), None)
