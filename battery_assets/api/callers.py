"""Who asks, and what they may: a key in the header Authorization or X-API-Key, or a session's cookie."""

from collections.abc import Callable
from typing import Any, Protocol

from fastapi import Request
from fastapi.security import APIKeyHeader

from battery_assets.actions.people.caller import Caller
from battery_assets.api.problems import Problem

KEY_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="key")
READ = {
    "fleet": "fleet:read",
    "lab": "lab:read",
    "experiments": "experiments:read",
    "platform": "platform:read",
}


class Gate(Protocol):
    """Knows keys and sessions."""

    def caller(self, request: Request) -> Caller | None:
        """Who asks; None where nobody is named. Problem 401 for a key that is none, 429 for too many."""


def caller_of(request: Request) -> Caller:
    """Who asks. Problem 401 where nobody is known."""
    there: Caller | None = request.scope.get("caller")
    if there is None:
        there = request.app.state.gate.caller(request)
        request.scope["caller"] = there
    if there is None:
        raise Problem(
            401, "no key and no session", "send a key as X-API-Key", headers={"WWW-Authenticate": "APIKey"}
        )
    return there


def may(*scopes: str) -> Callable[..., Any]:
    """A dependency: who asks, where one of the scopes is theirs; Problem 401 or 403 else."""

    async def allowed(request: Request) -> Caller:
        there = caller_of(request)
        if not there.scopes.intersection(scopes):
            raise Problem(403, f"this needs the scope {' or '.join(scopes)}", "ask an admin for it")
        return there

    return allowed
