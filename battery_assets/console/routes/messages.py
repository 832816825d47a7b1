"""Messages of the console, and how a person wants to hear of what."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from battery_assets.actions.notifications import preferences as wishes
from battery_assets.actions.people.caller import Caller
from battery_assets.api.problems import Problem
from battery_assets.console.forms import fields
from battery_assets.console.pages import Page, accounts_of, back, page, signed_in
from battery_assets.platform.outbox.kinds import NEVER
from battery_assets.tables.service.messages import FREQUENCIES

router = APIRouter(route_class=Page, include_in_schema=False)
Signed = Annotated[Caller, Depends(signed_in)]
Form = Annotated[Mapping[str, str], Depends(fields)]
MOST = 50


@router.get("/messages")
def messages(request: Request, caller: Signed, before: int = 0) -> Response:
    """What was told to the person, the newest first."""
    with accounts_of(request).reading() as connection:
        rows = wishes.inbox(connection, caller.user_id, before=before or None, most=MOST)
    return page(request, "messages.html", rows=[_shown(dict(row)) for row in rows], more=len(rows) == MOST)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message with its words and the page of what it is about."""
    about, _, number = str(row["group_key"] or "").partition(":")
    place = None
    if about == "incident" and number:
        place = f"/incidents/{quote(number)}"
    elif row["site"]:
        place = f"/sites/{quote(row['site'])}"
    title = (row["payload"] or {}).get("title") or row["event_type"]
    return {**row, "title": title, "place": place, "mutable": row["object_kind"] in wishes.OBJECTS}


@router.post("/messages/read")
def read(request: Request, caller: Signed, form: Form) -> Response:
    """Note that what was shown was read."""
    with accounts_of(request).transaction() as connection:
        wishes.mark_read(connection, caller.user_id, _number(form.get("up_to", "")))
    return back("/messages", "Marked as read.")


@router.post("/messages/mute")
def mute(request: Request, caller: Signed, form: Form) -> Response:
    """Hear no more of an object."""
    with accounts_of(request).transaction() as connection:
        wishes.mute(connection, caller.user_id, form.get("object_kind", ""), form.get("object_id", "")[:120])
    return back("/account/preferences", "Kept.")


@router.get("/account/preferences")
def show(request: Request, caller: Signed) -> Response:
    """Each kind of event with the person's choice."""
    with accounts_of(request).reading() as connection:
        rows = wishes.preferences(connection, caller.user_id)
        mutes = wishes.mutes(connection, caller.user_id)
    return page(request, "preferences.html", rows=rows, mutes=mutes, frequencies=FREQUENCIES)


@router.post("/account/preferences")
def keep(request: Request, caller: Signed, form: Form) -> Response:
    """Keep every choice of the page that is another one than before."""
    with accounts_of(request).transaction() as connection:
        for row in wishes.preferences(connection, caller.user_id):
            kind = row["event_type"]
            email = form.get(f"{kind}|email", row["email_frequency"])
            values: dict[str, Any] = {
                name: f"{kind}|{name}" in form for name in wishes.CHANNELS if name != "email_enabled"
            }
            values |= {"email_enabled": email != NEVER, "email_frequency": email}
            if any(row[name] != value for name, value in values.items()):
                wishes.choose(connection, caller.user_id, kind, **values)
    return back("/account/preferences", "Kept.")


@router.post("/account/mutes/{number}/remove")
def unmute(request: Request, number: int, caller: Signed, form: Form) -> Response:
    """Hear of an object again."""
    with accounts_of(request).transaction() as connection:
        wishes.unmute(connection, caller.user_id, number)
    return back("/account/preferences", "Kept.")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem(422, "a number is none", "open the page again")
    return int(text)
