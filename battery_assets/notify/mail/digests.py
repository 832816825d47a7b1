"""Digests composed and queued: a difference for each person, and once a week a proof of life."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import sqlalchemy as sa

from battery_assets.notify.mail.difference import Item, difference, digest_text, subject_of
from battery_assets.platform.outbox import mails
from battery_assets.platform.outbox.kinds import PROOF_OF_LIFE, WEEKLY
from battery_assets.platform.outbox.life import counts, due_for_proof, week_of
from battery_assets.platform.warehouse.database import transaction

DIGEST = "digest"


def compose_due(url: str, now: datetime, zone: tzinfo = UTC) -> int:
    """Put every digest that is due on its way; weeks begin in a zone. Returns how many mails that makes."""
    made = 0
    with transaction(url) as connection:
        people = {person.id: person for person in mails.people_with_due_items(connection, now)}
        proofs = due_for_proof(connection, now, zone)
        alive = {person.id for person in proofs}
        people |= {person.id: person for person in proofs}
    for person in people.values():
        with transaction(url) as connection:
            made += compose(connection, person, now, week_of(now, zone) if person.id in alive else None)
    return made


def compose(connection: sa.Connection, person: sa.Row, now: datetime, alive: str | None) -> int:
    """Compose one person's digest. `alive`: the week whose proof of life it is, and a mail goes in any case.

    Returns 1 where a mail was put on its way, else 0.
    """
    items = mails.due_items(connection, person.id, now)
    lines = difference(_items(items))
    if not lines and not alive:
        mails.mark_included(connection, items, None, now)
        return 0
    since = mails.since_of(connection, person.id, DIGEST) or min(
        (item.created_at for item in items), default=now - timedelta(days=7)
    )
    footer = life_text(counts(connection, now, person.sites)) if alive else ""
    if lines:
        word = _word(items)
        subject, text = subject_of(lines, word), digest_text(lines, since, now, footer)
    else:
        subject, text = "weekly: nothing has changed", f"Nothing has changed for you this week.\n\n{footer}"
    kind = PROOF_OF_LIFE.name if alive else DIGEST
    key = alive or ",".join(str(item.id) for item in items)
    number = mails.queue_digest(connection, person, kind, key, subject, text, now)
    if number is None:
        # Another worker was quicker with this week's proof: what is due goes with the next look.
        return 0
    if items:
        mails.mark_included(connection, items, number, now)
    return 1


def life_text(counted: Mapping[str, int | str]) -> str:
    """The counts in lines, so that silence means something."""
    rows = [f"  {value:>10,}  {name}" if isinstance(value, int) else f"  {value:>10}  {name}"
            for name, value in counted.items()]  # fmt: skip
    return "\n".join(["What was looked at in the last seven days:", *rows, ""])


def _items(rows: Sequence[sa.Row]) -> list[Item]:
    return [
        Item(
            group=row.group_key or str(row.outbox_id),
            kind=row.event_type,
            title=row.event_data["title"],
            site=row.event_data.get("site") or "",
            severity=row.event_data.get("severity", "info"),
            at=datetime.fromisoformat(row.event_data["at"]),
            before=row.event_data.get("before", ""),
            after=row.event_data.get("after", ""),
        )
        for row in rows
    ]


def _word(items: Sequence[sa.Row]) -> str:
    """Which digest it is, by the longest wait of what is in it."""
    waited = max(item.scheduled_for - item.created_at for item in items)
    if waited > timedelta(days=1):
        return WEEKLY
    return "daily" if waited > timedelta(hours=1) else "hourly"
