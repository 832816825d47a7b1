"""What happened, entered into the outbox in the transaction of the fact: both are there, or neither is.

The same fact has the same key, whatever run finds it again, so that nobody hears of it twice. What a month
says is news where it is the newest month of its site and just over, or lasts: history is told to nobody.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform import clock
from battery_assets.platform.outbox.kinds import INFO, Kind
from battery_assets.tables.service.messages import outbox

_SPACE = uuid.UUID("6a0c7a52-6c52-5f0e-9a5e-2f6f0f5a9c11")
# Sites that export once a month do so weeks after its end; what is older is history.
NEWS_FOR = timedelta(days=45)
LONGEST_TITLE = 300


@dataclass(frozen=True)
class Event:
    """A fact that somebody may want to hear of.

    `fact` tells this fact of the object from its others of the kind, such as when it began; `same_as` takes
    the object's place in the key where its identifier may change. `group` is what digests put together: the
    incident, or the object. `before` and `after` are the object's states, where it has some. `owner` is the
    number of the one account that it concerns.
    """

    kind: Kind
    object_kind: str
    object_id: str
    title: str
    fact: str = ""
    severity: str = INFO
    site: str | None = None
    group: str = ""
    before: str = ""
    after: str = ""
    at: datetime | None = None
    owner: int | None = None
    same_as: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The same for the same fact."""
        same = self.same_as or f"{self.object_kind}|{self.object_id}"
        return "|".join((self.kind.name, self.site or "", same, self.fact))[:255]

    @property
    def event_id(self) -> str:
        """The same for the same fact."""
        return str(uuid.uuid5(_SPACE, self.key))


def emit(connection: sa.Connection, *events: Event) -> int:
    """Enter events into the outbox. Returns how many are new: one that is there stays as it is."""
    return emit_all(connection, events)


def emit_all(connection: sa.Connection, events: Iterable[Event]) -> int:
    """As `emit`."""
    rows = list({event.key: _row(event) for event in events}.values())
    if not rows:
        return 0
    statement = insert(outbox).on_conflict_do_nothing(index_elements=["dedupe_key"])
    return len(connection.execute(statement.returning(outbox.c.id), rows).all())


def is_news(at: datetime) -> bool:
    """Whether what ended or happened then is told of: it lasts, or is just over."""
    return clock.now() - at < NEWS_FOR


def _row(event: Event) -> dict[str, Any]:
    at = event.at or clock.now()
    payload = {
        "title": event.title[:LONGEST_TITLE],
        "at": at.isoformat(),
        "before": event.before,
        "after": event.after,
        "owner": event.owner,
        "facts": dict(event.facts),
    }
    return {
        "event_id": event.event_id,
        "event_type": event.kind.name,
        "severity": event.severity,
        "site": event.site,
        "object_kind": event.object_kind,
        "object_id": event.object_id[:120],
        "group_key": (event.group or f"{event.object_kind}:{event.object_id}")[:160],
        "dedupe_key": event.key,
        "payload": payload,
        "next_at": clock.now(),
    }
