"""Keys of programs, and a process that knows them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from battery_assets.actions.people import keys
from battery_assets.actions.people.accounts import Accounts
from battery_assets.actions.people.known_keys import KnownKeys

READS = ("fleet:read", "lab:read")


def key(accounts: Accounts, user: int, *scopes: str, **terms: Any) -> keys.NewKey:
    """A key of an account."""
    with accounts.transaction() as connection:
        asked = keys.Terms(terms.pop("name", "a program"), scopes or READS, **terms)
        return keys.create(connection, accounts.seal, user, asked)


def mistyped(text: str) -> str:
    """A key with another last character, whatever its own is."""
    return text[:-1] + ("y" if text.endswith("x") else "x")


@contextmanager
def knowing(accounts: Accounts) -> Iterator[KnownKeys]:
    """A process that keeps keys in mind and hears of those that are revoked."""
    known = KnownKeys(accounts)
    known.start()
    deadline = time.monotonic() + 30
    while not known.listening:
        assert time.monotonic() < deadline, "it does not listen"
        time.sleep(0.002)
    try:
        yield known
    finally:
        known.stop()
