"""What models of a lab's cells say of a cell, or of cycles that somebody states."""

import json
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from battery_assets.actions import predict
from battery_assets.actions.people.caller import PREDICT, Caller
from battery_assets.actions.predict import Ask, Asked
from battery_assets.actions.reading import asking
from battery_assets.actions.reading.catalogue import RESOURCES
from battery_assets.api.callers import may
from battery_assets.api.changing import Change, IdempotencyKey
from battery_assets.api.problems import CHANGES, Problem, documented
from battery_assets.api.representations import row_schema
from battery_assets.api.strict import Strict, routed

router = routed("predictions")
ONE, WHOLE = RESOURCES["cell-predictions"], RESOURCES["ensemble-predictions"]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
_STATUSES = tuple(one for one in CHANGES if one not in (412, 428))


class Cycles(Strict):
    """Cycles of a cell, oldest first."""

    cycles: list[dict[Annotated[str, Field(max_length=120)], float]] = Field(
        min_length=1, max_length=100_000,
        description="Of each cycle cycle_num, the model's features, and pcl where the model sees health.",
    )  # fmt: skip


class OfCell(Strict):
    """A cell of the lab by its number, or its cycles as they are stated: one of the two."""

    battery_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    payload: Cycles | None = None

    def asked(self, caller: Caller) -> Asked:
        """The question. Problem 422 where neither or both are given."""
        if (self.battery_id is None) == (self.payload is None):
            said = "one of battery_id and payload is needed"
            raise Problem(422, said, "name one", errors=[("body.battery_id", said), ("body.payload", said)])
        payload = None if self.payload is None else self.payload.model_dump()
        return Asked(self.battery_id, payload, caller.user_id)


class ByModel(OfCell):
    """A cell, and the model that is asked."""

    model_id: Number


class ByEnsemble(OfCell):
    """A cell, and the ensemble that is asked."""

    ensemble_id: Number


def _made(row: dict[str, Any], path: str) -> Response:
    text = json.dumps(row, default=_plain, allow_nan=False)
    return Response(text, 201, {"location": f"/api/v1/{path}/{row['id']}"}, "application/json")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _schema(name: str) -> dict[int | str, dict[str, Any]]:
    row = {"content": {"application/json": {"schema": row_schema(RESOURCES[name])}}}
    where = {"Location": {"schema": {"type": "string"}, "description": "Where it can be read again."}}
    return {201: {"description": "It is said and kept.", "headers": where, **row}}


@router.post(
    "/cell-predictions", status_code=201, response_class=Response, operation_id="predict_cell",
    summary="Let a model speak of a cell at its last cycle",
    responses={**_schema("cell-predictions"), **documented(*_STATUSES)},
)  # fmt: skip
async def by_model(
    request: Request,
    body: ByModel,
    caller: Annotated[Caller, Depends(may(PREDICT))],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """What it says is kept. Without an Idempotency-Key what is asked at the same time is stored together."""
    platform, ask = request.app.state.platform, Ask(body.model_id, body.asked(caller), caller.sites)
    if idempotency_key is None and caller.ceiling is None:
        return _made(await platform.predictions(ask), ONE.name)

    def do(_connection: sa.Connection) -> Response:
        return _made(predict.spoken(platform.warehouse, platform.tracking, ask), ONE.name)

    return await run_in_threadpool(Change(request, caller, idempotency_key, body).once, do)


@router.post(
    "/ensemble-predictions", status_code=201, response_class=Response, operation_id="predict_cell_together",
    summary="Let an ensemble speak of a cell, with what each member says",
    responses={**_schema("ensemble-predictions"), **documented(*_STATUSES)},
)  # fmt: skip
def by_ensemble(
    request: Request,
    body: ByEnsemble,
    caller: Annotated[Caller, Depends(may(PREDICT))],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """soh and rul are null where the ensemble's strategy is to compare."""
    platform, asked = request.app.state.platform, body.asked(caller)
    ask = Ask(body.ensemble_id, asked, caller.sites, ensemble=True)

    def do(_connection: sa.Connection) -> Response:
        number = predict.spoken(platform.warehouse, platform.tracking, ask)["id"]
        row = asking.one(platform.warehouse, WHOLE, str(number), asking.Asked())
        return Response(row, 201, {"location": f"/api/v1/{WHOLE.name}/{number}"}, "application/json")

    return Change(request, caller, idempotency_key, body).once(do)
