"""The API asked in this process, by callers that a test makes up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import APIRouter, FastAPI, Request

from battery_assets.actions.people.caller import SCOPES, Caller
from battery_assets.api.app import Limits, Platform, create_app
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import Settings

EVERYTHING = Caller("key:1", "everything", frozenset(SCOPES))


@dataclass
class Doorman:
    """Knows callers by the text of their key."""

    known: dict[str, Caller] = field(default_factory=lambda: {"everything": EVERYTHING})

    def caller(self, request: Request) -> Caller | None:
        """The caller of the key that was sent."""
        return self.known.get(request.headers.get("x-api-key", ""))

    at_once = caller


@dataclass
class Asking:
    """Asks an application in this process."""

    app: FastAPI
    doorman: Doorman

    def __call__(self, method: str, path: str, *, key: str = "everything", **how: Any) -> httpx2.Response:
        """The answer to one request; `path` below /api/v1, or from the root with a leading slash twice."""
        url = path.removeprefix("/") if path.startswith("//") else f"/api/v1{path}"
        headers = {**({"x-api-key": key} if key else {}), **how.pop("headers", {})}
        return asyncio.run(self._ask(method, url, headers, how))

    async def _ask(self, method: str, url: str, headers: dict[str, str], how: Any) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, url, headers=headers, **how)


@contextmanager
def asking(
    warehouse: Warehouse,
    settings: Settings,
    *,
    limits: Limits | None = None,
    routers: tuple[APIRouter, ...] = (),
) -> Iterator[Asking]:
    """An application over a warehouse, closed with the block."""
    doorman = Doorman()
    app = create_app(Platform(settings, warehouse, limits or Limits()), doorman, routers=routers)
    try:
        yield Asking(app, doorman)
    finally:
        app.state.pool.dispose()
