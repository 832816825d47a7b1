"""Telemetry of jars and strings, and curves of cells' tests: a range of it, thinned, in each form."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import Depends, Path, Query, Request, Response

from battery_assets.actions.people.caller import Caller
from battery_assets.actions.reading import curves
from battery_assets.actions.reading.curves import CURVES, Curve
from battery_assets.actions.reading.knowledge import Knowledge
from battery_assets.api import representations as forms
from battery_assets.api.callers import READ, may
from battery_assets.api.problems import ALWAYS, Problem, documented
from battery_assets.api.routes.operations import row_of
from battery_assets.api.routes.reading import plainly
from battery_assets.api.strict import Instant, routed

router = routed()
At = Annotated[Instant | None, Query(description="As in 2026-03-01T14:00:00Z; at most 31 days between both.")]
AsOf = Annotated[
    Instant | None, Query(description="What was known then; 422 where files of a month changed since.")
]
Points = Annotated[int, Query(ge=1, le=20_000, description="Points at most, each of an equal span of time.")]


def _content(curve: Curve) -> dict[str, Any]:
    kinds = {"ts": {"type": "string", "format": "date-time"}, "rows": {"type": "integer"}}
    fields = {
        name: {**kinds.get(name, {"type": ["number", "null"]}), "description": said}
        for name, said in curve.fields.items()
    }
    point = {"type": "object", "properties": fields, "required": list(fields)}
    page = {
        "type": "object", "required": ["items"],
        "properties": {"items": {"type": "array", "items": point}},
    }  # fmt: skip
    return {
        "application/json": {"schema": page}, forms.CSV: {"schema": {"type": "string"}},
        forms.ARROW: {"schema": {"type": "string", "format": "binary"}},
    }  # fmt: skip


def _answered(points: pl.DataFrame, form: str) -> Response:
    if form == "csv":
        return forms.as_csv(points, None)
    if form == "arrow":
        return forms.as_arrow(points, None)
    shown = points.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    return Response(json.dumps({"items": shown.to_dicts()}), media_type="application/json")


def _add(path: str, curve: Curve) -> None:
    allowed = may(READ[curve.of.room])

    def read(
        request: Request,
        name: Annotated[str, Path(max_length=120, pattern=r"^[^\x00]+$")],
        caller: Annotated[Caller, Depends(allowed)],
        since: At = None,
        until: At = None,
        points: Points = 1_000,
        format: Annotated[Literal["json", "csv", "arrow"], Query(description="Form of the answer.")] = "json",
        as_of: AsOf = None,
    ) -> Response:
        knowledge = Knowledge(caller.as_of(as_of))
        warehouse = request.app.state.platform.warehouse
        owner: Mapping[str, str] = json.loads(row_of(warehouse, curve.of, name, caller))
        try:
            rows = plainly(lambda: curves.thinned(warehouse, curve, owner, since, until, points, knowledge))
        except curves.LakeError as error:
            raise Problem(409, "a file of it is not as it was written", "make its month again") from error
        return _answered(rows, format)

    router.add_api_route(
        f"/{path}", read, methods=["GET"], tags=[curve.of.room], summary=curve.title,
        operation_id=f"read_{path.replace('/{name}/', '_')}", response_class=Response,
        responses={200: {"content": _content(curve)}, **documented(*ALWAYS, 409)},
    )  # fmt: skip


for _path, _curve in CURVES.items():
    _add(_path, _curve)
