"""The sheet, the script and the icon: the only files that a page asks for."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Response

from battery_assets.api.problems import Problem

router = APIRouter(include_in_schema=False)
KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@cache
def _content(name: str) -> bytes | None:
    path = files("battery_assets.console") / "static" / name
    return path.read_bytes() if name.rpartition(".")[2] in KINDS and path.is_file() else None


@router.get("/static/{name}")
def static(name: str) -> Response:
    """A file of the console; kept for an hour by the browser."""
    content = _content(name)
    if content is None:
        raise Problem(404, "there is no such file", "open the console at /")
    headers = {"cache-control": "public, max-age=3600"}
    return Response(content, media_type=KINDS[name.rpartition(".")[2]], headers=headers)


@router.get("/favicon.ico")
def icon() -> Response:
    """The icon, for browsers that ask without being told."""
    return static("icon.svg")
