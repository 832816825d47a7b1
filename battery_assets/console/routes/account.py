"""One's own account: sessions, password, second factor, backup codes; a change asks who it is once more."""

import io
from collections.abc import Mapping
from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from battery_assets.actions.people import links, second_factor, sessions, signing_in
from battery_assets.actions.people.attempts import TooEarly
from battery_assets.actions.people.caller import WITH_SECOND_FACTOR, Caller
from battery_assets.actions.people.passwords import ADVISED, LEAST, MOST, Busy, PasswordRefused
from battery_assets.actions.people.second_factor import WrongCode
from battery_assets.actions.people.signing_in import NotSignedIn
from battery_assets.api.callers import origin_of
from battery_assets.api.cookies import keep_token
from battery_assets.api.problems import of_sign_in
from battery_assets.api.turns import turn_to_sign_in
from battery_assets.console.forms import fields
from battery_assets.console.pages import Page, accounts_of, back, inside, page, proven, signed_in
from battery_assets.errors import UserError

router = APIRouter(route_class=Page, include_in_schema=False)
Signed = Annotated[Caller, Depends(signed_in)]
Proven = Annotated[Caller, Depends(proven)]
Form = Annotated[Mapping[str, str], Depends(fields)]


@router.get("/account")
def account(request: Request, caller: Signed) -> Response:
    """Role, sites, second factor, open sessions."""
    accounts = accounts_of(request)
    with accounts.reading() as connection:
        opened = sessions.open_sessions(connection, caller.user_id)
        left = second_factor.codes_left(connection, caller.user_id)
        enrolled = second_factor.is_enrolled(connection, caller.user_id)
    needs = caller.role in WITH_SECOND_FACTOR
    return page(request, "account.html", sessions=opened, left=left, enrolled=enrolled, needs=needs)


@router.post("/account/sessions/{number}/end")
def end_session(request: Request, number: int, caller: Signed, form: Form) -> Response:
    """End one of one's sessions."""
    with accounts_of(request).transaction() as connection:
        sessions.end_one(connection, caller.user_id, number)
    return back("/account", "The session has ended.")


@router.get("/account/again")
def ask_again(request: Request, caller: Signed, next: str = "") -> Response:
    """The form that asks who it is once more."""
    return page(request, "again.html", where=inside(next, "/account"), failed=None)


@router.post("/account/again", dependencies=[Depends(turn_to_sign_in)])
def prove(request: Request, caller: Signed, form: Form) -> Response:
    """Take password and code once more; the session goes on under a new token."""
    where, code = inside(form.get("next", ""), "/account"), form.get("code") or None
    try:
        token = signing_in.reauthenticate(
            accounts_of(request), caller, form.get("password", ""), origin_of(request), code
        )
    except (NotSignedIn, TooEarly, Busy) as error:
        return page(request, "again.html", status=of_sign_in(error).status_code, where=where, failed=error)
    response = back(where)
    keep_token(request, response, token)
    return response


@router.get("/account/factor")
def begin_factor(request: Request, caller: Proven) -> Response:
    """A new second factor as a picture for the phone, and a form for its first code."""
    begun = second_factor.begin_enrolment(accounts_of(request), caller)
    return _factor_page(request, begun.uri, begun.secret, begun.pending)


@router.post("/account/factor")
def finish_factor(request: Request, caller: Proven, form: Form) -> Response:
    """Take the first code; the backup codes are shown once, in this answer."""
    accounts, pending = accounts_of(request), form.get("pending", "")
    try:
        done = second_factor.finish_enrolment(
            accounts, caller, pending, form.get("code", ""), origin_of(request)
        )
    except WrongCode as error:
        begun = second_factor.resumed_enrolment(accounts, caller, pending)
        return _factor_page(request, begun.uri, begun.secret, pending, error)
    request.state.token = done.token
    response = page(request, "codes.html", codes=done.backup_codes)
    keep_token(request, response, done.token)
    return response


def _factor_page(
    request: Request, uri: str, secret: str, pending: str, failed: UserError | None = None
) -> Response:
    status = 200 if failed is None else 422
    spaced = " ".join(secret[k : k + 4] for k in range(0, len(secret), 4))
    picture = qr_code(uri)
    return page(
        request, "factor.html", status=status, picture=picture, secret=spaced, pending=pending, failed=failed
    )


def qr_code(text: str) -> Markup:
    """A text as a picture that a phone reads, inline."""
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, dark="#000", light="#fff"
    )
    drawn = out.getvalue().decode("ascii")
    return Markup(drawn.replace("<svg ", '<svg role="img" aria-label="Code for an authenticator" ', 1))


@router.post("/account/codes")
def renew_codes(request: Request, caller: Proven, form: Form) -> Response:
    """New backup codes, shown once; those before are worth nothing."""
    codes = second_factor.new_backup_codes(accounts_of(request), caller, origin_of(request))
    return page(request, "codes.html", codes=codes)


@router.get("/account/password")
def ask_password(request: Request, caller: Proven) -> Response:
    """The form of a new password."""
    return _password_page(request)


@router.post("/account/password", dependencies=[Depends(turn_to_sign_in)])
def set_password(request: Request, caller: Proven, form: Form) -> Response:
    """Set another password; other sessions end."""
    password = form.get("password", "")
    if password != form.get("again", ""):
        return _password_page(request, UserError("the two passwords differ", "give the same one twice"))
    try:
        links.change_password(
            accounts_of(request), caller.user_id, caller.session_id or 0, password, origin_of(request)
        )
    except (PasswordRefused, Busy) as error:
        return _password_page(request, error)
    return back("/account", "The password is changed; your other sessions have ended.")


def _password_page(request: Request, failed: UserError | None = None) -> Response:
    lengths = {"least": LEAST, "advised": ADVISED, "most": MOST}
    return page(request, "password.html", status=200 if failed is None else 422, failed=failed, **lengths)
