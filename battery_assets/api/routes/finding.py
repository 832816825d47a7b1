"""How people find experiments again: a search, searches that are kept, tags and notes."""

import json
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from battery_assets.actions.people.caller import WORK, Caller
from battery_assets.actions.reading.catalogue import RESOURCES
from battery_assets.actions.signals import labelling
from battery_assets.api.callers import READ, may
from battery_assets.api.changing import Change, IdempotencyKey, IfMatch
from battery_assets.api.etags import refuse_changed, tagged
from battery_assets.api.problems import ALWAYS, CHANGES, Problem, documented
from battery_assets.api.representations import row_schema
from battery_assets.api.routes.operations import row_of
from battery_assets.api.strict import Strict, routed

router = routed("experiments")
EXPERIMENTS = RESOURCES["experiments"]
NO_VERSION = tuple(one for one in CHANGES if one not in (412, 428))
Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Reads = Annotated[Caller, Depends(may(READ["experiments"]))]
Works = Annotated[Caller, Depends(may(WORK))]
Experiment = Annotated[str, Path(max_length=120, pattern=r"^[^\x00]+$", description="Name or number.")]


class Tag(Strict):
    """A word to find it by."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"[A-Za-z0-9]")]


class Notes(Strict):
    """What is noted of it, in place of what stands there."""

    notes: Annotated[str, Field(max_length=20_000)]


class Search(Strict):
    """A search that is kept."""

    name: Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
    query: Line


def _answer(rows: list[dict[str, Any]]) -> Response:
    return Response(json.dumps({"items": rows}, default=str), media_type="application/json")


_LIST = {"content": {"application/json": {"schema": {
    "type": "object", "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"type": "object"}}},
}}}}  # fmt: skip
_KEPT: dict[str, Any] = {
    "content": {"application/json": {"schema": row_schema(RESOURCES["saved-searches"])}},
    "description": "It is kept.",
}
_ROW: dict[str, Any] = {"content": {"application/json": {"schema": row_schema(EXPERIMENTS)}}}


def _refuse_narrow(caller: Caller) -> None:
    if caller.sites is not None:
        raise Problem(
            403, "experiments belong to no site", "ask with a key or an account that sees every site"
        )
    if caller.ceiling is not None:
        raise Problem(403, "what experiments held at an instant is not kept", "use another key")


@router.get("/experiment-search", summary="Experiments that a query finds", operation_id="search_experiments",
            response_class=Response, responses={200: _LIST, **documented(*ALWAYS)})  # fmt: skip
def search(
    request: Request,
    caller: Reads,
    q: Annotated[
        Line, Query(description="As in: model_type:cnn1d macro_auroc>0.95 tag:gateway some words.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Words, key:value and score>number; newest first."""
    _refuse_narrow(caller)
    return _answer(labelling.search(request.app.state.platform.warehouse, q, limit))


@router.post("/experiments/{name}/tags", summary="Give an experiment a tag", operation_id="tag_experiment",
             response_class=Response, responses={200: _ROW, **documented(*NO_VERSION)})  # fmt: skip
def tag(
    request: Request, name: Experiment, body: Tag, caller: Works, idempotency_key: IdempotencyKey = None
) -> Response:
    """The same tag twice is one tag."""
    _refuse_narrow(caller)
    change = Change(request, caller, idempotency_key, body)

    def do(_connection: sa.Connection) -> Response:
        row = row_of(change.warehouse, EXPERIMENTS, name, caller)
        labelling.tag(change.warehouse, json.loads(row)["name"], body.name, caller.user_id)
        return tagged(row_of(change.warehouse, EXPERIMENTS, name, caller))

    return change.once(do)


@router.put(
    "/experiments/{name}/notes", summary="Write what is noted of an experiment", response_class=Response,
    operation_id="note_experiment", responses={200: _ROW, **documented(*CHANGES)},
)  # fmt: skip
def notes(
    request: Request,
    name: Experiment,
    body: Notes,
    caller: Works,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """It takes the place of what was noted: If-Match says of which version."""
    _refuse_narrow(caller)
    change = Change(request, caller, idempotency_key, body)

    def do(connection: sa.Connection) -> Response:
        row = row_of(change.warehouse, EXPERIMENTS, name, caller)
        number, called = json.loads(row)["id"], json.loads(row)["name"]
        labelling.hold(connection, number)
        refuse_changed(row_of(change.warehouse, EXPERIMENTS, str(number), caller), if_match)
        labelling.note(change.warehouse, called, body.notes)
        return tagged(row_of(change.warehouse, EXPERIMENTS, str(number), caller))

    return change.once(do)


@router.post(
    "/saved-searches", summary="Keep a search under a name", operation_id="keep_search", status_code=201,
    response_class=Response, responses={201: _KEPT, **documented(*NO_VERSION)},
)  # fmt: skip
def keep(request: Request, body: Search, caller: Works, idempotency_key: IdempotencyKey = None) -> Response:
    """One of the same name and person is changed."""
    _refuse_narrow(caller)
    change = Change(request, caller, idempotency_key, body)

    def do(_connection: sa.Connection) -> Response:
        number = labelling.keep(change.warehouse, body.name, body.query, caller.user_id)
        row = row_of(change.warehouse, RESOURCES["saved-searches"], str(number), caller)
        return Response(row, 201, {"location": f"/api/v1/saved-searches/{number}"}, "application/json")

    return change.once(do)


@router.get(
    "/saved-searches/{number}/experiments", summary="Experiments that a kept search finds now",
    operation_id="use_search", response_class=Response, responses={200: _LIST, **documented(*ALWAYS)},
)  # fmt: skip
def use(
    request: Request,
    number: Annotated[int, Path(ge=1, le=2**63 - 1)],
    caller: Reads,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Newest first."""
    _refuse_narrow(caller)
    warehouse = request.app.state.platform.warehouse
    query = json.loads(row_of(warehouse, RESOURCES["saved-searches"], str(number), caller))["query"]
    return _answer(labelling.search(warehouse, query, limit))
