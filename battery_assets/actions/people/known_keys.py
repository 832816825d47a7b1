"""Keys as a serving process knows them: asked once, kept in mind, forgotten at once when one is revoked.

A row is kept in mind only while the process hears PostgreSQL's `key_revoked`; where it does not, each request
asks for its key.
"""

import hmac
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import key_text
from battery_assets.actions.people.accounts import Accounts
from battery_assets.actions.people.caller import BY_ROLE, Caller, sites_of
from battery_assets.actions.people.windows import Windows
from battery_assets.errors import UserError
from battery_assets.platform import clock
from battery_assets.platform.warehouse.listening import Listener

CHANNEL = "key_revoked"
# Should a message be lost nevertheless, so long at most.
KEPT_S = 30.0
# Keys that there are not, from one address in a minute: beyond that the database is not asked.
UNKNOWN = 120


class KeyRefused(UserError):
    """No key, or one that was revoked or has ended: which of them is not said."""

    def __init__(self) -> None:
        super().__init__("the key is not known, was revoked or has ended", "ask its owner for another one")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)


class TooMany(UserError):
    """More requests than the key may make; `wait_s` says when the next one is taken."""

    def __init__(self, wait_s: float, limit: int) -> None:
        self.wait_s = max(1, math.ceil(wait_s))
        super().__init__(f"more than {limit} requests a minute", f"ask again in {self.wait_s} s")

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)


@dataclass
class _Kept:
    key_hash: bytes
    caller: Caller
    expires_at: datetime | None
    until_s: float
    # The key as it was sent when its HMAC fitted: the same text again needs no HMAC.
    text: str = field(default="", repr=False)


class KnownKeys:
    """The keys of a database. `start` begins to keep rows in mind, `stop` ends it."""

    def __init__(self, accounts: Accounts, timer: Callable[[], float] = time.monotonic) -> None:
        self.accounts, self._timer = accounts, timer
        self._pepper = accounts.seal.pepper("key")
        self._kept: dict[str, _Kept] = {}
        self._changes, self._lock = 0, threading.Lock()
        self._asked, self._unknown = Windows(), Windows()
        self._used: dict[int, datetime] = {}
        self._listener = Listener(accounts.url, CHANNEL, self.forget, self.forget_all)
        self.start, self.stop = self._listener.start, self._listener.stop

    @property
    def listening(self) -> bool:
        """Whether a revoked key would be heard of now."""
        return self._listener.listening

    def at_once(self, text: str) -> Caller | None:
        """Who a key is, from what is kept in mind; None where the database has to be asked.

        Raises KeyRefused, TooMany.
        """
        now_s, prefix = self._timer(), text[: key_text.PREFIX_LENGTH]
        kept = self._kept.get(prefix)
        if kept is not None and self.listening and kept.until_s >= now_s:
            if not (text.isascii() and hmac.compare_digest(text, kept.text)):
                self._refuse_other(text, kept)
            return self._let_through(prefix, kept, now_s)
        if key_text.parts(text) is None:
            raise KeyRefused
        return None

    def caller(self, text: str, address: str | None) -> Caller:
        """Who a key is. Raises KeyRefused, TooMany."""
        there = self.at_once(text)
        if there is not None:
            return there
        prefix, now_s = text[: key_text.PREFIX_LENGTH], self._timer()
        if prefix not in self._asked:
            wait = self._unknown.wait_s(address or "-", UNKNOWN, now_s, take=False)
            if wait:
                raise TooMany(wait, UNKNOWN)
        changes, listening = self._changes, self.listening
        kept = self._ask(prefix)
        if kept is None:
            self._unknown.wait_s(address or "-", UNKNOWN, now_s)
            raise KeyRefused
        self._refuse_other(text, kept)
        with self._lock:
            # What was said while the database was asked may have been of this key.
            if listening and self.listening and self._changes == changes:
                self._kept[prefix] = kept
        return self._let_through(prefix, kept, now_s)

    def forget(self, prefix: str) -> None:
        """Ask for a key anew with its next request."""
        with self._lock:
            self._changes += 1
            self._kept.pop(prefix, None)

    def forget_all(self) -> None:
        """Ask for every key anew."""
        with self._lock:
            self._changes += 1
            self._kept.clear()

    def note_use(self) -> None:
        """Write when each key was used last: now and then, not with each request."""
        used, self._used = self._used, {}
        if not used:
            return
        k = t.api_keys
        statement = k.update().where(k.c.id == sa.bindparam("of")).values(last_used_at=sa.bindparam("at"))
        with self.accounts.transaction() as connection:
            rows = [{"of": number, "at": at.replace(microsecond=0)} for number, at in sorted(used.items())]
            connection.execute(statement, rows)

    def _refuse_other(self, text: str, kept: _Kept) -> None:
        """KeyRefused where a text is not the key of a row; a text that is goes into mind with the row."""
        split = key_text.parts(text)
        said = "".join(split).encode("ascii") if split is not None else b""
        if not hmac.compare_digest(hmac.digest(self._pepper, said, "sha256"), kept.key_hash):
            raise KeyRefused
        kept.text = text

    def _let_through(self, prefix: str, kept: _Kept, now_s: float) -> Caller:
        now = clock.now()
        if kept.expires_at is not None and kept.expires_at <= now:
            raise KeyRefused
        wait = self._asked.wait_s(prefix, kept.caller.rate_limit, now_s)
        if wait:
            raise TooMany(wait, kept.caller.rate_limit)
        self._used[kept.caller.key_id or 0] = now
        return kept.caller

    def _ask(self, prefix: str) -> _Kept | None:
        k, u = t.api_keys.c, t.users.c
        columns: list[sa.ColumnElement] = [k.id, k.key_hash, k.name, k.scopes, k.sites, k.rate_limit]
        columns += [k.expires_at, k.knowledge_ceiling]
        columns += [u.id.label("owner"), u.role, u.sites.label("owner_sites")]
        query = sa.select(*columns).join_from(t.api_keys, t.users, u.id == k.user_id)
        query = query.where(k.prefix == prefix, k.is_active, u.is_active)
        with self.accounts.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        caller = Caller(
            f"key:{row.id}",
            row.name,
            BY_ROLE[row.role] & frozenset(row.scopes),
            sites_of(row.sites, row.owner_sites),
            row.knowledge_ceiling,
            user_id=row.owner,
            role=row.role,
            rate_limit=row.rate_limit,
            key_id=row.id,
        )
        return _Kept(bytes.fromhex(row.key_hash), caller, row.expires_at, self._timer() + KEPT_S)
