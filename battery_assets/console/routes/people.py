"""Accounts, for admins: added with a link, given a role and sites, disabled; and the logs."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from battery_assets.actions.overview import logs
from battery_assets.actions.overview.reader import Reader
from battery_assets.actions.people import accounts as people
from battery_assets.actions.people import links, second_factor
from battery_assets.actions.people.caller import ADMINISTER, Caller
from battery_assets.api.problems import Problem
from battery_assets.console.forms import fields, listed
from battery_assets.console.pages import (
    Page,
    accounts_of,
    back,
    page,
    proven,
    reader_of,
    signed_in,
    warehouse_of,
)
from battery_assets.tables.service.people import ROLES

router = APIRouter(route_class=Page, include_in_schema=False)
Form = Annotated[Mapping[str, str], Depends(fields)]


async def admin(caller: Annotated[Caller, Depends(signed_in)]) -> Caller:
    """A dependency: an admin who has given a second factor. Problem 403."""
    if ADMINISTER not in caller.scopes:
        raise Problem(403, "this is for admins who have set up a second factor", "ask one")
    return caller


Admin = Annotated[Caller, Depends(admin)]


@router.get("/account/people")
def show(request: Request, caller: Admin) -> Response:
    """Every account."""
    return _page(request)


@router.post("/account/people")
def add(request: Request, caller: Admin, still: Annotated[Caller, Depends(proven)], form: Form) -> Response:
    """Add an account; the link that sets its password is shown once, in this answer."""
    username = form.get("username", "")
    with accounts_of(request).transaction() as connection:
        number = people.add(
            connection, username, form.get("email", ""), form.get("role", ""), name=form.get("name", ""),
            sites=listed(form.get("sites")), by=caller.user_id,
        )  # fmt: skip
        token = links.make(connection, number, by=caller.user_id)
    return _page(request, (username, f"{request.base_url}{links.PATH.lstrip('/')}{token}"))


@router.post("/account/people/{number}/{action}")
def act(
    request: Request,
    number: int,
    action: str,
    caller: Admin,
    still: Annotated[Caller, Depends(proven)],
    form: Form,
) -> Response:
    """Change role and sites, make a link, take the second factor away, disable or enable."""
    by = caller.user_id
    with accounts_of(request).transaction() as connection:
        if action == "change":
            sites = listed(form.get("sites"))
            people.change(connection, number, role=form.get("role"), sites=sites, by=by)
        elif action == "link":
            token = links.make(connection, number, by=by)
        elif action == "factor":
            second_factor.take_away(connection, number, by=by)
        elif action == "disable":
            people.disable(connection, number, by=by)
        elif action == "enable":
            people.enable(connection, number, by=by)
        else:
            raise Problem(404, "nobody can do that with an account", "open the page of accounts")
    if action == "link":
        return _page(request, ("the account", f"{request.base_url}{links.PATH.lstrip('/')}{token}"))
    return back("/account/people", "Kept.")


@router.get("/account/logs")
def lines(
    request: Request,
    caller: Admin,
    reader: Annotated[Reader, Depends(reader_of)],
    kind: str = "done",
    before: int = 0,
) -> Response:
    """Lines of a log, the newest first."""
    page_of_lines = logs.lines(warehouse_of(request), reader, kind, before)
    return page(
        request,
        "logs.html",
        kinds=logs.KINDS,
        kind=kind,
        columns=page_of_lines.columns,
        rows=page_of_lines.rows,
        more=page_of_lines.more,
    )


def _page(request: Request, made: tuple[str, str] | None = None) -> Response:
    with accounts_of(request).reading() as connection:
        rows = people.listed(connection)
    return page(request, "people.html", people=rows, roles=ROLES, made=made)
