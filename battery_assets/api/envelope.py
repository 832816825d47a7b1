"""What every request has: an id, a limit of time and size; and every answer: headers of security."""

import asyncio
import contextvars
import json
import logging
import re
import secrets
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battery_assets.api.problems import MEDIA_TYPE, body_of

REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
NO_PAGE = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NOT_KEPT = (b"cache-control", b"no-store")


class RequestIdFilter(logging.Filter):
    """Puts the id of the request into each line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes."""
        record.request_id = REQUEST_ID.get()
        return True


class Envelope:
    """An ASGI application around the whole API.

    `most_bytes` of a body, 413 beyond; `most_seconds` until an answer begins, 504 beyond. An answer that has
    begun, such as a stream of events, may last.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, most_seconds: float) -> None:
        self.app, self.most_bytes, self.most_seconds = app, most_bytes, most_seconds
        self.late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        asked, length = _sent(scope)
        scope["request_id"] = number = asked if _GOOD_ID.fullmatch(asked) else secrets.token_hex(16)
        REQUEST_ID.set(number)
        out = _Answer(send, number)
        if length.isdigit() and int(length) > self.most_bytes:
            return await out.problem(413, f"at most {self.most_bytes:,} bytes are taken")
        await self._within_time(scope, _Limited(receive, self.most_bytes), out)

    async def _within_time(self, scope: Scope, receive: "_Limited", out: "_Answer") -> None:
        loop, mine = asyncio.get_running_loop(), asyncio.current_task()

        def give_up() -> None:
            if not out.begun and mine is not None:
                ending = loop.create_task(self._late(out, mine))
                self.late.add(ending)
                ending.add_done_callback(self.late.discard)

        timer = loop.call_later(self.most_seconds, give_up)
        try:
            await self.app(scope, receive, out)
        except asyncio.CancelledError:
            # It was answered for: whoever else cancels it is heard.
            if not out.closed or mine is None or mine.uncancel():
                raise
        except Exception:
            if not out.closed:
                raise
        finally:
            timer.cancel()
            out.over = True

    async def _late(self, out: "_Answer", work: "asyncio.Task[Any]") -> None:
        """Answer for what takes too long. A thread ends by the database's own limit, and nobody hears it."""
        await out.problem(504, f"no answer within {self.most_seconds:g} s")
        if not out.over:
            work.cancel()


def _sent(scope: Scope) -> tuple[str, bytes]:
    """The request's own id and the length that it says it has; empty where it says neither."""
    asked = length = b""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            asked = value
        elif name == b"content-length":
            length = value
    return asked.decode("latin-1"), length


class _Limited:
    """Receives a body up to a limit, whatever its headers say."""

    def __init__(self, receive: Receive, most: int) -> None:
        self.receive, self.left = receive, most

    async def __call__(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.request":
            self.left -= len(message.get("body", b""))
            if self.left < 0:
                raise HTTPException(413)
        return message


class _Answer:
    """Sends an answer with its id and the headers of security, once."""

    def __init__(self, send: Send, number: str) -> None:
        self.send, self.number = send, number
        self.begun, self.closed, self.over = False, False, False

    async def __call__(self, message: Message) -> None:
        if not self.closed:
            await self._give(message)

    async def _give(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = list(message.get("headers", []))
            there = {name for name, _ in headers}
            own = (*SECURITY, NO_PAGE, NOT_KEPT, (b"x-request-id", self.number.encode()))
            message["headers"] = headers + [pair for pair in own if pair[0] not in there]
        await self.send(message)

    async def problem(self, status: int, detail: str) -> None:
        """Send a problem that no route answered; what a route says afterwards is not heard."""
        self.closed = True
        body = json.dumps(body_of(status, detail, request_id=self.number)).encode()
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self._give({"type": "http.response.start", "status": status, "headers": headers})
        await self._give({"type": "http.response.body", "body": body})
