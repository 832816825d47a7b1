"""Keys and sessions, as the accounts know them: the header X-API-Key or Authorization, or a cookie."""

from fastapi import Request

from battery_assets.actions.people.accounts import Accounts
from battery_assets.actions.people.caller import Caller
from battery_assets.actions.people.known_keys import KeyRefused, KnownKeys, TooMany
from battery_assets.actions.people.sessions import session_of
from battery_assets.api.cookies import token_of
from battery_assets.api.problems import Problem

_BEARER = "bearer "


class Keys:
    """Knows who asks."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts, self.known = accounts, KnownKeys(accounts)

    def at_once(self, request: Request) -> Caller | None:
        """Who asks, where that is known without the database. Problem 401 or 429."""
        text = key_of(request)
        return None if text is None else _or_problem(lambda: self.known.at_once(text))

    def caller(self, request: Request) -> Caller | None:
        """Who asks; None where nobody is named. Problem 401 or 429."""
        text = key_of(request)
        if text is not None:
            address = request.client.host if request.client else None
            return _or_problem(lambda: self.known.caller(text, address))
        return session_of(self.accounts, token_of(request))


def key_of(request: Request) -> str | None:
    """The key that was sent."""
    text = request.headers.get("x-api-key")
    if text is not None:
        return text
    said = request.headers.get("authorization", "")
    return said[len(_BEARER) :].strip() if said[: len(_BEARER)].lower() == _BEARER else None


def _or_problem(ask):  # type: ignore[no-untyped-def]
    try:
        return ask()
    except KeyRefused as refused:
        challenge = {"WWW-Authenticate": "APIKey"}
        raise Problem(401, refused.message, refused.next_step, headers=challenge) from None
    except TooMany as many:
        raise Problem(429, many.message, many.next_step, headers={"Retry-After": str(many.wait_s)}) from None
