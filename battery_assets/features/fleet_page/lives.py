"""Remaining lives as bars on one axis of days: the interval, and where its middle lies."""

import math

from battery_assets.features.fleet_page.markup import Html

_FIRST, _LAST = 7.0, 3652.0
_TICKS = {7: "week", 30: "", 91: "quarter", 365: "", 1096: "3 years", 3652: "10"}


def axis() -> Html:
    """The names of the axis that all bars share; it is logarithmic."""
    marks = "".join(f'<span style="left:{_place(days):.1f}%">{name}</span>' for days, name in _TICKS.items())
    return Html(f'<div class="axis" aria-hidden="true">{marks}</div>')


def bar(middle: float | None, lower: float | None, upper: float | None) -> Html:
    """The interval of a time ahead in days as a bar, a mark at its middle; it ends at the axis's edge."""
    if middle is None and lower is None and upper is None:
        return Html("")
    left = _place(lower if lower is not None else (middle or 0.0))
    right = _place(upper if upper is not None else math.inf)
    lines = "".join(
        f'<path class="tick" d="M{_place(days):.1f} 0 V10"/>' for days in _TICKS if _FIRST < days < _LAST
    )
    mark = "" if middle is None else f'<path class="mark" d="M{_place(middle):.1f} 0 V10"/>'
    return Html(
        '<svg class="life" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'{lines}<rect x="{left:.1f}" y="2.5" width="{max(right - left, 0.8):.1f}" height="5"/>{mark}</svg>'
    )


def _place(days: float) -> float:
    """Where a time ahead lies on the axis, from 0 to 100."""
    inside = min(max(days, _FIRST), _LAST)
    return 100.0 * math.log(inside / _FIRST) / math.log(_LAST / _FIRST)
