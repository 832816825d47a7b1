"""HTML out of values: whatever came from a file is escaped, numbers are short."""

import html
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import polars as pl

NOTHING = "-"
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(value: Any) -> str:
    """A value as text of a page; markup stays as it is."""
    if value is None:
        return NOTHING
    return value if isinstance(value, Html) else html.escape(str(value))


def escaped_column(column: pl.Expr) -> pl.Expr:
    """A column of text as text of a page."""
    return column.str.replace_many(list(_ESCAPED), list(_ESCAPED.values()))


def number(value: float | None, digits: int = 0) -> str:
    """A number with so many digits after the point."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """A share of one in per cent, so rounded that no chance looks like certainty."""
    if share is None:
        return NOTHING
    if 0.0 < share < 0.005:
        return "< 1"
    return "> 99" if 0.995 <= share < 1.0 else f"{100.0 * share:.0f}"


def day(at: datetime | None) -> str:
    """The day of an instant."""
    return NOTHING if at is None else f"{at:%Y-%m-%d}"


def words(value: str | None) -> str:
    """An enumerated value as words."""
    return NOTHING if value is None else value.replace("_", " ")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], left: Sequence[int] = (0,)) -> Html:
    """A table that scrolls by itself where a screen is narrow. left: columns of words."""
    sides = ["l" if position in left else "r" for position in range(len(heads))]
    head = "".join(
        f'<th scope="col" class="{side}">{escaped(name)}</th>'
        for side, name in zip(sides, heads, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{side}">{escaped(cell)}</td>' for side, cell in zip(sides, row, strict=True))
        + "</tr>\n"
        for row in rows
    )
    return Html(
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def section(name: str, title: str, *parts: str) -> Html:
    """A part of a page under its heading. name: what a link to it ends in."""
    return Html(f'<section id="{name}"><h2>{escaped(title)}</h2>\n{"".join(parts)}\n</section>')


def note(text: str) -> Html:
    """A line of explanation, or why there is nothing to show."""
    return Html(f'<p class="note">{escaped(text)}</p>')
