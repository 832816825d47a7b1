"""Signing in: name and password, the code of the second factor, a link that sets a password; signing out."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from battery_assets.actions.people import links, sessions, signing_in
from battery_assets.actions.people.attempts import TooEarly
from battery_assets.actions.people.passwords import ADVISED, LEAST, MOST, Busy, PasswordRefused
from battery_assets.actions.people.signing_in import NotSignedIn, SignIn
from battery_assets.api.callers import origin_of
from battery_assets.api.cookies import forget_token, keep_token, token_of
from battery_assets.api.problems import of_sign_in
from battery_assets.api.turns import turn_to_sign_in
from battery_assets.console.forms import begin_visit, fields, keep_visit
from battery_assets.console.pages import HEADERS, Page, accounts_of, back, inside, page
from battery_assets.errors import UserError

router = APIRouter(route_class=Page, include_in_schema=False)
Form = Annotated[Mapping[str, str], Depends(fields)]
_FAILED = (NotSignedIn, TooEarly, Busy)


@router.get("/signin")
def ask(request: Request, next: str = "") -> Response:
    """The form of name and password."""
    begin_visit(request)
    return keep_visit(request, page(request, "sign_in.html", where=inside(next), failed=None, username=""))


@router.post("/signin", dependencies=[Depends(turn_to_sign_in)])
def enter(request: Request, form: Form) -> Response:
    """Take name and password."""
    where, name = inside(form.get("next", "")), form.get("username", "")
    try:
        done = signing_in.sign_in(accounts_of(request), name, form.get("password", ""), origin_of(request))
    except _FAILED as error:
        status = of_sign_in(error).status_code
        return page(request, "sign_in.html", status=status, where=where, failed=error, username=name)
    return _entered(request, done, where)


@router.post("/signin/code")
def enter_code(request: Request, form: Form) -> Response:
    """Take the code of the second factor, or a backup code."""
    where, ticket = inside(form.get("next", "")), form.get("ticket", "")
    code = form.get("code", "")
    try:
        done = signing_in.second_step(accounts_of(request), ticket, code, origin_of(request))
    except _FAILED as error:
        status = of_sign_in(error).status_code
        return page(request, "code.html", status=status, where=where, failed=error, ticket=ticket)
    return _entered(request, done, where)


def _entered(request: Request, done: SignIn, where: str) -> Response:
    if done.needs == "second_factor":
        return page(request, "code.html", where=where, failed=None, ticket=done.ticket)
    response = RedirectResponse("/account/factor" if done.needs == "enrol" else where, 303, HEADERS)
    keep_token(request, response, str(done.token))
    return response


@router.get("/signin/link/{token}")
def show_link(request: Request, token: str) -> Response:
    """The form that a link opens; looking at it uses nothing."""
    begin_visit(request)
    return keep_visit(request, _link_page(request, token))


@router.post("/signin/link/{token}", dependencies=[Depends(turn_to_sign_in)])
def follow_link(request: Request, token: str, form: Form) -> Response:
    """Set a password by a link."""
    password = form.get("password", "")
    if password != form.get("again", ""):
        return _link_page(request, token, UserError("the two passwords differ", "give the same one twice"))
    try:
        links.redeem_link(accounts_of(request), token, password, origin_of(request))
    except (PasswordRefused, Busy) as error:
        return _link_page(request, token, error)
    return back("/signin", "The password is set: sign in with it.")


def _link_page(request: Request, token: str, failed: UserError | None = None) -> Response:
    person = links.invited(accounts_of(request), token)
    status = 200 if failed is None else 503 if isinstance(failed, Busy) else 422
    lengths = {"least": LEAST, "advised": ADVISED, "most": MOST}
    return page(request, "link.html", status=status, person=person, failed=failed, **lengths)


@router.post("/signout")
def leave(request: Request, form: Form) -> Response:
    """End the session, and let the browser forget what it keeps of the pages."""
    token = token_of(request)
    if token is not None:
        sessions.sign_out(accounts_of(request), token)
    response = back("/signin", "You are signed out.")
    forget_token(request, response)
    return response
