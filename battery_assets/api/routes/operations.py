"""What people do about incidents and work orders: an act each, appended to what runs compute."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Body, Depends, Path, Request, Response
from pydantic import Field

from battery_assets.actions.operations import incidents, order_acts
from battery_assets.actions.operations.order_acts import LONGEST_TICKET, Said
from battery_assets.actions.operations.people import Person, person_of
from battery_assets.actions.people.caller import OPERATE, Caller
from battery_assets.actions.reading import asking
from battery_assets.actions.reading.fleet import INCIDENTS, WORK_ORDERS
from battery_assets.actions.reading.resource import Resource
from battery_assets.api import representations as forms
from battery_assets.api.callers import may
from battery_assets.api.changing import Change, IdempotencyKey, IfMatch
from battery_assets.api.etags import refuse_changed, tagged
from battery_assets.api.problems import CHANGES, Problem, documented
from battery_assets.api.strict import Instant, Name, Strict, Words, routed
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.fleet.p7_operations import RCA_CODES

router = routed("operations")
Code = Annotated[str, Field(pattern=f"^({'|'.join(RCA_CODES)})$", description="Cause, by its code.")]
Ticket = Annotated[str, Field(min_length=1, max_length=LONGEST_TICKET, pattern=r"\S")]


class Remark(Strict):
    """Words, where there are any."""

    words: Words | None = None


class Spoken(Strict):
    """Words."""

    words: Words


class Assignment(Strict):
    """Who is responsible from now on."""

    to: Name = Field(description="User, by email, name or user_id.")


class Analysis(Spoken):
    """What it came from."""

    cause: Code | None = None


class Resolution(Analysis):
    """What was done about it, and when it was over."""

    at: Instant | None = Field(default=None, description="When it was over; now unless given.")


class Completion(Remark):
    """What was done, and when."""

    at: Instant | None = Field(default=None, description="When it was done; now unless given.")


class TicketOfCmms(Strict):
    """The number that a CMMS gave to it."""

    external_id: Ticket


@dataclass(frozen=True)
class _Act:
    """An act: its body, what it does, and whether it may be done without naming the version."""

    body: type[Strict]
    do: Callable[[Warehouse, str, Person, Any], Any]
    says: str
    adds: bool = False


def _order(action: str) -> Callable[[Warehouse, str, Person, Any], None]:
    def do(warehouse: Warehouse, name: str, by: Person, body: Any) -> None:
        words = {"words": getattr(body, "words", None), "to": getattr(body, "to", None),
                "ticket": getattr(body, "external_id", None), "at": getattr(body, "at", None)}  # fmt: skip
        order_acts.act(warehouse, name, by, action, Said(**words))

    return do


OF_INCIDENTS = {
    "acknowledge": _Act(Remark, lambda w, name, by, b: incidents.acknowledge(w, name, by, b.words),
                        "Say that somebody looks after it", adds=True),
    "assign": _Act(Assignment, lambda w, name, by, b: incidents.assign(w, name, by, b.to),
                   "Make a user responsible for it and its work order"),
    "note": _Act(Spoken, lambda w, name, by, b: incidents.note(w, name, by, b.words),
                 "Add a remark", adds=True),
    "analyse": _Act(Analysis, lambda w, name, by, b: incidents.analyse(w, name, by, b.words, b.cause),
                    "Say what it came from, in words and by code"),
    "resolve": _Act(Resolution, lambda w, name, by, b: incidents.resolve(w, name, by, b.words, b.cause, b.at),
                    "Say that it is over; that stands until it gets worse"),
    "reopen": _Act(Spoken, lambda w, name, by, b: incidents.reopen(w, name, by, b.words),
                   "Take a resolution back"),
}  # fmt: skip
OF_ORDERS = {
    "assign": _Act(Assignment, _order("assign"), "Make a user responsible for it"),
    "start": _Act(Remark, _order("start"), "Say that the work has begun"),
    "complete": _Act(Completion, _order("complete"), "Say that the work is done"),
    "close": _Act(Remark, _order("close"), "Close it"),
    "reopen": _Act(Remark, _order("reopen"), "Open it again"),
    "note": _Act(Spoken, _order("note"), "Add a remark", adds=True),
    "ticket": _Act(TicketOfCmms, _order("ticket"), "Keep the number that a CMMS gave to it"),
}


def row_of(warehouse: Warehouse, resource: Resource, name: str, caller: Caller) -> str:
    """A row as JSON, by name. Problem 404 where the caller sees none."""
    row = asking.one(warehouse, resource, name, asking.Asked(caller.sites))
    if row is None:
        raise Problem(404, f"no row of {resource.name} is called so", f"see the list of {resource.name}")
    return row


def _add(resource: Resource, entries: str, key: str, action: str, act: _Act) -> None:
    def enter(
        request: Request,
        name: Annotated[
            str, Path(max_length=120, pattern=r"^[^\x00]+$", description=" or ".join(resource.one_by))
        ],
        body: Annotated[Any, Body()],
        caller: Annotated[Caller, Depends(may(OPERATE))],
        idempotency_key: IdempotencyKey = None,
        if_match: IfMatch = None,
    ) -> Response:
        change = Change(request, caller, idempotency_key, body)

        def do(connection: sa.Connection) -> Response:
            # Who enters at the same time waits, so that the version that is named is the one that is changed.
            connection.execute(sa.text(f"LOCK TABLE service.{entries} IN SHARE ROW EXCLUSIVE MODE"))
            row = row_of(change.warehouse, resource, name, caller)
            if not (act.adds and if_match is None):
                refuse_changed(row, if_match)
            number = str(json.loads(row)[key])
            act.do(change.warehouse, number, person_of(connection, caller), body)
            return tagged(row_of(change.warehouse, resource, number, caller))

        return change.once(do)

    enter.__annotations__["body"] = Annotated[act.body, Body()]
    statuses = CHANGES if not act.adds else tuple(one for one in CHANGES if one != 428)
    row = {"content": {"application/json": {"schema": forms.row_schema(resource)}}}
    router.add_api_route(
        f"/{resource.name}/{{name}}/{action}", enter, methods=["POST"], summary=act.says,
        operation_id=f"{action}_{resource.name}", responses={200: row, **documented(*statuses)},
        response_class=Response,
    )  # fmt: skip


for _action, _act in OF_INCIDENTS.items():
    _add(INCIDENTS, "incident_entry", "incident_id", _action, _act)
for _action, _act in OF_ORDERS.items():
    _add(WORK_ORDERS, "work_order_entry", "work_order_id", _action, _act)
