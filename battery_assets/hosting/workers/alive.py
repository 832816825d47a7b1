"""A run that is worked on holds a lock of its session in Dagster's database.

The server frees the lock when the process or its machine is gone, however it went. No broker tells that much:
RabbitMQ hands the task out again only to a worker that is free, Redis only hours later. A pooler between them
must keep sessions (PgBouncer: pool_mode = session).
"""

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from battery_assets.hosting.database_urls import libpq_url

LOOK_S = 5.0
# A machine without power says no goodbye: the server asks after 30 s, and gives up after 30 more.
_KEEPALIVES = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c application_name=run"
)
_HELD = """
SELECT EXISTS (SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE d.datname = current_database() AND locktype = 'advisory' AND granted AND objsubid = 1
AND classid = %(high)s::bigint::oid AND objid = %(low)s::bigint::oid)"""


@contextmanager
def working_on(url: str, run_id: str) -> Iterator[bool]:
    """Hold a run's lock for a block; yields False where a process that still lives holds it."""
    connection = _locked(url, run_id)
    if connection is None:
        yield False
        return
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(url, run_id, connection, ended), daemon=True)
    keeper.start()
    try:
        yield True
    finally:
        ended.set()
        keeper.join()


def is_worked_on(url: str, run_id: str) -> bool:
    """Whether some process holds the run's lock now."""
    key = _key(run_id)
    parts = {"high": (key >> 32) & 0xFFFFFFFF, "low": key & 0xFFFFFFFF}
    with psycopg.connect(libpq_url(url), connect_timeout=10, autocommit=True) as connection:
        row = connection.execute(_HELD, parts).fetchone()
    return bool(row and row[0])


def _key(run_id: str) -> int:
    return int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:8], "big", signed=True)


def _locked(url: str, run_id: str) -> "psycopg.Connection[tuple[object, ...]] | None":
    connection = psycopg.connect(
        libpq_url(url), connect_timeout=10, autocommit=True, options=_KEEPALIVES, keepalives_idle=30
    )
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_key(run_id),)).fetchone()
    if row and row[0]:
        return connection
    connection.close()
    return None


def _keep(
    url: str,
    run_id: str,
    connection: "psycopg.Connection[tuple[object, ...]] | None",
    ended: threading.Event,
) -> None:
    """Take the lock again where the database was started anew meanwhile, until the run has ended."""
    while not ended.wait(LOOK_S):
        try:
            if connection is None:
                connection = _locked(url, run_id)
            else:
                connection.execute("SELECT 1")
        except psycopg.Error:
            if connection is not None:
                connection.close()
            connection = None
    if connection is not None:
        with contextlib.suppress(psycopg.Error):
            connection.close()


class Missed:
    """Runs whose lock was missing when it was looked for last: twice in a row means that nobody works."""

    def __init__(self, apart_s: float = LOOK_S * 2) -> None:
        self._apart_s = apart_s
        self._since: dict[str, float] = {}

    def too_long(self, run_id: str, held: bool) -> bool:
        """Note how a run was seen. Returns whether its lock has been missing for longer than a restart."""
        if held:
            self._since.pop(run_id, None)
            return False
        since = self._since.setdefault(run_id, time.monotonic())
        return time.monotonic() - since >= self._apart_s
