"""The API's documents: OpenAPI with every answer, and a page of it that asks no other host."""

from collections.abc import Sequence
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from battery_assets.api.problems import FieldError, ProblemBody
from battery_assets.api.strict import StrictRoute

_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key: docs/people.md."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key."},
}
_STYLE = (
    "body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "code{font:13px ui-monospace}dt{margin-top:1rem}h2{margin-top:2.5rem}"
)


def describe(app: FastAPI, switched: Sequence[BaseRoute] = ()) -> None:
    """Let the application describe itself and its switched routes, at its OpenAPI address and at /docs."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, switched)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return HTMLResponse(page(openapi()), headers={"content-security-policy": policy})


def _described(app: FastAPI, switched: Sequence[BaseRoute]) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=[*switched, *app.routes]
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    problem.pop("$defs", None)
    schemas |= {"ProblemBody": problem, "FieldError": FieldError.model_json_schema()}
    schema["components"]["securitySchemes"] = _SCHEMES
    _name_scopes(schema["paths"], [*switched, *app.routes])
    for operations in schema["paths"].values():
        for operation in operations.values():
            said = operation.get("responses", {}).get("422", {})
            if "application/json" in said.get("content", {}):
                # FastAPI's own body of a 422 gives the input back; ours does not.
                said["content"] = {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
                }
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return schema


def _name_scopes(paths: dict[str, Any], routes: Sequence[BaseRoute]) -> None:
    """Say of each operation which scopes a key or a session needs, one of them."""
    for route in routes:
        guard = getattr(route, "guard", None)
        if isinstance(route, StrictRoute) and guard is not None and route.include_in_schema:
            for method in route.methods or ():
                operation = paths[route.path_format][method.lower()]
                operation["security"] = [{name: list(guard.scopes)} for name in _SCHEMES]


def page(described: dict[str, Any]) -> str:
    """Every route of an OpenAPI document as one HTML page without a script."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in described["paths"].items():
        for method, one in operations.items():
            by_tag.setdefault((one.get("tags") or ["other"])[0], []).append(_entry(path, method, one))
    parts = [f"<h2>{escape(tag)}</h2><dl>{''.join(entries)}</dl>" for tag, entries in by_tag.items()]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>API of {escape(described['info']['title'])}"
        f"</title><style>{_STYLE}</style><h1>API</h1><p>{escape(described['info']['description'])}</p>"
        f"{''.join(parts)}</html>"
    )


def _entry(path: str, method: str, one: dict[str, Any]) -> str:
    terms = ", ".join(
        f"<code>{escape(term['name'])}</code>" for term in one.get("parameters", []) if term["in"] == "query"
    )
    answers = " ".join(sorted(one.get("responses", {})))
    return (
        f"<dt><code>{method.upper()} {escape(path)}</code></dt><dd>{escape(one.get('summary', ''))}. "
        f"{escape(one.get('description', ''))}{f'<br>Terms: {terms}' if terms else ''}"
        f"<br>Answers: {answers}</dd>"
    )
