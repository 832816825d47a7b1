"""Each request that was answered goes to the log: route, status, time, size, who; never what was in it."""

import time
from collections.abc import Callable
from datetime import datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battery_assets.platform import clock
from battery_assets.platform.requests.rows import Answered

# What no route answered; the address itself may hold anything.
NO_ROUTE = "-"


class Logged:
    """An ASGI application around all others. The time of an answer ends where the answer begins."""

    def __init__(self, app: ASGIApp, add: Callable[[Answered], None]) -> None:
        self.app, self.add = app, add

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and log it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, at = time.perf_counter(), clock.now()
        # Status, milliseconds, bytes of the answer.
        said: list[float] = [500, -1.0, 0]

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                said[0], said[1] = message["status"], 1000.0 * (time.perf_counter() - began)
            elif message["type"] == "http.response.body":
                said[2] += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, heard)
        finally:
            took = said[1] if said[1] >= 0 else 1000.0 * (time.perf_counter() - began)
            self.add(_answered(scope, at, int(said[0]), took, int(said[2])))


def _answered(scope: Scope, at: datetime, status: int, took_ms: float, sent: int) -> Answered:
    length = agent = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value) if value.isdigit() and len(value) < 10 else None
        elif name == b"user-agent":
            agent = value[:400].decode("latin-1").replace("\0", "")
    caller, client = scope.get("caller"), scope.get("client")
    return Answered(
        getattr(scope.get("route"), "path_format", None) or NO_ROUTE,
        scope["method"][:10],
        status,
        at,
        took_ms,
        length,
        sent,
        client[0][:45] if client else None,
        agent,
        caller.key_id if caller else None,
        caller.user_id if caller else None,
        scope.get("problem"),
        scope.get("request_id"),
    )
