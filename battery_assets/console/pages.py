"""How a page is made: templates, what each of them knows, and the headers that keep it on this host."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from battery_assets.actions.overview.reader import Reader
from battery_assets.actions.people.accounts import Accounts
from battery_assets.actions.people.attempts import TooEarly
from battery_assets.actions.people.caller import Caller
from battery_assets.actions.people.passwords import Busy
from battery_assets.actions.people.signing_in import NotSignedIn
from battery_assets.actions.reading.knowledge import PastNotKept
from battery_assets.api.callers import caller_at_once
from battery_assets.api.problems import Problem, of_database, of_sign_in, of_user_error
from battery_assets.console import words
from battery_assets.console.forms import form_token
from battery_assets.errors import UserError
from battery_assets.platform.warehouse.resource import Warehouse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What a form came to, said by its name: an address that somebody made says nothing of its own.
DONE = {
    "entered": "Entered.",
    "signed-out": "You are signed out.",
    "password": "The password is set: sign in with it.",
    "changed-password": "The password is changed; your other sessions have ended.",
    "session": "The session has ended.",
    "revoked": "The key is revoked.",
    "kept": "Kept.",
    "removed": "Removed.",
    "sent": "On its way: see the log in a moment.",
    "read": "Marked as read.",
}
_MARKS = {words: name for name, words in DONE.items()}
# With no-referrer a browser sends our own forms with the origin null, which the guard refuses.
HEADERS = {"content-security-policy": POLICY, "cache-control": "no-store", "referrer-policy": "same-origin"}


class NotProven(Exception):
    """The person has to prove once more who they are: the page sends to where one does."""


class SignedOut(Exception):
    """Nobody is signed in: the page sends to where one signs in."""


class Page(APIRoute):
    """A route whose errors are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with every refusal as a page that says the next step."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except SignedOut:
                place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                where = f"?next={quote(place, safe='')}" if request.method == "GET" and place != "/" else ""
                return RedirectResponse(f"/signin{where}", 303, HEADERS)
            except NotProven:
                where = request.url.path if request.method == "GET" else "/account"
                return RedirectResponse(f"/account/again?next={quote(where, safe='')}", 303, HEADERS)
            except (UserError, SQLAlchemyError, RequestValidationError, HTTPException) as error:
                return refused(request, error)

        return handler


def refused(request: Request, error: Exception) -> Response:
    """The page of a refusal."""
    if isinstance(error, PastNotKept):
        problem = Problem(409, error.message, error.next_step)
    elif isinstance(error, NotSignedIn | TooEarly | Busy):
        problem = of_sign_in(error)
    elif isinstance(error, UserError):
        # The person who typed it may read it again: the page escapes it, and no log keeps it.
        problem = Problem(of_user_error(error).status_code, error.message, error.next_step)
    elif isinstance(error, DataError):
        problem = Problem(422, "the address or a field of it cannot be read", "go back, and try again")
    elif isinstance(error, SQLAlchemyError):
        problem = of_database(error)
    elif isinstance(error, Problem | HTTPException) and request.scope.get("route") is None:
        problem = Problem(404, "no page has this address", "open the fleet, and follow its links")
    elif isinstance(error, Problem):
        problem = error
    else:
        status = error.status_code if isinstance(error, HTTPException) else 422
        problem = Problem(status, "the address or a field of it cannot be read", "go back, and try again")
    now = inside(request.url.path) if "as_of" in request.query_params else ""
    return page(request, "refused.html", status=problem.status_code, problem=problem, now=now)


async def signed_in(request: Request) -> Caller:
    """A dependency: the person who asks. SignedOut where nobody signed in; a key opens no page."""
    try:
        caller = await caller_at_once(request)
    except Problem as problem:
        if problem.status_code == 401:
            raise SignedOut from problem
        raise
    if caller.session_id is None:
        raise SignedOut
    return caller


async def proven(request: Request) -> Caller:
    """A dependency: the person who asks, who proved who they are minutes ago (ASVS 7.5.1)."""
    caller = await signed_in(request)
    if not caller.fresh:
        raise NotProven
    return caller


def inside(place: str, otherwise: str = "/") -> str:
    """A place of these pages to go on to; any other address is another site's."""
    good = place.startswith("/") and not place.startswith(("//", "/\\")) and "\\" not in place
    return place if good and place.isprintable() and len(place) < 500 else otherwise


def accounts_of(request: Request) -> Accounts:
    """The accounts that the application works with."""
    accounts: Accounts = request.app.state.platform.accounts
    return accounts


async def reader_of(request: Request) -> Reader:
    """A dependency: the person who asks, at the instant that the address names."""
    reader = Reader.of(await signed_in(request), instant(request.query_params.get("as_of")))
    request.state.as_of = reader.as_of
    return reader


def instant(text: str | None) -> datetime | None:
    """An instant as a form or an address gives it, UTC where it names no zone. UserError for another text."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UserError("that is no instant", "write it as in 2026-03-01T14:00") from None
    # Years at the end of the calendar leave it with the next zone or day that is added.
    if not 1900 < at.year < 3000:
        raise UserError("that is no instant of a battery", "years from 1901 to 2999 are taken")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def warehouse_of(request: Request) -> Warehouse:
    """The warehouse that the application works with."""
    warehouse: Warehouse = request.app.state.platform.warehouse
    return warehouse


@cache
def environment() -> jinja2.Environment:
    """The templates: everything is escaped, and a name that is missing is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("battery_assets.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= words.FILTERS
    return made


def page(request: Request, template: str, *, status: int = 200, **content: Any) -> Response:
    """A page, or of one that a script asks for the same whole page: it takes what it needs."""
    as_of = getattr(request.state, "as_of", None)

    def link(path: str, **query: Any) -> str:
        query_kept = {name: value for name, value in query.items() if value not in (None, "")}
        if as_of is not None:
            query_kept.setdefault("as_of", f"{as_of:%Y-%m-%dT%H:%M:%S}Z")
        return quote(path) + (f"?{urlencode(query_kept)}" if query_kept else "")

    shared = {
        "caller": request.scope.get("caller"),
        "as_of": as_of,
        "path": request.url.path,
        "link": link,
        "form_token": form_token(request),
        "request_id": request.scope.get("request_id", ""),
        "done": DONE.get(request.query_params.get("done", ""), ""),
        **content,
    }
    return HTMLResponse(environment().get_template(template).render(shared), status, HEADERS)


def back(path: str, done: str = "") -> Response:
    """To a page after a form was taken, so that reloading it sends nothing again. done: one of DONE."""
    mark = f"?done={_MARKS[done]}" if done else ""
    return RedirectResponse(quote(path, safe="/?&=%") + mark, 303, HEADERS)
