"""People with passwords and second factors, as they sign in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from pyotp import TOTP

from battery_assets import tables as t
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links
from battery_assets.actions.people.accounts import Accounts, Origin
from battery_assets.actions.people.second_factor import begin_enrolment, finish_enrolment
from battery_assets.actions.people.sessions import session_of
from battery_assets.actions.people.signing_in import sign_in
from battery_assets.platform import clock

PASSWORD = "seven cold batteries hum"
HERE = Origin(
    "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "request-1"
)
THERE = Origin("198.51.100.9", "curl/8.0")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Enrolled:
    """A person whose second factor is set up: its secret, its codes, and the session."""

    totp: TOTP
    codes: tuple[str, ...]
    token: str

    def code(self, ahead: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return self.totp.at(clock.now(), counter_offset=ahead)


def person(
    accounts: Accounts, name: str = "anna", role: str = "viewer", sites: tuple[str, ...] = ("*",)
) -> int:
    """An account with PASSWORD. Returns its number."""
    with accounts.transaction() as connection:
        number = people.add(connection, name, f"{name}@example.org", role, sites=sites)
        link = links.make(connection, number)
    links.redeem_link(accounts, link, PASSWORD, HERE)
    return number


def enrolled(accounts: Accounts, name: str = "eve", role: str = "engineer") -> Enrolled:
    """A person with a second factor, signed in."""
    person(accounts, name, role)
    token = sign_in(accounts, name, PASSWORD, HERE).token
    caller = session_of(accounts, token)
    assert caller is not None
    begun = begin_enrolment(accounts, caller)
    totp = TOTP(begun.secret)
    done = finish_enrolment(accounts, caller, begun.pending, totp.at(clock.now()), HERE)
    return Enrolled(totp, done.backup_codes, done.token)


def later(**by: float):  # type: ignore[no-untyped-def]
    """The clock stands so much later than now while the block runs."""
    return clock.stop_at(clock.now() + timedelta(**by))


def history(accounts: Accounts) -> list[tuple[bool, str | None, str]]:
    """Attempts in order: success, why not, how."""
    h = t.login_history.c
    query = sa.select(h.success, h.failure_reason, h.login_method).order_by(h.id)
    with accounts.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]
