"""Workers that are killed while they send, against a receiver that fails now and then: what arrives in the end."""

import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from battery_assets.platform.warehouse.database import transaction
from battery_assets_tests.worlds.notices.books import hook, opened, person, rows, tell
from battery_assets_tests.worlds.notices.receivers import HttpReceiver, http_receiver

WORKER = """
import sys, threading
from datetime import timedelta
from pathlib import Path
from battery_assets.notify.worker import Worker
from battery_assets.platform.sealing import Seal
from battery_assets.platform.outbox import retries

# The first wait alone, so that what failed comes again while the test looks.
retries.WAITS = (timedelta(seconds=0.5),) * 9
lease = timedelta(seconds=float(sys.argv[3]))
Worker(sys.argv[1], Seal(Path(sys.argv[2])).unseal, None, "a@b.org", lease).run(threading.Event())
"""


@dataclass(frozen=True)
class Arrived:
    """What a receiver got: how often each message was accepted, and of which events they were."""

    accepted: Counter[str]
    events: set[str]
    attempts: int
    seconds: float
    ghosts: int

    @property
    def doubles(self) -> int:
        """Messages that were accepted more than once, under the same id."""
        return sum(count > 1 for count in self.accepted.values())


def sent_through_kills(url: str, folder: Path, messages: int, kills: int, lease_s: float = 2.0) -> Arrived:
    """Send so many messages while the worker is killed so often; a tenth of the events is rolled back."""
    with http_receiver(folder, every=10, status=503) as receiver:
        hook(url, folder, person(url, "anna"), receiver.url())
        for first in range(0, messages, 100):
            tell(url, *(opened(n) for n in range(first, min(first + 100, messages))))
        for n in range(messages // 10):
            _roll_back(url, f"ghost-{n}")
        command = [sys.executable, "-c", WORKER, url, str(folder), str(lease_s)]
        begun = time.monotonic()
        for k in range(kills):
            process = subprocess.Popen(command)
            _wait_for_requests(receiver, (k + 1) * messages // (kills + 2), process)
            process.send_signal(signal.SIGKILL)
            process.wait()
        process = subprocess.Popen(command)
        try:
            _wait(lambda: _undelivered(url) == 0, process)
        finally:
            process.kill()
            process.wait()
        seconds = time.monotonic() - begun
        requests = receiver.requests
    taken = [request for request in requests if request["code"] == 204]
    ids = Counter(request["headers"]["webhook-id"] for request in taken)
    bodies = {request["headers"]["webhook-id"]: request["body"] for request in taken}
    ghosts = sum('"id":"ghost' in body for body in bodies.values())
    return Arrived(ids, set(bodies.values()), len(requests), seconds, ghosts)


def _roll_back(url: str, name: str) -> None:
    from battery_assets.platform.outbox.events import emit

    try:
        with transaction(url) as connection:
            emit(connection, opened(name))
            raise InterruptedError
    except InterruptedError:
        pass


def _undelivered(url: str) -> int:
    query = """SELECT (SELECT count(*) FROM service.outbox WHERE delivered_at IS NULL)
                    + (SELECT count(*) FROM service.delivery WHERE delivered_at IS NULL) AS n"""
    return int(rows(url, query)[0].n)


def _wait_for_requests(receiver: HttpReceiver, count: int, process: subprocess.Popen) -> None:
    _wait(lambda: receiver.log.read_bytes().count(b"\n") >= count, process)


def _wait(happens, process: subprocess.Popen, patience_s: float = 180.0) -> None:
    deadline = time.monotonic() + patience_s
    while not happens():
        assert process.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline, "the messages did not arrive"
        time.sleep(0.1)
