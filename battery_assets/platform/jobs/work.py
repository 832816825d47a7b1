"""Work on a job: its lease is renewed beside the work, and whatever happens the job ends in a state."""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from battery_assets.platform.jobs import core
from battery_assets.platform.warehouse.database import transaction

log = logging.getLogger(__name__)


@dataclass
class Work:
    """A job that this process has. `stopping` becomes true when the job is to end with its next step."""

    url: str
    number: int
    worker: str
    facts: dict[str, Any]
    stopping: bool = False
    lost: threading.Event = field(default_factory=threading.Event)

    def report(self, step: int, of: int) -> bool:
        """Say how far the work is. Returns whether it is to end now. Raises JobLost where it is another's."""
        if self.lost.is_set():
            raise core.JobLost(f"job {self.number} was lost while it ran")
        with transaction(self.url) as connection:
            done = {"step": step, "progress": round(min(step / max(of, 1), 1.0), 5)}
            self.stopping |= core.renew(connection, self.number, self.worker, **done)
        return self.stopping

    def say(self, message: str, level: str = "INFO") -> None:
        """Add a line to the job's log."""
        with transaction(self.url) as connection:
            core.say(connection, self.number, level, message)


@contextmanager
def working(url: str, number: int, run_id: str | None = None) -> Iterator[Work]:
    """Take a job and hold it for the block.

    The job has succeeded when the block ends well, is stopped where that was asked for and heard, and has
    failed with the reason where an exception passes through. Raises JobLost where it is not in the queue.
    """
    worker = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"
    with transaction(url) as connection:
        row = core.take(connection, number, worker, run_id)
    work, over = Work(url, number, worker, dict(row.facts)), threading.Event()
    beat = threading.Thread(target=_renew, args=(work, over), name=f"lease of job {number}", daemon=True)
    beat.start()
    try:
        yield work
    except BaseException as failure:
        over.set()
        beat.join()
        _fail(work, failure)
        raise
    over.set()
    beat.join()
    with transaction(url) as connection:
        state = core.STOPPED if work.stopping else core.SUCCEEDED
        core.end(connection, number, worker, state, "stopped, as was asked" if work.stopping else None)


def _renew(work: Work, over: threading.Event) -> None:
    while not over.wait(core.LEASE_S / 3):
        try:
            with transaction(work.url) as connection:
                core.renew(connection, work.number, work.worker)
        except core.JobLost:
            work.lost.set()
            return
        except Exception as error:
            # The lease outlasts a short absence of the database.
            log.warning("the lease of job %s was not renewed: %s", work.number, error)


def _fail(work: Work, failure: BaseException) -> None:
    """Note the failure; the cause must reach the caller even where the database is what failed."""
    try:
        with transaction(work.url) as connection:
            words = str(failure) or type(failure).__name__
            core.end(connection, work.number, work.worker, core.FAILED, words)
    except Exception as error:
        log.warning("job %s: its failure could not be noted: %s", work.number, error)
