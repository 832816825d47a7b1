"""battery-assets incident: what people do about incidents."""

import getpass
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def by_option(command: F) -> F:
    """Who enters it: an option that every act has."""
    said = "Who enters this: user_id, email or name; else the account that runs the command."
    return click.option("--by", default=getpass.getuser, show_default="this account", help=said)(command)


@click.group()
def incident() -> None:
    """Incidents: list, show, acknowledge, assign, note, analyse, resolve, reopen.

    What is entered stays, whatever is computed again; CODE is as in INC-2025-0A1B2C3D4E5F.

    \b
    Example:
      battery-assets incident list --site bangrak
      battery-assets incident resolve INC-2025-0A1B2C3D4E5F "jar 7 replaced" --cause CELL-SHORT
    """


@incident.command("list")
@click.option("--site", default="", help="Only this site.")
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="Rows at most.")
def list_(site: str, most: int) -> None:
    """Show open incidents, the gravest first, with due date and ticket.

    \b
    Example:
      battery-assets incident list --site bangrak
    """
    from battery_assets.actions.operations.incidents import open_incidents
    from battery_assets.actions.session import session

    with session() as at:
        for row in open_incidents(at.warehouse, site, most):
            due = "no work order" if row["due_date"] is None else f"due {row['due_date']:%Y-%m-%d}"
            late = ", OVERDUE" if row["overdue"] else ""
            ticket = f", {row['external_id']}" if row["external_id"] else ""
            click.echo(f"{row['incident_code']}  {row['severity']:<8}  {row['status']:<13}  {row['site']}")
            click.echo(f"    {row['title']} ({row['age_days']} days, {due}{late}{ticket})")


@incident.command()
@click.argument("code")
def show(code: str) -> None:
    """Show an incident, and what people entered about it.

    \b
    Example:
      battery-assets incident show INC-2025-0A1B2C3D4E5F
    """
    from battery_assets.actions.operations.incidents import shown
    from battery_assets.actions.session import session

    with session() as at:
        row, history = shown(at.warehouse, code)
    names = ("title", "site", "status", "severity", "rca_code", "root_cause", "created_at", "worsened_at",
             "resolved_at", "closed_at", "description")  # fmt: skip
    for name in names:
        click.echo(f"{name:<12} {'-' if row[name] is None else row[name]}")
    for entry in history:
        words = [entry[name] for name in ("assigned_to", "rca_code", "note") if entry[name]]
        who = f"{entry['entered_at']:%Y-%m-%d %H:%M}  {entry['entered_by']}"
        click.echo(f"{who}  {': '.join([entry['action'], '; '.join(words)] if words else [entry['action']])}")


@incident.command()
@click.argument("code")
@click.argument("words", default="")
@by_option
def acknowledge(code: str, words: str, by: str) -> None:
    """Say that somebody looks after CODE.

    \b
    Example:
      battery-assets incident acknowledge INC-2025-0A1B2C3D4E5F
    """
    _enter("acknowledge", code, by, note=words or None)


@incident.command()
@click.argument("code")
@click.option("--to", required=True, help="Who is responsible: email, name or user_id of a user.")
@by_option
def assign(code: str, to: str, by: str) -> None:
    """Make a user responsible for CODE, and for its work order.

    \b
    Example:
      battery-assets incident assign INC-2025-0A1B2C3D4E5F --to engineer@example.com
    """
    _enter("assign", code, by, to=to)


@incident.command()
@click.argument("code")
@click.argument("words")
@by_option
def note(code: str, words: str, by: str) -> None:
    """Add a remark to CODE.

    \b
    Example:
      battery-assets incident note INC-2025-0A1B2C3D4E5F "torque of jar 7 was low"
    """
    _enter("note", code, by, words=words)


@incident.command()
@click.argument("code")
@click.argument("words")
@click.option("--cause", help="Code of the cause, such as CELL-SHORT.")
@by_option
def analyse(code: str, words: str, cause: str | None, by: str) -> None:
    """Say what CODE came from.

    \b
    Example:
      battery-assets incident analyse INC-2025-0A1B2C3D4E5F "dendrite after deep discharge" --cause CELL-SHORT
    """
    _enter("analyse", code, by, words=words, cause=cause)


@incident.command()
@click.argument("code")
@click.argument("words")
@click.option("--cause", help="Code of the cause, such as CELL-SHORT.")
@click.option("--at", "instant", type=datetime.fromisoformat, help="Since when: 2026-03-01T14:00+07:00; now.")
@by_option
def resolve(code: str, words: str, cause: str | None, instant: datetime | None, by: str) -> None:
    """Say that CODE is over; that stands until it gets worse.

    \b
    Example:
      battery-assets incident resolve INC-2025-0A1B2C3D4E5F "jar 7 replaced"
    """
    _enter("resolve", code, by, words=words, cause=cause, at=instant)


@incident.command()
@click.argument("code")
@click.argument("words")
@by_option
def reopen(code: str, words: str, by: str) -> None:
    """Take the resolution of CODE back.

    \b
    Example:
      battery-assets incident reopen INC-2025-0A1B2C3D4E5F "it was the neighbour"
    """
    _enter("reopen", code, by, words=words)


def _enter(act: str, code: str, by: str, **entry: Any) -> None:
    from battery_assets.actions.operations import incidents
    from battery_assets.actions.session import session

    with session() as at:
        named = getattr(incidents, act)(at.warehouse, code, by, **entry)
    click.echo(f"{named}: {act} entered by {by}.")
