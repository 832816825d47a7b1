"""Webhooks: one's own addresses that are told of events, their secrets, tests and logs."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from battery_assets.actions.notifications import webhooks
from battery_assets.actions.notifications.webhooks import new_secret
from battery_assets.actions.people.caller import Caller
from battery_assets.api.problems import Problem
from battery_assets.console.forms import fields, listed
from battery_assets.console.pages import Page, accounts_of, back, instant, page, signed_in
from battery_assets.errors import UserError
from battery_assets.notify.chat import check_address
from battery_assets.notify.webhooks.checking import address_check
from battery_assets.platform.outbox.kinds import KINDS

router = APIRouter(route_class=Page, include_in_schema=False)
Signed = Annotated[Caller, Depends(signed_in)]
Form = Annotated[Mapping[str, str], Depends(fields)]


@router.get("/account/webhooks")
def show(request: Request, caller: Signed) -> Response:
    """One's webhooks, each with its newest attempts."""
    return _page(request, caller)


@router.post("/account/webhooks")
def add(request: Request, caller: Signed, form: Form) -> Response:
    """Add one; its secret is shown once, in this answer."""
    accounts, secret = accounts_of(request), new_secret()
    provider = form.get("provider", webhooks.STANDARD)
    with accounts.transaction() as connection:
        check = address_check(connection) if provider == webhooks.STANDARD else check_address
        webhooks.add(
            connection, accounts.seal, caller.user_id, form.get("name", ""), form.get("url", "").strip(),
            listed(form.get("kinds")), secret, check, provider,
        )  # fmt: skip
    return _page(request, caller, secret if provider == webhooks.STANDARD else None)


@router.post("/account/webhooks/{number}/{action}")
def act(request: Request, number: int, action: str, caller: Signed, form: Form) -> Response:
    """Test, pause, resume, give a new secret, send again, or remove one of one's own."""
    accounts, user, secret = accounts_of(request), caller.user_id, None
    with accounts.transaction() as connection:
        if action == "test":
            webhooks.test(connection, user, number)
        elif action in ("pause", "resume"):
            state = action == "resume"
            webhooks.change(connection, user, number, address_check(connection), is_active=state)
        elif action == "rotate":
            secret = new_secret()
            webhooks.rotate(connection, accounts.seal, user, number, secret)
        elif action == "replay":
            since = instant(form.get("since"))
            if since is None:
                raise UserError("no instant is given", "say since when")
            webhooks.replay(connection, user, number, since)
        elif action == "remove":
            webhooks.remove(connection, user, number)
        else:
            raise Problem(404, "nobody can do that with a webhook", "open the page of webhooks")
    if secret is not None:
        return _page(request, caller, secret)
    said = {"test": "On its way: see the log in a moment.", "remove": "Removed."}
    return back("/account/webhooks", said.get(action, "Kept."))


def _page(request: Request, caller: Caller, secret: str | None = None) -> Response:
    with accounts_of(request).reading() as connection:
        hooks = webhooks.of_person(connection, caller.user_id)
        logs = {row["id"]: webhooks.attempts(connection, caller.user_id, row["id"]) for row in hooks}
    return page(request, "webhooks.html", hooks=hooks, logs=logs, secret=secret, kinds=KINDS.values())
