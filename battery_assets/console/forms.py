"""Forms: their fields, and the token without which none is taken (ASVS 3.5.1: no request of another site)."""

import secrets
from collections.abc import Mapping

from fastapi import Request, Response
from starlette.datastructures import UploadFile

from battery_assets.actions.people.sessions import csrf_fits, csrf_of
from battery_assets.api.cookies import token_of
from battery_assets.api.problems import Problem

# Who has no session has a cookie of its own for the forms of signing in.
VISIT = "battery_visit"
TOKEN, MOST_FIELDS, LONGEST = "form_token", 80, 20_000


def form_token(request: Request) -> str:
    """The token of the forms of a session, or of a visit before it; empty where there is neither."""
    cookie = _cookie(request)
    return csrf_of(cookie) if cookie else ""


def begin_visit(request: Request) -> None:
    """Give who has neither session nor visit a visit; `keep_visit` puts it into the answer."""
    if not _cookie(request):
        request.state.visit = secrets.token_urlsafe(24)


def keep_visit(request: Request, response: Response) -> Response:
    """Let the browser keep a visit that began with this request."""
    fresh = getattr(request.state, "visit", None)
    if fresh is not None:
        secure = request.url.scheme == "https"
        response.set_cookie(VISIT, fresh, path="/signin", httponly=True, samesite="strict", secure=secure)
    return response


async def fields(request: Request) -> Mapping[str, str]:
    """A dependency: the fields of a form of ours. Problem 403 for one of another page's, 422 for files."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST)
    filled: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) or "\0" in value or len(value) > LONGEST:
            raise Problem(422, "a field cannot be taken as it is", "go back, and write it as text")
        # Boxes of one name that are ticked together stand in one field.
        filled[name] = f"{filled[name]},{value}" if name in filled else value
    cookie, token = _cookie(request), filled.pop(TOKEN, "")
    if not cookie or not csrf_fits(cookie, token):
        raise Problem(403, "this form is of another session", "open the page again, and send it from there")
    return filled


def listed(text: str | None) -> list[str]:
    """The values of boxes of one name, or words between commas."""
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def _cookie(request: Request) -> str:
    return token_of(request) or getattr(request.state, "visit", "") or request.cookies.get(VISIT, "")
