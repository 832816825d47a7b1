"""The service's own books, kept beside the requests: their log, figures of it, and what time has ended.

A request costs one entry in a list; a thread writes the list each second. Where the database is away the list
grows up to a limit, and what it cannot hold is counted.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import date, timedelta

import psycopg
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.people import sessions
from battery_assets.actions.people.accounts import Accounts
from battery_assets.platform import clock
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.requests import parts, rows, summary
from battery_assets.platform.requests.rows import Answered

log = logging.getLogger(__name__)
FLUSH_S, SUM_S, TIDY_S = 1.0, 60.0, 3600.0
MOST, BATCH = 50_000, 5_000
NOT_KEPT = (sa.exc.IntegrityError, sa.exc.DataError, psycopg.IntegrityError, psycopg.DataError)
# Rows of a minute are there so long after its end.
_SETTLED = timedelta(seconds=5)
KEPT_ATTEMPTS, KEPT_LINKS = timedelta(days=180), timedelta(days=30)


class Ledger:
    """Takes what was asked, and writes it. `keep_days`: of the log of requests, 0 for ever."""

    def __init__(
        self, accounts: Accounts, keep_days: int = 30, each_minute: Callable[[], None] = lambda: None
    ) -> None:
        self.accounts, self.keep_days, self.each_minute = accounts, keep_days, each_minute
        self._waiting: deque[Answered] = deque()
        self.lost = 0
        self._days: set[date] = set()
        self._since = clock.now()
        self._known_end = False
        self._stopping, self._thread = threading.Event(), threading.Thread(target=self._keep, name="ledger")

    def add(self, answered: Answered) -> None:
        """Take a request that was answered; it is in the log a second later."""
        if len(self._waiting) < MOST:
            self._waiting.append(answered)
        else:
            self.lost += 1

    def start(self) -> None:
        """Begin to write, in a thread of its own."""
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._thread.join(8.0)

    def flush(self) -> int:
        """Write what waits. Returns how many requests."""
        written = 0
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                self._write(batch)
            except NOT_KEPT as error:
                self.lost += len(batch)
                log.warning("%d requests cannot be kept: %s", len(batch), type(error).__name__)
            except Exception:
                self._waiting.extendleft(reversed(batch))
                raise
            written += len(batch)
        return written

    def sum_up(self) -> None:
        """Bring the figures up to the last whole minute."""
        until = clock.now() - _SETTLED
        with self.accounts.transaction() as connection:
            if not self._known_end:
                self._since = min(self._since, summary.summed_up_to(connection) or self._since)
            summary.summarise(connection, self._since, until)
        self._since, self._known_end = until.replace(second=0, microsecond=0), True
        self.each_minute()
        self._tell_lost()

    def tidy(self) -> None:
        """Make parts of the log ahead, drop old ones, and let go of what time has ended."""
        now = clock.now()
        with self.accounts.transaction() as connection:
            parts.make_ahead(connection, now.date())
            if self.keep_days:
                parts.drop(connection, now.date() - timedelta(days=self.keep_days))
            summary.forget(connection, now)
            sessions.end_those_over(connection)
            link, key, tried = t.one_time_link, t.idempotency_key, t.login_history
            connection.execute(link.delete().where(link.c.expires_at < now - KEPT_LINKS))
            connection.execute(key.delete().where(key.c.expires_at < now))
            connection.execute(tried.delete().where(tried.c.timestamp < now - KEPT_ATTEMPTS))

    def _write(self, batch: list[Answered]) -> None:
        of = {one.request_time.date() for one in batch}
        with self.accounts.transaction() as connection:
            if not of <= self._days:
                parts.make(connection, of)
            rows.write(connection, batch)
        self._days |= of
        self._since = min(self._since, min(one.request_time for one in batch))

    def _tell_lost(self) -> None:
        lost, self.lost = self.lost, 0
        if lost:
            with self.accounts.transaction() as connection:
                note(connection, "requests.lost", problem=f"{lost} requests are not in the log")

    def _keep(self) -> None:
        due = {self.flush: FLUSH_S, self.sum_up: SUM_S, self.tidy: TIDY_S}
        at = {self.tidy: 0.0, self.flush: 0.0, self.sum_up: time.monotonic() + SUM_S}
        while not self._stopping.wait(FLUSH_S):
            for work, when in list(at.items()):
                if time.monotonic() >= when and self._done(work):
                    at[work] = time.monotonic() + due[work]
        self._done(self.flush)
        self._done(self.each_minute)

    @staticmethod
    def _done(work: Callable[[], object]) -> bool:
        try:
            work()
        except Exception as error:
            log.warning("the service's books wait: %s", type(error).__name__)
            return False
        return True
