"""Attempts to sign in: how long who failed waits, and the record that says so.

The wait doubles with each failure and ends by itself: nobody can lock a person out. It counts failures of
the account from the same address, of the address at any account, and of the account from anywhere. The last
two do not hold where the person signed in from before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people.accounts import Accounts, Origin, plain_name
from battery_assets.errors import UserError
from battery_assets.platform import clock

# Of what is counted: failures that are free, and the longest wait in seconds.
FREE = {"pair": 5, "address": 20, "account": 10}
LONGEST_S = {"pair": 900.0, "address": 900.0, "account": 30.0}
UNDER_WAY, THROTTLED, ASKED = "under way", "too early", "second factor asked"
_KNOWN, _RECENT = timedelta(days=30), timedelta(days=1)


class TooEarly(UserError):
    """Who failed before has to wait; `wait_s` says how long."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many attempts failed", f"try again in {max(1, round(wait_s))} seconds")
        self.wait_s = wait_s

    def __reduce__(self) -> tuple[type[UserError], tuple[str, ...]]:
        return UserError, (self.message, self.next_step)


@dataclass(frozen=True)
class Attempt:
    """One attempt; account: keyed checksum of the name that was given."""

    number: int
    account: str


def wait_after(failures: int, of: str) -> float:
    """Seconds from the last failure on during which nothing is tried."""
    if failures < FREE[of]:
        return 0.0
    return min(2.0 ** min(failures - FREE[of], 20), LONGEST_S[of])


def begin(accounts: Accounts, username: str, how: str, origin: Origin) -> tuple[Attempt, sa.Row | None]:
    """Note an attempt before anything is tried; with it the account's row, None where there is none.

    It is noted first, so that of many at once each counts those before it. Raises TooEarly.
    """
    account, now = accounts.seal.checksum("account", plain_name(username)), clock.now()
    with accounts.transaction() as connection:
        query = sa.select(t.users).where(t.users.c.username == plain_name(username))
        row = connection.execute(query).first()
        left = _left(connection, account, origin.address, now)
        values = {
            "user_id": row.id if row else None,
            "ip_address": origin.address,
            "user_agent": (origin.agent or "")[:400] or None,
            "login_method": how,
            "success": False,
            "failure_reason": THROTTLED if left > 0 else UNDER_WAY,
            "timestamp": now,
            "account": account,
        }
        noted = t.login_history.insert().values(**values).returning(t.login_history.c.id)
        number = int(connection.execute(noted).scalar_one())
    if left > 0:
        raise TooEarly(left)
    return Attempt(number, account), row


def end(connection: sa.Connection, attempt: Attempt, failure: str | None, how: str | None = None) -> None:
    """Note how an attempt ended; failure: None where it succeeded."""
    table = t.login_history
    values = {"success": failure is None, "failure_reason": failure, "updated_at": clock.now()}
    if how is not None:
        values["login_method"] = how
    connection.execute(table.update().where(table.c.id == attempt.number).values(**values))


_FAILURES = sa.text("""
WITH recent AS (
    SELECT account = :account AS mine, ip_address IS NOT DISTINCT FROM :address AS here, success,
           "timestamp" AS at
    FROM service.login_history
    WHERE (account = :account OR ip_address = :address) AND "timestamp" > :since
      AND (success OR failure_reason NOT IN (:throttled, :asked))),
ended AS (
    SELECT max(at) FILTER (WHERE mine AND here AND success) AS pair,
           max(at) FILTER (WHERE mine AND success) AS account FROM recent)
SELECT count(*) FILTER (WHERE mine AND here AND at > coalesce(ended.pair, '-infinity')) AS pair,
       max(at) FILTER (WHERE mine AND here) AS pair_at,
       count(*) FILTER (WHERE here AND at > :hour) AS address,
       max(at) FILTER (WHERE here) AS address_at,
       count(*) FILTER (WHERE mine AND at > coalesce(ended.account, '-infinity')) AS account,
       max(at) FILTER (WHERE mine) AS account_at,
       EXISTS (SELECT FROM service.login_history k WHERE k.account = :account AND k.ip_address = :address
               AND k.success AND k."timestamp" > :remembered) AS known
FROM recent CROSS JOIN ended WHERE NOT success
""")


def _left(connection: sa.Connection, account: str, address: str | None, now: datetime) -> float:
    """Seconds that an attempt at an account from an address has to wait still."""
    since = {"since": now - _RECENT, "hour": now - timedelta(hours=1), "remembered": now - _KNOWN}
    asked = {"account": account, "address": address, "throttled": THROTTLED, "asked": ASKED}
    row = connection.execute(_FAILURES, {**asked, **since}).mappings().one()
    left = 0.0
    for of in FREE:
        last = row[f"{of}_at"]
        if last is not None and (of == "pair" or not row["known"]):
            # A clock that was set back lets nobody wait longer than the longest.
            left = max(left, wait_after(row[of], of) - max((now - last).total_seconds(), 0.0))
    return left
