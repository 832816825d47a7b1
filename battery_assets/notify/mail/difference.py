"""What has changed since the last digest: one line for each incident or object, none where nothing changed.

An incident that rose and fell back within the time of a digest has not changed, and one with ten jars in it
is one line. A fact that has no state, such as a failed run, is counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

RANKS = ("critical", "high", "medium", "low", "info")
MOST_LINES = 40


@dataclass(frozen=True)
class Item:
    """An event as a digest sees it. `before` and `after` are the object's states, "" where it has none."""

    group: str
    kind: str
    title: str
    site: str
    severity: str
    at: datetime
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a digest."""

    severity: str
    site: str
    words: str
    at: datetime


def difference(items: Iterable[Item]) -> list[Line]:
    """What is other than before: the gravest first, then the newest."""
    ordered = sorted(items, key=lambda item: (item.group, item.at))
    groups = [_line(list(group)) for _, group in groupby(ordered, key=lambda item: item.group)]
    lines = [line for line in groups if line is not None]
    return sorted(lines, key=lambda line: (_rank(line.severity), -line.at.timestamp(), line.words))


def _line(items: list[Item]) -> Line | None:
    first, last = items[0], items[-1]
    stated = [item for item in items if item.before or item.after]
    if stated:
        first, last = stated[0], stated[-1]
        if first.before == last.after:
            return None
        change = f"{first.before or 'new'} -> {last.after or 'over'}"
        words = f"{last.title}: {change}"
    else:
        kinds = {item.kind: sum(other.kind == item.kind for other in items) for item in items}
        counts = ", ".join(f"{kind} x {n}" if n > 1 else kind for kind, n in kinds.items())
        words = f"{last.title} ({counts})"
    gravest = min((item.severity for item in items), key=_rank)
    return Line(gravest, last.site, words, last.at)


def _rank(severity: str) -> int:
    return RANKS.index(severity) if severity in RANKS else len(RANKS)


def digest_text(lines: list[Line], since: datetime, until: datetime, footer: str = "") -> str:
    """The digest in words, cut after forty lines: the count says how many there are."""
    span = f"What has changed from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, the gravest first."
    shown = [
        f"- {line.severity.upper():<8} {f'{line.site}: ' if line.site else ''}{line.words}"
        for line in lines[:MOST_LINES]
    ]
    more = [f"- and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join([span, "", *shown, *more, "", footer]).rstrip() + "\n"


def subject_of(lines: list[Line], word: str) -> str:
    """As in `daily digest: 3 changes, 1 of them critical`."""
    count = len(lines)
    grave = sum(line.severity == "critical" for line in lines)
    said = f"{word} digest: {count} change{'' if count == 1 else 's'}"
    return f"{said}, {grave} of them critical" if grave else said
