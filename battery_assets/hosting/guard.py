"""Who may ask a page on this machine: browsers on pages of its own, never another site's page behind them.

The pages have no login; being on loopback is what protects them. Another site's page reaches loopback through
the browser of whoever works here: by a name that is turned to 127.0.0.1 (DNS rebinding), or by requests over
sites. The port stays out, as containers and proxies publish the pages under another one.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_JUDGED = frozenset((b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"))
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# What a browser says of a request that a page of another site, or of another port here, has made.
_FROM_ELSEWHERE = ("cross-site", "same-site")
_POLICY_VIOLATION = 1008
_NEVER = (b"x-frame-options", b"DENY")


class Guard:
    """An ASGI application before another one; `hosts` are names of ours beside those of loopback."""

    def __init__(self, app: App, hosts: Iterable[str] = ()) -> None:
        self.app, self.hosts = app, frozenset(name.lower() for name in hosts)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand on what comes from our own pages; 403 for the rest, 405 for a mutation by GET."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        why = foreign(scope, self.hosts)
        if scope["type"] == "websocket":
            if why is None:
                return await self.app(scope, receive, send)
            await receive()
            return await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": why[:120]})
        if why is not None:
            return await _refuse(send, 403, why)
        if changes_by_get(scope):
            return await _refuse(send, 405, "a mutation is sent by POST")
        await self.app(scope, receive, _unframed(send))


def foreign(scope: Message, ours: frozenset[str] = frozenset()) -> str | None:
    """Why a request is not one of our own pages'; None where it is, or where no browser sent it."""
    sent = _headers(scope)
    host = sent.get("host", "")
    name = _name(f"//{host}")
    if name not in LOOPBACK and name not in ours:
        return f"the host {host!r} is none of this server's; BATTERY_WEB_HOSTS names those of a proxy"
    origin = sent.get("origin")
    if origin is not None:
        # Of a proxy that hands on another Host than it was asked for, the name in BATTERY_WEB_HOSTS decides.
        if _netloc(origin) != host.lower() and _name(origin) not in ours:
            return f"a page of {origin!r} may not ask this server"
    elif sent.get("sec-fetch-site") in _FROM_ELSEWHERE and not _followed_link(scope, sent):
        return "a page of another site may not ask this server"
    return None


def _followed_link(scope: Message, sent: dict[str, str]) -> bool:
    """Did a person follow a link to one of our pages, which then asks for itself?"""
    words = (sent.get("sec-fetch-mode"), sent.get("sec-fetch-dest"))
    return scope.get("method") in ("GET", "HEAD") and words == ("navigate", "document")


def changes_by_get(scope: Message) -> bool:
    """Does a GET ask GraphQL for a mutation? No address that is looked at may change anything."""
    if scope["method"] not in ("GET", "HEAD") or not scope["path"].endswith("/graphql"):
        return False
    from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    try:
        operations = [one for text in asked.get("query", []) for one in parse(text).definitions]
    except GraphQLError:
        return False
    return any(
        isinstance(one, OperationDefinitionNode) and one.operation is not OperationType.QUERY
        for one in operations
    )


def _headers(scope: Message) -> dict[str, str]:
    """Headers that are judged, by name; of one that is sent twice all values, which no allowed one equals."""
    headers: dict[str, str] = {}
    for name, value in scope.get("headers", []):
        if name.lower() in _JUDGED:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


@lru_cache(1024)
def _name(address: str) -> str | None:
    """The host of an address in small letters, without its port; None where it has none."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _netloc(address: str) -> str | None:
    """The host of an address with its port, in small letters; None where it is no address."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return None


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{why}\n".encode()})


def _unframed(send: Send) -> Send:
    """Answers that no other site's page shows within its own, where a click would be led astray."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", [])
            if _NEVER not in headers:
                headers = [pair for pair in headers if bytes(pair[0]).lower() != b"x-frame-options"]
                message["headers"] = [*headers, (b"x-frame-options", b"SAMEORIGIN")]
        await send(message)

    return sent
