"""A single mail about an event, in words."""

from typing import Any

import sqlalchemy as sa

from battery_assets.notify.mail.message import one_line

FOOTER = (
    "You get this because of your preferences for this kind of event.\n"
    "Change them, or mute this object, in the console or by the API."
)


def subject_of(event: sa.Row | Any) -> str:
    """As in `[critical] hanoi: Jar short: HN-S1-J07`."""
    place = f"{event.site}: " if event.site else ""
    return one_line(f"[{event.severity}] {place}{event.payload['title']}")


def text_of(event: sa.Row | Any) -> str:
    """The mail's text."""
    said = event.payload
    lines = [one_line(said["title"]), ""]
    if said.get("before") or said.get("after"):
        lines.append(f"State:    {said.get('before') or 'new'} -> {said.get('after') or 'over'}")
    lines.append(f"Severity: {event.severity}")
    lines += [f"Site:     {event.site}"] if event.site else []
    lines += [f"At:       {said['at']}", f"About:    {event.object_kind} {event.object_id}"]
    facts = said.get("facts", {})
    lines += (
        ["", *(f"{name}: {one_line(str(value))[:500]}" for name, value in facts.items())] if facts else []
    )
    return "\n".join([*lines, "", FOOTER, ""])
