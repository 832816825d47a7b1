"""Who asks, and what they may: a key in the header Authorization or X-API-Key, or a session's cookie."""

from dataclasses import dataclass
from typing import Protocol

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from battery_assets.actions.people.accounts import Origin
from battery_assets.actions.people.caller import Caller
from battery_assets.actions.people.sessions import csrf_fits
from battery_assets.api.cookies import token_of
from battery_assets.api.problems import Problem
from battery_assets.platform.warehouse.serving import see_only

READ = {
    "fleet": "fleet:read",
    "lab": "lab:read",
    "experiments": "experiments:read",
    "platform": "platform:read",
}


class Gate(Protocol):
    """Knows keys and sessions."""

    def at_once(self, request: Request) -> Caller | None:
        """Who asks, where that is known without asking a database; None where it is not. As `caller`."""

    def caller(self, request: Request) -> Caller | None:
        """Who asks; None where nobody is named. Problem 401 for a key that is none, 429 for too many."""


def caller_of(request: Request) -> Caller:
    """Who asks; it may ask the database. Problem 401 where nobody is known."""
    there: Caller | None = request.scope.get("caller")
    return there or _named(request, request.app.state.gate.caller(request))


async def caller_at_once(request: Request) -> Caller:
    """Who asks; a thread is taken only where the database has to be asked. Problem 401."""
    there: Caller | None = request.scope.get("caller") or request.app.state.gate.at_once(request)
    if there is None:
        there = await run_in_threadpool(request.app.state.gate.caller, request)
    return _named(request, there)


def origin_of(request: Request) -> Origin:
    """Where a request comes from."""
    address = request.client.host if request.client else None
    return Origin(address, request.headers.get("user-agent"), request.scope.get("request_id"))


def _named(request: Request, there: Caller | None) -> Caller:
    if there is None:
        raise Problem(
            401, "no key and no session", "send a key as X-API-Key", headers={"WWW-Authenticate": "APIKey"}
        )
    request.scope["caller"] = there
    see_only(there.sites)
    return there


def _refuse_forged(request: Request, there: Caller) -> None:
    """Problem 403 where a browser's session would change something that none of our pages asked for."""
    if there.session_id is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if not csrf_fits(token_of(request) or "", request.headers.get("x-csrf-token")):
        raise Problem(403, "the token of the page is missing or another one's", "load the page again")


@dataclass(frozen=True)
class May:
    """A dependency: who asks, where one of the scopes is theirs; Problem 401 or 403 else."""

    scopes: tuple[str, ...]

    async def __call__(self, request: Request) -> Caller:
        """Who asks."""
        there = await caller_at_once(request)
        _refuse_forged(request, there)
        if there.scopes.isdisjoint(self.scopes):
            raise Problem(403, f"this needs the scope {' or '.join(self.scopes)}", "ask an admin for it")
        return there


def may(*scopes: str) -> May:
    """A dependency: who asks, where one of the scopes is theirs."""
    return May(scopes)
