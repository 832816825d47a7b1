"""The life of a work order: assigned, started, completed, closed, opened again; its ticket in a CMMS."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.operations.people import Person, person, user_id_of
from battery_assets.errors import Failure, UserError
from battery_assets.platform.warehouse.resource import Warehouse

LONGEST_TICKET = 50
# Of each act the states from which it can be done; what adds to an order can be done in any.
FROM: dict[str, tuple[str, ...]] = {
    "assign": ("open", "assigned", "in_progress"),
    "start": ("open", "assigned"),
    "complete": ("open", "assigned", "in_progress", "completed"),
    "close": ("open", "assigned", "in_progress", "completed"),
    "reopen": ("completed", "closed"),
}
_ORDER = sa.text("SELECT * FROM fleet.work_order WHERE work_order_id = CAST(:id AS uuid)")
_TAKEN = sa.text(
    "SELECT work_order_id FROM fleet.work_order "
    "WHERE external_id = :ticket AND site = :site AND work_order_id <> CAST(:id AS uuid) LIMIT 1"
)


@dataclass(frozen=True)
class Said:
    """What goes with an act: words, whom it names, the ticket, and when it was done."""

    words: str | None = None
    to: str | None = None
    ticket: str | None = None
    at: datetime | None = None


def act(warehouse: Warehouse, order_id: str, by: str | Person, action: str, said: Said) -> None:
    """Enter what was done with a work order.

    UserError where there is no such order, Failure where it cannot be done as the order stands, and for a
    ticket that is another order's.
    """
    with warehouse.transaction() as connection:
        # A ticket belongs to one order, and a state follows from one before it: who comes second waits.
        connection.execute(sa.text("LOCK TABLE service.work_order_entry IN SHARE ROW EXCLUSIVE MODE"))
        order = connection.execute(_ORDER, {"id": order_id}).one_or_none()
        if order is None:
            raise UserError(f"no order is called {order_id!r}", "see `battery-assets work-orders export`")
        if order.status not in FROM.get(action, (order.status,)):
            raise Failure(
                f"it is {order.status}: {action} is for one that is {' or '.join(FROM[action])}",
                "reopen it first" if action != "reopen" else "it is open: there is nothing to reopen",
            )
        who, values = person(connection, by), _values(connection, order, said)
        entry = {
            "site": order.site, "work_order_id": order.work_order_id, "fault": order.fault,
            "began_at": order.created_at, "action": action, "entered_by": who.name, "user_id": who.user_id,
        }  # fmt: skip
        connection.execute(sa.insert(t.work_order_entry).values(**entry, **values))


def _values(connection: sa.Connection, order: sa.Row, said: Said) -> dict[str, Any]:
    values: dict[str, Any] = {"note": said.words, "done_at": said.at}
    if said.to is not None:
        values["assigned_to"] = user_id_of(connection, said.to)
    if said.ticket is not None:
        terms = {"ticket": said.ticket, "site": order.site, "id": order.work_order_id}
        other = connection.execute(_TAKEN, terms).scalar_one_or_none()
        if other is not None:
            raise Failure(f"the ticket is that of work order {other} already", "give each order its own")
        values["external_id"] = said.ticket
    return values
