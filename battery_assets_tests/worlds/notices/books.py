"""People, webhooks and events for tests of notifications."""

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.actions.notifications import webhooks
from battery_assets.actions.notifications.webhooks import new_secret
from battery_assets.notify.worker import Worker
from battery_assets.platform.outbox.events import Event, emit
from battery_assets.platform.outbox.kinds import INCIDENT_OPENED, WARNING
from battery_assets.platform.sealing import Seal
from battery_assets.platform.warehouse.database import transaction
from battery_assets.tables.service.messages import webhook_network
from battery_assets.tables.service.people import users

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SENDER = "battery@example.org"


def person(url: str, name: str, role: str = "engineer", sites: tuple[str, ...] = ("*",)) -> int:
    """An account that was there long ago; returns its number."""
    with transaction(url) as connection:
        values = {"username": name, "email": f"{name}@example.org", "role": role, "name": name.title()}
        statement = sa.insert(users).values(**values, sites=list(sites), created_at=LONG_AGO)
        return int(connection.execute(statement.returning(users.c.id)).scalar_one())


def hook(
    url: str, home: Path, user: int, address: str, kinds=("*",), name: str = "a hook"
) -> tuple[int, str]:
    """A webhook to a receiver of this machine, whose network an admin allowed; its number and secret."""
    secret = new_secret()
    port = int(address.split(":")[2].split("/")[0])
    with transaction(url) as connection:
        opened_port = {"network": "127.0.0.0/8", "port": port, "comment": "a test"}
        connection.execute(insert(webhook_network).values(opened_port).on_conflict_do_nothing())
        number = webhooks.add(connection, Seal(home), user, name, address, kinds, secret, lambda _: None)
    return number, secret


def tell(url: str, *events: Event) -> int:
    """Enter events in a transaction of their own."""
    with transaction(url) as connection:
        return emit(connection, *events)


def opened(number: int | str, site: str = "hanoi", severity: str = WARNING, **other) -> Event:
    """An incident that was opened."""
    values = {"after": "high", "group": f"incident:{number}", **other}
    return Event(
        INCIDENT_OPENED, "incident", str(number), f"Fault {number}", site=site, severity=severity, **values
    )


def worker(url: str, home: Path, smtp: str | None = None, **other) -> Worker:
    """A worker of that database."""
    return Worker(url, Seal(home).unseal, smtp, SENDER, **other)


def rows(url: str, query: str, **values) -> list[sa.Row]:
    """What a question in SQL gives."""
    with transaction(url) as connection:
        return list(connection.execute(sa.text(query), values))
