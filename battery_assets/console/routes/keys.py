"""Keys of programs: one's own, or for an admin everybody's; made, rotated, revoked."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from battery_assets.actions.people import keys
from battery_assets.actions.people.caller import ADMINISTER, BY_ROLE, SCOPES, Caller
from battery_assets.console.forms import fields, listed
from battery_assets.console.pages import Page, accounts_of, back, instant, page, proven, signed_in
from battery_assets.errors import UserError

router = APIRouter(route_class=Page, include_in_schema=False)
Form = Annotated[Mapping[str, str], Depends(fields)]


@router.get("/account/keys")
def show(request: Request, caller: Annotated[Caller, Depends(signed_in)]) -> Response:
    """The list, and the form of a new one."""
    return _page(request, caller)


@router.post("/account/keys")
def make(request: Request, caller: Annotated[Caller, Depends(proven)], form: Form) -> Response:
    """Make a key of one's own; its text is shown once, in this answer."""
    rate = form.get("rate_limit", "")
    if not (rate.isascii() and rate.isdigit() and len(rate) < 9):
        raise UserError("the requests a minute are no number", "give one such as 600")
    terms = keys.Terms(
        form.get("name", ""),
        tuple(listed(form.get("scopes"))),
        tuple(listed(form.get("sites"))),
        int(rate),
        instant(form.get("expires_at")),
        instant(form.get("ceiling")),
    )
    accounts = accounts_of(request)
    with accounts.transaction() as connection:
        made = keys.create(connection, accounts.seal, caller.user_id, terms, by=caller.user_id)
    return _page(request, caller, made)


@router.post("/account/keys/{number}/rotate")
def rotate(request: Request, number: int, caller: Annotated[Caller, Depends(proven)], form: Form) -> Response:
    """A new key of the same terms; the one before is good for another day."""
    accounts = accounts_of(request)
    with accounts.transaction() as connection:
        made = keys.rotate(connection, accounts.seal, number, by=caller.user_id, only_of=caller.user_id)
    return _page(request, caller, made)


@router.post("/account/keys/{number}/revoke")
def revoke(
    request: Request, number: int, caller: Annotated[Caller, Depends(signed_in)], form: Form
) -> Response:
    """Let a key be worth nothing: one of one's own, or for an admin any."""
    only_of = None if ADMINISTER in caller.scopes else caller.user_id
    with accounts_of(request).transaction() as connection:
        keys.revoke(connection, number, by=caller.user_id, only_of=only_of)
    return back("/account/keys", "The key is revoked.")


def _page(request: Request, caller: Caller, made: keys.NewKey | None = None) -> Response:
    whose = None if ADMINISTER in caller.scopes else caller.user_id
    with accounts_of(request).reading() as connection:
        rows = keys.listed(connection, whose)
    scopes = [scope for scope in SCOPES if scope in BY_ROLE[caller.role]]
    return page(request, "keys.html", keys=rows, scopes=scopes, made=made)
