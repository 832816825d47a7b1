"""Webhooks and chats on their way: several receivers at once, none of which can keep the others waiting."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from battery_assets.errors import UserError
from battery_assets.notify import chat
from battery_assets.notify.mail import words
from battery_assets.notify.webhooks.addresses import Allowed, Forbidden, target
from battery_assets.notify.webhooks.body import as_bytes, content
from battery_assets.notify.webhooks.sending import post
from battery_assets.notify.webhooks.signing import signed
from battery_assets.platform import clock
from battery_assets.platform.outbox import deliveries
from battery_assets.platform.outbox.deliveries import DISABLED, FAILED, REFUSED, SENT, Outcome
from battery_assets.platform.outbox.networks import opened_networks
from battery_assets.platform.warehouse.database import transaction

AT_ONCE = 24
# Messages under way to one receiver: few at first, twice as many after each that it took, few if it is slow.
FIRST_ROOM, MOST_ROOM = 4, 48
SLOW_S = 2.0
# A receiver that does not answer at all is left alone so long, whatever waits for it.
LEFT_ALONE = timedelta(seconds=30)
# Settled together, so that commits are few.
SETTLED_EVERY_S = 0.02
# Where less was due than could go, the next look waits so long.
LOOK_AGAIN_S = 0.25


@dataclass
class Webhooks:
    """The sender of webhooks and chats of one database. `unseal` opens a secret as the books keep it."""

    url: str
    unseal: Callable[[str], str]
    lease: timedelta = deliveries.LEASE
    draw: random.Random = field(default_factory=random.Random)
    rooms: dict[int, int] = field(default_factory=dict)

    def send_due(self, going_on: Callable[[], bool] = lambda: True) -> int:
        """Send what is due until nothing is, or until `going_on` says no. Returns how many went."""
        under_way: dict[Future[Outcome], int] = {}
        sent, look_at = 0, 0.0
        with ThreadPoolExecutor(AT_ONCE, "webhook") as pool:
            while True:
                if going_on() and len(under_way) < MOST_ROOM and time.monotonic() >= look_at:
                    taken = self._taken(under_way)
                    for row, allowed in taken:
                        under_way[pool.submit(self.attempt, row, allowed)] = row.webhook_config_id
                    look_at = 0.0 if taken else time.monotonic() + LOOK_AGAIN_S
                if not under_way:
                    return sent
                wait(under_way, SETTLED_EVERY_S)
                done = [future for future in under_way if future.done()]
                for future in done:
                    del under_way[future]
                sent += self._settle([future.result() for future in done])

    def attempt(self, row: sa.Row, allowed: Sequence[Allowed]) -> Outcome:
        """One attempt of one delivery; whatever happens is an outcome."""
        now = clock.now()
        if not row.is_active:
            return Outcome(row, DISABLED, None, "the webhook is disabled", None, None)
        try:
            if row.channel == "slack":
                return self._say(row, now)
            return self._post(row, allowed, now)
        except Forbidden as refused:
            return Outcome(row, REFUSED, None, str(refused), None, None)
        except UserError as error:
            return Outcome(row, FAILED, None, f"{error}", None, None)
        except Exception as error:
            # A fault of ours must not end the worker: it is this delivery's, and is tried again.
            return Outcome(row, FAILED, None, f"{type(error).__name__}: {error}"[:500], None, None)

    def _post(self, row: sa.Row, allowed: Sequence[Allowed], now: datetime) -> Outcome:
        to = target(row.webhook_url, allowed)
        keys = [self.unseal(row.secret)] if row.secret else []
        if row.previous_secret and row.previous_until and row.previous_until > now:
            keys.append(self.unseal(row.previous_secret))
        body = content(row)
        sent = as_bytes(body)
        answer = post(to, signed(keys, str(row.message_id), sent, now), sent, now)
        status = SENT if answer.accepted else FAILED
        return Outcome(row, status, answer.status or None, answer.words, body, now, answer.wait)

    def _say(self, row: sa.Row, now: datetime) -> Outcome:
        try:
            chat.send(self.unseal(row.secret), words.subject_of(row), words.text_of(row))
        except chat.ChatFailed as failed:
            return Outcome(row, FAILED, None, str(failed), content(row), now)
        return Outcome(row, SENT, None, "", content(row), now)

    def _taken(self, under_way: dict[Future[Outcome], int]) -> list[tuple[sa.Row, Sequence[Allowed]]]:
        at = Counter(under_way.values())
        room = {number: self.rooms.get(number, FIRST_ROOM) - at[number] for number in {*at, *self.rooms}}
        with transaction(self.url) as connection:
            rows = deliveries.take(
                connection, clock.now(), self.lease, most=MOST_ROOM, each=FIRST_ROOM, room=room
            )
            networks = opened_networks(connection) if rows else []
        allowed = [Allowed.of(network, port) for network, port in networks]
        return [(row, allowed) for row in rows]

    def _settle(self, outcomes: list[Outcome]) -> int:
        if not outcomes:
            return 0
        now = clock.now()
        for one in outcomes:
            number = one.delivery.webhook_config_id
            took = one.status == SENT and (now - (one.sent_at or now)).total_seconds() < SLOW_S
            self.rooms[number] = (
                min(2 * self.rooms.get(number, FIRST_ROOM), MOST_ROOM) if took else FIRST_ROOM
            )
        with transaction(self.url) as connection:
            deliveries.settle(connection, outcomes, now, self.draw)
            silent = {
                one.delivery.webhook_config_id
                for one in outcomes
                if one.status == FAILED and one.code is None and one.sent_at is not None
            }
            for number in silent:
                deliveries.hold_back(connection, number, now, LEFT_ALONE)
        return sum(one.status == SENT for one in outcomes)
