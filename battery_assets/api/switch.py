"""The way from an address to its route by the first word of it, as routes are tried one after the other.

More than a hundred routes cost 200 us of each request otherwise; a word has ten at most.
"""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Switch(BaseRoute):
    """Stands for all routes below a prefix. `routes` are those of each word, for documents."""

    def __init__(self, app: FastAPI, routers: Iterable[APIRouter], prefix: str) -> None:
        self.start = f"{prefix}/"
        words: dict[str, APIRouter] = {}
        for route in (one for router in routers for one in router.routes):
            word = str(getattr(route, "path", "")).split("/")[1]
            words.setdefault(word, APIRouter()).routes.append(route)
        self.by_word: dict[str, BaseRoute] = {}
        for word, router in words.items():
            app.include_router(router, prefix=prefix)
            self.by_word[word] = app.router.routes.pop()
        self.routes = list(self.by_word.values())

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a route of the address' first word takes it."""
        there = self._of(scope)
        return (Match.NONE, {}) if there is None else there.matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the route that takes it."""
        there = self._of(scope)
        assert there is not None, "matches was asked before"
        await there.handle(scope, receive, send)

    def _of(self, scope: Scope) -> BaseRoute | None:
        path: str = scope.get("path", "")
        if not path.startswith(self.start):
            return None
        return self.by_word.get(path[len(self.start) :].partition("/")[0])
