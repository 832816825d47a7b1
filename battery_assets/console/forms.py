"""Forms: their fields, and the token without which none is taken (ASVS 3.5.1: no request of another site)."""

import hashlib
import hmac
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import UploadFile

from battery_assets.api.problems import Problem

SESSION = "ba_session"
TOKEN, MOST_FIELDS, LONGEST = "form_token", 60, 20_000


def form_token(request: Request) -> str:
    """The token of a session's forms; empty where there is none. Who does not hold the cookie cannot make it."""
    cookie = request.cookies.get(SESSION, "")
    return hmac.new(cookie.encode(), b"battery-assets form", hashlib.sha256).hexdigest() if cookie else ""


async def fields(request: Request) -> Mapping[str, str]:
    """A dependency: the fields of a form of ours. Problem 403 for one of another page's, 422 for files."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST)
    given: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) or "\0" in value or len(value) > LONGEST:
            raise Problem(422, "a field cannot be taken as it is", "go back, and write it as text")
        # Boxes of one name that are ticked together stand in one field.
        given[name] = f"{given[name]},{value}" if name in given else value
    expected = form_token(request)
    if not expected or not hmac.compare_digest(given.pop(TOKEN, ""), expected):
        raise Problem(403, "this form is of another session", "open the page again, and send it from there")
    return given
