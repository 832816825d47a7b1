"""Mails on their way, one after the other through one connection."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from battery_assets.notify.mail import words
from battery_assets.notify.mail.message import BadAddress, mail
from battery_assets.notify.mail.smtp import Outbound, Refused, Unreachable
from battery_assets.platform import clock
from battery_assets.platform.outbox import mails
from battery_assets.platform.outbox.deliveries import LEASE
from battery_assets.platform.warehouse.database import transaction


@dataclass
class Mails:
    """The sender of mails of one database, through the SMTP server that `smtp` addresses."""

    url: str
    smtp: str
    sender: str
    lease: timedelta = LEASE
    draw: random.Random = field(default_factory=random.Random)

    def send_due(self, going_on: Callable[[], bool] = lambda: True) -> int:
        """Send what is due until nothing is, or until `going_on` says no. Returns how many went."""
        sent = 0
        with Outbound(self.smtp) as out:
            while going_on():
                with transaction(self.url) as connection:
                    single = mails.take(connection, clock.now(), self.lease)
                    digests = mails.take_digests(connection, clock.now(), self.lease)
                if not single and not digests:
                    break
                sent += sum(self._send(out, row) for row in single)
                sent += sum(self._send_digest(out, row) for row in digests)
        return sent

    def _send(self, out: Outbound, row: sa.Row) -> bool:
        subject = words.subject_of(row)
        text, list_name = words.text_of(row), row.event_type
        problem, for_good = (
            self._try(out, row.email, subject, text, str(row.message_id), list_name)
            if row.is_active
            else ("the account is not active", True)
        )
        with transaction(self.url) as connection:
            now = clock.now()
            mails.settle(connection, row, subject, now, self.draw, problem=problem, for_good=for_good)
        return problem is None

    def _send_digest(self, out: Outbound, row: sa.Row) -> bool:
        said = row.event_data["text"]
        problem, for_good = self._try(
            out, row.recipient_email, row.subject, said, row.message_id, row.event_type
        )
        with transaction(self.url) as connection:
            now = clock.now()
            mails.settle_digest(connection, row, now, self.draw, problem=problem, for_good=for_good)
        return problem is None

    def _try(
        self, out: Outbound, to: str, subject: str, text: str, number: str, list_name: str
    ) -> tuple[str | None, bool]:
        """What was wrong, None where nothing was, and whether it is for good."""
        try:
            made = mail(
                sender=self.sender, to=to, subject=subject, text=text, message_id=number, at=clock.now(),
                list_name=list_name,
            )  # fmt: skip
            out.send(made)
        except (BadAddress, Refused) as error:
            return str(error)[:1000], True
        except (Unreachable, ValueError) as error:
            return f"{error}"[:1000], False
        return None, False
