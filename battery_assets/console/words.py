"""Values as people read them: short numbers, ages in words, instants in UTC."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

NOTHING = "-"


def number(value: float | Decimal | None, digits: int = 0) -> str:
    """A number with so many digits after the point; a dash for none."""
    return NOTHING if value is None else f"{float(value):,.{digits}f}"


def percent(share: float | Decimal | None) -> str:
    """A share of one in per cent, so rounded that no chance looks like certainty."""
    if share is None:
        return NOTHING
    if 0 < share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{100 * float(share):.0f} %"


def days(value: float | Decimal | timedelta | None) -> str:
    """A time in the unit that a person would say: hours, days, months, years."""
    if value is None:
        return NOTHING
    count = value / timedelta(days=1) if isinstance(value, timedelta) else float(value)
    if count < 2:
        return f"{count * 24:.0f} h" if count >= 1 / 24 else "now"
    if count < 90:
        return f"{count:.0f} days"
    return f"{count / 30.44:.0f} months" if count < 730 else f"{count / 365.25:.1f} years"


def at(value: datetime | date | None) -> str:
    """An instant to the minute, UTC; a day as it is."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return f"{value:%Y-%m-%d}"


def day(value: datetime | date | None) -> str:
    """The day of an instant."""
    return NOTHING if value is None else f"{value:%Y-%m-%d}"


def plain(value: Any) -> str:
    """An enumerated value as words."""
    return NOTHING if value in (None, "") else str(value).replace("_", " ")


FILTERS: dict[str, Callable[..., str]] = {
    "number": number, "percent": percent, "days": days, "at": at, "day": day, "plain": plain,
}  # fmt: skip
