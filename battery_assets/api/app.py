"""The application: what every route shares, then the routes. `create_app` is the one way to make it."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRouter
from starlette.types import ASGIApp, Receive, Scope, Send

from battery_assets.actions import predict
from battery_assets.actions.people.accounts import Accounts
from battery_assets.api.batching import Together
from battery_assets.api.callers import Gate
from battery_assets.api.documents import describe
from battery_assets.api.envelope import Envelope
from battery_assets.api.logged import Logged
from battery_assets.api.problems import PREFIX, Problem, handle_problems
from battery_assets.api.routes import ROUTERS
from battery_assets.api.switch import Switch
from battery_assets.api.turns import Turns
from battery_assets.platform.requests.rows import Answered
from battery_assets.platform.sealing import Seal
from battery_assets.platform.settled import settle
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.serving import pool, seeing_all, use_pool
from battery_assets.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one process takes at once. The database's limit of a statement ends before that of a request."""

    body_bytes: int = 2_000_000
    request_s: float = 12.0
    statement_s: float = 10.0
    connections: int = 8
    wait_s: float = 4.0


@dataclass
class Platform:
    """What routes work with: `request.app.state.platform`."""

    settings: Settings
    warehouse: Warehouse
    limits: Limits = field(default_factory=Limits)
    # Models that have spoken since the start.
    speaking: set[int] = field(default_factory=set)

    @property
    def accounts(self) -> Accounts:
        """Accounts, sessions and keys."""
        return Accounts(self.warehouse.database_url, Seal(self.settings.home))

    @cached_property
    def tracking(self) -> Tracking:
        """Where the weights of models are."""
        return predict.tracking_of(self.settings)

    @cached_property
    def predictions(self) -> Together[predict.Ask, Any]:
        """Predictions that are asked for at the same time, stored together."""
        return Together(self._predict)

    def _predict(self, asks: list[predict.Ask]) -> list[Any]:
        # They are of several callers: each was asked whether it is theirs before it came here.
        with seeing_all():
            said = predict.said_together(self.warehouse, self.tracking, asks)
        spoke = {ask.number for ask, one in zip(asks, said, strict=True) if not isinstance(one, Exception)}
        if not spoke <= self.speaking:
            # A network was loaded, and with the first one all of torch.
            self.speaking |= spoke
            settle()
        return said


class Service(Protocol):
    """What works beside the requests, in a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


def create_app(
    platform: Platform,
    gate: Gate,
    *,
    routers: tuple[APIRouter, ...] = (),
    on_start: Callable[[FastAPI], None] | None = None,
    services: tuple[Service, ...] = (),
    log_request: Callable[[Answered], None] | None = None,
    page_of: Callable[[Request, Problem], Response] | None = None,
) -> FastAPI:
    """The API over a platform whose database runs and is migrated; `routers` are mounted beside its own.

    services: what works beside the requests, from the first to the last of them. log_request: takes each
    request that was answered. page_of: what a browser gets for an address that is no page.
    """
    url, limits = platform.warehouse.database_url, platform.limits
    made = pool(url, limits.connections, limits.statement_s, limits.wait_s)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # As many threads as connections: who comes later waits for a thread and holds nothing.
        anyio.to_thread.current_default_thread_limiter().total_tokens = limits.connections
        if on_start is not None:
            on_start(app)
        for service in services:
            service.start()
        settle()
        yield
        for service in reversed(services):
            service.stop()
        made.dispose()

    app = FastAPI(
        title="battery_assets", version="1", lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        description="Health, remaining life and work of stationary batteries: docs/api.md.",
    )  # fmt: skip
    app.state.platform, app.state.gate, app.state.pool = platform, gate, made
    app.state.turns = Turns()
    app.state.readers = set()
    handle_problems(app, page_of)
    switch = Switch((*ROUTERS, *routers), PREFIX)
    app.router.routes.append(switch)
    describe(app, switch.routes)
    app.add_middleware(_Pooled, url=url, made=made)
    app.add_middleware(Envelope, most_bytes=limits.body_bytes, most_seconds=limits.request_s)
    if log_request is not None:
        app.add_middleware(Logged, add=log_request)
    return app


class _Pooled:
    """Lets whatever a request asks of the database go through the application's own connections."""

    def __init__(self, app: ASGIApp, url: str, made: Any) -> None:
        self.app, self.url, self.made = app, url, made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        use_pool(self.url, self.made)
        await self.app(scope, receive, send)
