"""A receiver on loopback, to try webhooks with: it checks each signature and prints what came."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 1_000_000


class Receiver(ThreadingHTTPServer):
    """Takes messages on 127.0.0.1. `say` gets a line for each; a message that came before is named so."""

    daemon_threads = True

    def __init__(self, port: int, secret: str, say: Callable[[str], object]) -> None:
        checker = Webhook(secret)
        super().__init__(("127.0.0.1", port), _Message)
        self.checker, self.say = checker, say
        self.seen: set[str] = set()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address that a webhook is set up with."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Message(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if not 0 <= length <= MOST_BYTES:
            self.close_connection = True
            return self._answer(413)
        body = self.rfile.read(length)
        try:
            self.server.checker.verify(body, {name.lower(): value for name, value in self.headers.items()})
            event = json.loads(body)
            line = f"{event['timestamp']} {event['type']}: {event['data'].get('title', '')}"
        except WebhookVerificationError as error:
            self.server.say(f"refused: {error}")
            return self._answer(401)
        except (ValueError, KeyError, AttributeError):
            self.server.say("refused: the body is no message")
            return self._answer(400)
        number = self.headers["webhook-id"]
        with self.server.lock:
            again = " (again, the same message)" if number in self.server.seen else ""
            self.server.seen.add(number)
        self.server.say(line + again)
        return self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: `say` tells what came."""
