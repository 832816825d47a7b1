"""One request to a webhook: to the address that was judged, in limited time, following nothing."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache

from battery_assets.notify.webhooks.addresses import Target

CONNECT_S, ANSWER_S = 5.0, 20.0
# Of an answer so much is kept, for the admins' log.
KEPT_BYTES = 2_000
LONGEST_WAIT = timedelta(hours=24)
AGENT = "battery-assets-webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or 0 and why there is none. `wait` is what Retry-After asks for."""

    status: int
    words: str
    wait: timedelta | None = None

    @property
    def accepted(self) -> bool:
        """Only 2xx is success; a redirect is not."""
        return 200 <= self.status < 300


def post(to: Target, headers: Mapping[str, str], body: bytes, at: datetime) -> Answer:
    """POST a body. A refused, late or broken connection is an Answer of status 0, never an exception."""
    deadline = time.monotonic() + ANSWER_S
    problem = "no address was tried"
    for address in to.addresses[:2]:
        connection = _connection(to, address)
        try:
            connection.connect()
        except (OSError, ssl.SSLError) as error:
            connection.close()
            problem = f"{to.host}:{to.port} does not answer: {_said(error)}"
            continue
        with contextlib.closing(connection), _until(connection.sock, deadline):
            return _exchange(connection, to, headers, body, deadline, at)
    return Answer(0, problem)


@contextlib.contextmanager
def _until(sock: socket.socket, deadline: float) -> Iterator[None]:
    """Break the connection at the deadline: a timeout of the socket begins anew with each byte that drips."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0.1), cut)
    timer.daemon = True
    timer.start()
    try:
        sock.settimeout(ANSWER_S)
        yield
    finally:
        timer.cancel()


def _exchange(
    connection: http.client.HTTPConnection,
    to: Target,
    headers: Mapping[str, str],
    body: bytes,
    deadline: float,
    at: datetime,
) -> Answer:
    try:
        fixed = {"user-agent": AGENT, "content-type": "application/json", "connection": "close"}
        connection.request("POST", to.path, body, {**fixed, **headers})
        response = connection.getresponse()
        said = response.read1(KEPT_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = "" if time.monotonic() < deadline else f" after {ANSWER_S:.0f} s"
        return Answer(0, f"{to.host} broke off{late}: {_said(error)}")
    wait = _retry_after(response.headers.get("retry-after"), at)
    return Answer(response.status, said.decode("utf-8", "replace"), wait)


def _connection(to: Target, address: str) -> http.client.HTTPConnection:
    """A connection to that address; certificate and Host are of the name."""
    made: http.client.HTTPConnection
    if to.scheme == "https":
        made = http.client.HTTPSConnection(to.host, to.port, timeout=CONNECT_S, context=_trust())
    else:
        made = http.client.HTTPConnection(to.host, to.port, timeout=CONNECT_S)

    def connect(_named: object, timeout: float = CONNECT_S, source: object = None) -> socket.socket:
        return socket.create_connection((address, to.port), timeout)

    # http.client's own seam: what it calls to open the socket.
    made._create_connection = connect  # type: ignore[attr-defined]
    return made


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _retry_after(value: str | None, at: datetime) -> timedelta | None:
    """Seconds or a date (RFC 9110), not negative, at most a day; None for anything else."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        wait = timedelta(seconds=int(text))
    else:
        try:
            then = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        wait = (then if then.tzinfo else then.replace(tzinfo=UTC)) - at
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
