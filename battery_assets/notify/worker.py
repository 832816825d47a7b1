"""The worker: routes events, composes digests, sends webhooks and mails, and looks what time has made news.

Any number of workers may run, on any machine: what one has taken under a lease no other takes before it ends.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo

import sqlalchemy as sa

from battery_assets.actions.notifications.watch import watch
from battery_assets.notify.mail.digests import compose_due
from battery_assets.notify.mail.worker import Mails
from battery_assets.notify.webhooks.worker import Webhooks
from battery_assets.platform import clock
from battery_assets.platform.outbox.deliveries import LEASE
from battery_assets.platform.outbox.logs import note
from battery_assets.platform.outbox.retention import ROWS_AT_ONCE, prune
from battery_assets.platform.outbox.routing import route
from battery_assets.platform.warehouse.database import transaction

log = logging.getLogger(__name__)
NO_MAIL = "BATTERY_SMTP_URL is not set: no mail goes and no digest is composed; webhooks and the console work"
# Each look asks the database three short questions.
LOOK_S, WATCH_S, PRUNE_S = 0.5, 60.0, 3600.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class Worker:
    """A worker on one database. `smtp` is the address of the mail server, None where there is none.

    zone: in which days and weeks of digests begin.
    """

    url: str
    unseal: Callable[[str], str]
    smtp: str | None
    sender: str
    lease: timedelta = LEASE
    zone: tzinfo = UTC

    def once(self) -> dict[str, int]:
        """Do all that is due now. Returns how many events were routed, and how many messages went."""
        new, routed = watch(self.url), self.route()
        digests = compose_due(self.url, clock.now(), self.zone) if self.smtp else 0
        sent = {
            "webhooks": self._webhooks().send_due(),
            "mails": self._mails().send_due() if self.smtp else 0,
        }
        # What sending made news, such as a webhook that was disabled, goes with the same call.
        routed += self.route()
        sent["mails"] += self._mails().send_due() if self.smtp else 0
        return {"new": new, "routed": routed, "digests": digests, **sent}

    def run(self, stopping: threading.Event) -> None:
        """Work until asked to stop; what is under way then is brought to its end."""
        self._say_hello()
        loops: list[tuple[str, Callable[[], object], float]] = [
            ("routing", self.route, LOOK_S),
            ("watch", lambda: watch(self.url), WATCH_S),
            ("retention", self.prune, PRUNE_S),
            ("webhooks", lambda: self._webhooks().send_due(lambda: not stopping.is_set()), LOOK_S),
        ]
        if self.smtp:
            loops.append(("digests", lambda: compose_due(self.url, clock.now(), self.zone), WATCH_S))
            loops.append(("mails", lambda: self._mails().send_due(lambda: not stopping.is_set()), LOOK_S))
        threads = [
            threading.Thread(target=_again_and_again, args=(name, work, pause, stopping), name=name)
            for name, work, pause in loops
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def route(self) -> int:
        """Route all events that wait. Returns how many they were."""
        routed = 0
        while True:
            with transaction(self.url) as connection:
                count = route(connection, clock.now(), self.smtp is not None, self.zone)
            routed += count
            if not count:
                return routed

    def prune(self) -> None:
        """Delete what messages left behind and was kept long enough."""
        full = True
        while full:
            with transaction(self.url) as connection:
                full = max(prune(connection, clock.now()).values()) == ROWS_AT_ONCE

    def _say_hello(self) -> None:
        problem = None if self.smtp else NO_MAIL
        if problem:
            log.warning(problem)
        try:
            with transaction(self.url) as connection:
                note(connection, "notify.start", problem=problem)
        except sa.exc.SQLAlchemyError as error:
            log.warning("the start could not be noted: %s", error)

    def _webhooks(self) -> Webhooks:
        return Webhooks(self.url, self.unseal, self.lease)

    def _mails(self) -> Mails:
        assert self.smtp is not None
        return Mails(self.url, self.smtp, self.sender, self.lease)


def _again_and_again(
    name: str, work: Callable[[], object], pause_s: float, stopping: threading.Event
) -> None:
    """Do the work until asked to stop. A database that is away is waited for, longer each time."""
    wait = pause_s
    while not stopping.is_set():
        try:
            work()
            wait = pause_s
        except Exception as error:
            wait = min(max(2 * wait, 1.0), LONGEST_PAUSE_S)
            log.warning("%s: %s: %s; tried again in %.0f s", name, type(error).__name__, error, wait)
        stopping.wait(wait)
