"""Drawings as inline SVG: lines and bands over time, the fan of a remaining life, the map of sites.

Colours are classes of the style sheet. Nothing but numbers and escaped text goes into the markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400.0, 200.0, 40.0, 8.0, 20.0, 22.0
Point = tuple[datetime, Any]
Span = tuple[datetime, Any, Any]


@dataclass(frozen=True)
class Axes:
    """Where instants and values lie on a drawing."""

    since: datetime
    until: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        """Place of an instant, not beyond the edges."""
        share = (at - self.since) / (self.until - self.since) if self.until > self.since else 0.5
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Place of a value, not beyond the edges."""
        share = (float(value) - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)

    def grid(self, unit: str) -> str:
        """Lines and names of round values and round instants."""
        parts = []
        for value, said in _round_values(self.low, self.high):
            y = self.y(value)
            parts.append(
                f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                f'<text x="{LEFT - 4}" y="{y + 3.5:.1f}" text-anchor="end">{said}</text>'
            )
        for at, said in _round_instants(self.since, self.until):
            x = self.x(at)
            parts.append(f'<path class="tick" d="M{x:.1f} {HEIGHT - BOTTOM}v4"/>')
            anchor = "end" if x > WIDTH - 24 else "middle"
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{said}</text>')
        parts.append(f'<text class="unit" x="2" y="11">{escape(unit)}</text>')
        return "".join(parts)


@dataclass
class Chart:
    """A drawing over time. lines, bands: class of the style and points, oldest first. limits: value, words.

    bands_count: the scale holds the bands whole; else they may leave it, as a discharge's voltage does.
    """

    label: str
    unit: str
    lines: list[tuple[str, Sequence[Point]]] = field(default_factory=list)
    bands: list[tuple[str, Sequence[Span]]] = field(default_factory=list)
    limits: list[tuple[float, str]] = field(default_factory=list)
    marks: list[tuple[datetime, str]] = field(default_factory=list)
    least: float = 0.1
    bands_count: bool = True

    def drawn(self) -> Markup:
        """The chart; the words that there is nothing to draw where there is no point."""
        lines = [(css, [(at, float(v)) for at, v in points if v is not None]) for css, points in self.lines]
        bands = [
            (css, [(at, float(low), float(high)) for at, low, high in points if None not in (low, high)])
            for css, points in self.bands
        ]
        instants = [at for _, points in lines for at, _ in points] + [one[0] for _, p in bands for one in p]
        if not instants:
            return Markup('<p class="note">Nothing is known of this.</p>')
        values = [v for _, points in lines for _, v in points]
        if self.bands_count:
            values += [v for _, points in bands for one in points for v in one[1:]]
        elif values:
            values += [limit for limit, _ in self.limits]
        axes = _axes(instants, values, self.least)
        parts = [axes.grid(self.unit)]
        parts += [f'<path class="{css}" d="{_band(axes, points)}"/>' for css, points in bands if points]
        for value, said in self.limits:
            if axes.low <= value <= axes.high:
                y = axes.y(value)
                parts.append(f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
                parts.append(f'<text class="said" x="{LEFT + 4}" y="{y - 3:.1f}">{escape(said)}</text>')
        for at, said in self.marks:
            x = axes.x(at)
            parts.append(f'<path class="then" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
            parts.append(f'<text class="said" x="{x + 3:.1f}" y="{TOP + 9}">{escape(said)}</text>')
        parts += [f'<path class="{css}" d="{_line(axes, points)}"/>' for css, points in lines if points]
        return _svg(self.label, "".join(parts))


def fan(states: Sequence[Any], life: Any | None, label: str, limit: float = 80.0) -> Markup:
    """Health with its interval, and the fan of days until it is at the limit. states: rows of the twin."""
    estimated = [row for row in states if row["soh_pct"] is not None]
    if not estimated:
        return Markup('<p class="note">No state of health is known.</p>')
    last = estimated[-1]
    until, lives = last["at"], None
    # A jar that is below the limit already has no way ahead to draw.
    if life is not None and last["fault"] is None and last["soh_pct"] >= limit:
        low, middle, high = (
            timedelta(days=float(life[name] or 0))
            for name in ("rul_lower_ci_days", "rul_days", "rul_upper_ci_days")
        )
        lives = (life["at"], (low, middle, high))
        # As far as the middle is from now and half as far again: an upper end of decades says "long".
        until = life["at"] + min(max(1.5 * middle, timedelta(days=180)), timedelta(days=3652))
    values = [float(row[name]) for row in estimated for name in ("soh_pct", "soh_lower_pct", "soh_upper_pct")
              if row[name] is not None]  # fmt: skip
    axes = _axes([estimated[0]["at"], until], [*values, limit - 2], 10.0)
    spans = [(row["at"], row["soh_lower_pct"], row["soh_upper_pct"]) for row in estimated
             if row["soh_lower_pct"] is not None]  # fmt: skip
    y = axes.y(limit)
    parts = [axes.grid("% of rated"), f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>']
    parts.append(f'<text class="said" x="{LEFT + 4}" y="{y + 11:.1f}">{limit:.0f} %: end of life</text>')
    parts.append(f'<path class="band" d="{_band(axes, spans)}"/>')
    if lives is not None:
        parts.append(_fan(axes, lives[0], float(last["soh_pct"]), limit, lives[1]))
    parts.append(
        f'<path class="line" d="{_line(axes, [(row["at"], row["soh_pct"]) for row in estimated])}"/>'
    )
    x = axes.x(last["at"])
    parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{axes.y(last["soh_pct"]):.1f}" r="3"/>')
    return _svg(label, "".join(parts))


def _fan(
    axes: Axes, begin: datetime, soh: float, limit: float, lives: tuple[timedelta, timedelta, timedelta]
) -> str:
    """A wedge from where health is to where it may be at the limit, and the middle as a line."""

    def met(life: timedelta) -> str:
        end = begin + life
        if end <= axes.until:
            return f"{axes.x(end):.1f} {axes.y(limit):.1f}"
        reached = soh + (limit - soh) * ((axes.until - begin) / life)
        return f"{axes.x(axes.until):.1f} {axes.y(reached):.1f}"

    low, middle, high = lives
    start = f"{axes.x(begin):.1f} {axes.y(soh):.1f}"
    corner = f"L{axes.x(axes.until):.1f} {axes.y(limit):.1f}" if begin + high > axes.until else ""
    return (
        f'<path class="fan" d="M{start}L{met(low)}{corner}L{met(high)}Z"/>'
        f'<path class="forecast" d="M{start}L{met(middle)}"/>'
    )


def _axes(instants: Sequence[datetime], values: Sequence[float], least: float) -> Axes:
    since, until = min(instants), max(instants)
    if since == until:
        since, until = since - timedelta(days=1), until + timedelta(days=1)
    low, high = min(values), max(values)
    room = max((high - low) * 0.08, (least - (high - low)) / 2, 1e-6)
    return Axes(since, until, low - room, high + room)


def _line(axes: Axes, points: Sequence[Point]) -> str:
    """The path through points; it breaks where three usual steps are missing."""
    steps = sorted(b[0] - a[0] for a, b in pairwise(points))
    longest = 3 * steps[len(steps) // 2] if steps else timedelta(0)
    parts, before = [], None
    for at, value in points:
        command = "M" if before is None or at - before > longest else "L"
        parts.append(f"{command}{axes.x(at):.1f} {axes.y(value):.1f}")
        before = at
    return "".join(parts) + ("h0.1" if len(points) == 1 else "")


def _band(axes: Axes, points: Sequence[Span]) -> str:
    there = [f"{axes.x(at):.1f} {axes.y(high):.1f}" for at, _, high in points]
    home = [f"{axes.x(at):.1f} {axes.y(low):.1f}" for at, low, _ in reversed(points)]
    return f"M{'L'.join(there + home)}Z"


def _round_values(low: float, high: float) -> list[tuple[float, str]]:
    """Four or five round values of a range."""
    rough = (high - low) / 4
    power = 10.0 ** _exponent(rough)
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough)
    digits = max(-_exponent(step) + (1 if step / 10.0 ** _exponent(step) == 2.5 else 0), 0)
    first = -(-low // step)
    return [(k * step, f"{k * step:.{digits}f}") for k in
            (first + n for n in range(8)) if k * step <= high]  # fmt: skip


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def _round_instants(since: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """Some round instants of a range: hours of a day, days of a month, months, or years."""
    span = until - since
    if span <= timedelta(days=4):
        first = since.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        hours = (first + timedelta(hours=k) for k in range(100))
        return [(at, f"{at:%d %b}" if at.hour == 0 else f"{at:%H}:00")
                for at in hours if at <= until and at.hour % 12 == 0]  # fmt: skip
    month = since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    inside = []
    while (month := (month + timedelta(days=32)).replace(day=1)) <= until:
        inside.append(month)
    if span < timedelta(days=60):
        return [(since + span * k / 4, f"{since + span * k / 4:%d %b}") for k in (1, 2, 3)]
    every = next(k for k in (1, 2, 3, 6, 12, 24, 60, 120) if len(inside) / k <= 6 or k == 120)
    chosen = [at for at in inside if ((at.year * 12 + at.month - 1) % every) == 0]
    return [(at, f"{at:%Y}" if every >= 12 else f"{at:%b %y}") for at in chosen]


def _svg(label: str, content: str) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{escape(label)}">'
        f"{content}</svg>"
    )
