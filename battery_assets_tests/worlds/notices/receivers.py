"""Real receivers for notifications: an HTTP server that is a process of its own, and an SMTP server."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

SERVER = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log, every, status, extra = open(sys.argv[1], "a", buffering=1), int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
seen, lock = 0, threading.Lock()

class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global seen
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with lock:
            seen += 1
            code = status if every and seen % every == 0 else 204
            log.write(json.dumps({"path": self.path, "code": code, "body": body.decode(), "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\\n")
        self.send_response(code)
        for name, value in (extra if code == status else {}).items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 256

server = Server(("127.0.0.1", 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@dataclass
class HttpReceiver:
    """A receiver process: its port, and the file that it notes each request in before it answers."""

    port: int
    log: Path

    @property
    def requests(self) -> list[dict]:
        """Every request so far, in order."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def url(self, path: str = "/hook") -> str:
        """The address of a hook of it."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def http_receiver(
    folder: Path, every: int = 0, status: int = 503, headers: dict[str, str] | None = None
) -> Iterator[HttpReceiver]:
    """A receiver that answers 204, and every so many requests with the status and headers given."""
    log = folder / "received.jsonl"
    log.touch()
    command = [sys.executable, "-c", SERVER, str(log), str(every), str(status), json.dumps(headers or {})]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield HttpReceiver(int(process.stdout.readline()), log)
    finally:
        process.kill()
        process.wait()


class _Inbox:
    """An SMTP server's handler that keeps what arrives; addresses at `refused.example` it refuses."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.endswith("@refused.example"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@dataclass
class SmtpReceiver:
    """A running SMTP server: its address and the mails that it took."""

    url: str
    inbox: _Inbox

    @property
    def mails(self) -> list[EmailMessage]:
        """Every mail so far, in order."""
        return self.inbox.mails


@contextmanager
def smtp_receiver() -> Iterator[SmtpReceiver]:
    """A real SMTP server on a free port of the loopback, in a thread of its own."""
    from aiosmtpd.controller import Controller

    inbox = _Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield SmtpReceiver(f"smtp://127.0.0.1:{port}", inbox)
    finally:
        controller.stop()


def wait_until(happens, patience_s: float = 20.0) -> None:
    """Wait for something; AssertionError when it does not happen."""
    deadline = time.monotonic() + patience_s
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
