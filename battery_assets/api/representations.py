"""A page as JSON, as CSV, or as an Arrow stream; and what OpenAPI says of its rows."""

import io
from typing import Any

import polars as pl
import polars.selectors as cs
from starlette.responses import Response

from battery_assets.actions.reading.asking import Page
from battery_assets.actions.reading.resource import Field, Resource

CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
# What a spreadsheet takes for a formula where a cell begins with it.
_FORMULA = r"^[=+\-@\t\r]"
_JSON: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "instant": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "text": {"type": "string"},
    "enum": {"type": "string"},
    "json": {},
}


def as_json(page: Page) -> Response:
    """Rows that PostgreSQL wrote as JSON, joined."""
    cursor = "null" if page.cursor is None else f'"{page.cursor}"'
    body = f'{{"items":[{",".join(page.rows)}],"next_cursor":{cursor}}}'
    return Response(body, media_type="application/json")


def as_csv(rows: pl.DataFrame, cursor: str | None) -> Response:
    """Text that begins like a formula gets an apostrophe before it."""
    guarded = rows.with_columns(
        pl.when(cs.string().str.contains(_FORMULA)).then("'" + cs.string()).otherwise(cs.string()).name.keep()
    )
    text = guarded.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    return Response(text, media_type=f"{CSV}; charset=utf-8", headers=_next(cursor))


def as_arrow(rows: pl.DataFrame, cursor: str | None) -> Response:
    """The rows as one Arrow stream."""
    out = io.BytesIO()
    rows.write_ipc_stream(out)
    return Response(out.getvalue(), media_type=ARROW, headers=_next(cursor))


def _next(cursor: str | None) -> dict[str, str]:
    return {} if cursor is None else {"x-next-cursor": cursor}


def row_schema(resource: Resource) -> dict[str, Any]:
    """The JSON schema of a row."""
    return {
        "type": "object",
        "properties": {name: _field(one) for name, one in resource.fields.items()},
        "required": list(resource.fields),
    }


def page_content(resource: Resource) -> dict[str, Any]:
    """What OpenAPI says of a page, in each of its forms."""
    cursor = {"type": ["string", "null"], "description": "Give it as `cursor`; null: this was the last page."}
    items = {"type": "array", "items": row_schema(resource)}
    page = {
        "type": "object",
        "properties": {"items": items, "next_cursor": cursor},
        "required": ["items", "next_cursor"],
    }
    return {
        "application/json": {"schema": page},
        CSV: {"schema": {"type": "string"}},
        ARROW: {"schema": {"type": "string", "format": "binary"}},
    }


def _field(one: Field) -> dict[str, Any]:
    said = dict(_JSON[one.kind])
    if "type" in said:
        said["type"] = [said["type"], "null"]
    return {**said, "description": one.description} if one.description else said
