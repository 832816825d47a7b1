"""Work orders to and from a CMMS as CSV, and what people enter about them.

What comes back is entered as acts of `service.work_order_entry`; a line that says nothing new enters nothing.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.operations.incidents import as_uuid
from battery_assets.actions.operations.people import Person, person, user_id_of
from battery_assets.errors import UserError
from battery_assets.fleet.order_lines import FORMULA, ORDERS, as_csv
from battery_assets.platform.warehouse.resource import Warehouse

# What an import reads; the other columns of an export are for people.
READ = ("work_order_id", "external_id", "status", "assigned_to", "completed_at", "resolution_notes")
_ACTS = {
    "open": "reopen", "assigned": "assign", "in_progress": "start", "completed": "complete",
    "closed": "close",
}  # fmt: skip
STATES = tuple(_ACTS)
_ALIKE = {("open", "assigned")}
_OPEN = sa.text(
    ORDERS
    + """
WHERE (:site = '' OR w.site = :site) AND (:all OR w.status NOT IN ('completed', 'closed'))
ORDER BY w.site, w.due_date, w.work_order_id
"""
)
_ALL = sa.text(
    ORDERS + "WHERE w.work_order_id = ANY (CAST(:ids AS uuid[])) OR w.external_id = ANY (:tickets)"
)


def exported(warehouse: Warehouse, site: str = "", *, everything: bool = False) -> str:
    """Work orders that are not done, or all of them, as CSV with a heading; instants in UTC, ISO 8601."""
    with warehouse.reading() as connection:
        rows = connection.execute(_OPEN, {"site": site, "all": everything}).mappings().all()
    return as_csv([dict(row) for row in rows])


@dataclass
class Imported:
    """What an import came to: lines read, orders that something new was entered of, entries."""

    lines: int = 0
    orders: set[str] = field(default_factory=set)
    entries: int = 0


def imported(
    warehouse: Warehouse,
    text: str,
    by: str | Person,
    states: Mapping[str, str] | None = None,
    *,
    where: str = "the file",
) -> Imported:
    """Enter what a CMMS says of work orders: ticket, state, who, when, findings. All lines or none.

    text: CSV with a heading; work_order_id names the order, or an external_id that was entered before. Of the
    columns of an export those in READ are read, others are passed over. states: the CMMS's words for STATES.
    UserError names line and column.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="", strict=True)
    rows = [(reader.line_num, row) for row in reader]
    if not rows or not {"work_order_id", "external_id"} & set(reader.fieldnames or ()):
        raise UserError(
            f"{where} has no line of work orders",
            f"give a heading of {', '.join(READ)} and a line for each order",
        )
    done = Imported(lines=len(rows))
    with warehouse.transaction() as connection:
        # A ticket belongs to one order: who imports at the same time waits.
        connection.execute(sa.text("LOCK TABLE service.work_order_entry IN SHARE ROW EXCLUSIVE MODE"))
        who, orders = person(connection, by), _orders(connection, [row for _, row in rows])
        for number, row in rows:
            line = _Line(f"{where} line {number}", row, states or {})
            order = line.order(orders)
            acts = line.acts(connection, order, orders)
            about = {name: order[name] for name in ("site", "work_order_id", "fault")}
            entry = {**about, "began_at": order["created_at"], "entered_by": who.name, "user_id": who.user_id}
            for act in acts:
                connection.execute(sa.insert(t.work_order_entry).values(**entry, **act))
                orders[str(order["work_order_id"])] = order = {**order, **_after(act)}
            if acts:
                done.orders.add(str(order["work_order_id"]))
                done.entries += len(acts)
    return done


def _after(act: Mapping[str, Any]) -> dict[str, Any]:
    """What an order is like once an act is entered: the next line of the file may speak of it again."""
    return {"external_id": act["external_id"]} if act["action"] == "ticket" else {}


def _orders(connection: sa.Connection, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    ids = [one for row in rows if (one := as_uuid(row.get("work_order_id") or ""))]
    tickets = [row["external_id"].strip() for row in rows if row.get("external_id")]
    matching = connection.execute(_ALL, {"ids": ids, "tickets": tickets}).mappings()
    return {str(row["work_order_id"]): dict(row) for row in matching}


@dataclass(frozen=True)
class _Line:
    """A line of an import, and where it stands."""

    where: str
    row: Mapping[str, Any]
    words: Mapping[str, str]

    def cell(self, name: str) -> str:
        value = (self.row.get(name) or "").strip()
        return value[1:] if value[:1] == "'" and value[1:].startswith(FORMULA) else value

    def wrong(self, name: str, what: str, step: str) -> UserError:
        return UserError(f"{self.where}, column {name}: {what}", step)

    def order(self, orders: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
        """The work order that the line is about."""
        name, ticket = self.cell("work_order_id"), self.cell("external_id")
        if name:
            orders_named = [one for one in orders.values() if str(one["work_order_id"]) == as_uuid(name)]
        else:
            orders_named = [one for one in orders.values() if ticket and one["external_id"] == ticket]
        if len(orders_named) != 1:
            said = f"work order {name!r}" if name else f"ticket {ticket!r}"
            raise self.wrong(
                "work_order_id" if name else "external_id",
                f"{said} is {'not known' if not orders_named else 'that of several sites'}",
                "take the identifiers from `battery-assets work-orders export`",
            )
        return orders_named[0]

    def acts(
        self, connection: sa.Connection, order: Mapping[str, Any], orders: Mapping[str, dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """What the line says that is not known yet."""
        acts: list[dict[str, Any]] = []
        ticket = self.cell("external_id")
        if ticket and ticket != order["external_id"]:
            self._refuse_taken(ticket, order, orders)
            acts.append({"action": "ticket", "external_id": ticket})
        responsible = self.cell("assigned_to")
        if responsible and responsible not in (order["assigned_email"], str(order["assigned_to"])):
            acts.append({"action": "assign", "assigned_to": user_id_of(connection, responsible)})
        return acts + self._progress(order)

    def _refuse_taken(
        self, ticket: str, order: Mapping[str, Any], orders: Mapping[str, dict[str, Any]]
    ) -> None:
        if len(ticket) > 50:
            raise self.wrong("external_id", f"{len(ticket)} characters are too many", "give 50 at most")
        other = [
            one for one in orders.values()
            if one["external_id"] == ticket and one["site"] == order["site"]
            and one["work_order_id"] != order["work_order_id"]
        ]  # fmt: skip
        if other:
            raise self.wrong(
                "external_id",
                f"ticket {ticket!r} is that of work order {other[0]['work_order_id']} already",
                "a ticket belongs to one work order: correct the line",
            )

    def _progress(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        status, findings = self.cell("status"), self.cell("resolution_notes") or None
        state = self.words.get(status, status.lower())
        if state and state not in STATES:
            raise self.wrong(
                "status",
                f"{status!r} is none of {', '.join(STATES)}",
                "say what it means: --state WORD=STATUS",
            )
        at = self._instant("completed_at")
        news = findings if findings != order["resolution_notes"] else None
        later = state in _ACTS and (state != order["status"])
        again = state == "completed" and at is not None and at != order["completed_at"]
        # Of what nobody works on yet an export says `assigned` where a run named somebody.
        if (later and (state, order["status"]) not in _ALIKE) or again:
            return [{"action": _ACTS[state], "done_at": at, "note": findings}]
        return [{"action": "note", "note": news}] if news else []

    def _instant(self, name: str) -> datetime | None:
        words = self.cell(name)
        if not words:
            return None
        try:
            at = datetime.fromisoformat(words)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise self.wrong(
                name, f"{words!r} is no instant with a time zone", "write it as in 2026-03-01T14:00+07:00"
            )
        return at
