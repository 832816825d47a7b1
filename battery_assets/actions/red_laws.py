"""Strings that a month left out since their telemetry breaks a law, as the end of a command."""

from collections.abc import Iterable

from battery_assets.actions.session import Session
from battery_assets.errors import RedCheck, UserError

_SHOWN = 6


def red_laws(at: Session, parts: Iterable[tuple[str, str]]) -> RedCheck | None:
    """The error of a command whose months (site, month) have strings that break a law; None where none has.

    All else was computed by then. A string that breaks a law in many months is told once.
    """
    from battery_assets.fleet.quarantine import broken_laws
    from battery_assets.platform.dagster.partitions import Part

    reasons: dict[tuple[str, str, str | None], str] = {}
    months: dict[tuple[str, str, str | None], list[str]] = {}
    steps: dict[str, None] = {}
    for site, month in parts:
        for law, finding, step in broken_laws(at.warehouse, Part(site, month)):
            key = site, law, finding.string_id
            reasons.setdefault(key, f"{site}: the check {law} is red: {finding.words}")
            months.setdefault(key, []).append(month)
            steps[step] = None
    if not reasons:
        return None
    lines = [
        f"{words}; nothing is computed from it in {', '.join(months[key])}" for key, words in reasons.items()
    ]
    more = [f"and {len(lines) - _SHOWN} more strings"] if len(lines) > _SHOWN else []
    return RedCheck("\n".join([*lines[:_SHOWN], *more]), "; ".join(steps))


def end_by(*errors: UserError | None) -> None:
    """Raise what a command ends by, all of the errors in one; a red check decides its exit code."""
    there = [error for error in errors if error is not None]
    if not there:
        return
    kind = next((type(error) for error in there if isinstance(error, RedCheck)), type(there[0]))
    steps = dict.fromkeys(error.next_step for error in there)
    raise kind("\n".join(error.message for error in there), "; ".join(steps))
