"""The way from an address to its route by the first word of it, as routes are tried one after the other.

More than a hundred routes cost 200 us of each request otherwise; a word has ten at most. Routes stand here as
they were made: FastAPI's included routers look for each twice.
"""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Switch(BaseRoute):
    """Stands for the routes of routers; `prefix` is that of addresses whose word is the one behind it."""

    def __init__(self, routers: Iterable[APIRouter], prefix: str) -> None:
        self.start = f"{prefix}/"
        self.routes = [route for router in routers for route in router.routes]
        self.by_word: dict[tuple[bool, str], list[BaseRoute]] = {}
        for route in self.routes:
            self.by_word.setdefault(self._word(getattr(route, "path", "")), []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a route of the address' first word takes it: wholly, or but for the method."""
        partly: tuple[Match, Scope] = (Match.NONE, {})
        for route in self.by_word.get(self._word(scope.get("path", "")), ()):
            match, scope_of_match = route.matches(scope)
            if match is Match.FULL:
                return match, {**scope_of_match, "switched": route}
            if match is Match.PARTIAL and partly[0] is Match.NONE:
                partly = match, {**scope_of_match, "switched": route}
        return partly

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the route that takes it."""
        route: BaseRoute = scope["switched"]
        await route.handle(scope, receive, send)

    def _word(self, path: str) -> tuple[bool, str]:
        below = path.startswith(self.start)
        return below, path[len(self.start) if below else 1 :].partition("/")[0]
