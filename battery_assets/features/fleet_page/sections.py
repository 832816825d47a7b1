"""The tables of the page: jars at risk, ride-through, open incidents, what rules and models were worth."""

import re
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from battery_assets.features.fleet_page.contents import FleetMonth
from battery_assets.features.fleet_page.lives import axis, bar
from battery_assets.features.fleet_page.markup import (
    NOTHING,
    Html,
    day,
    escaped,
    note,
    number,
    percent,
    table,
    words,
)

MOST_JARS = 20
_SEVERITIES = ("critical", "high", "medium", "low")
_LOADS = {"measured_load": "measured", "system_rating": "rating", "rated_15min": "15 min", "rated_1h": "1 h"}
_COST = re.compile(r"decisions_(\w+)_cost")
_WORTH = (("missed", 0), ("needless", 0), ("lead_days", 0), ("visits", 0), ("cost", 1))
_SCORES = {
    "c_index": "C-index",
    "c_index_month": "C-index within a month",
    "brier_90d": "Brier score, 90 d",
    "coverage_95": "seen ends within 95 %",
}


def jars_at_risk(jars: pl.DataFrame) -> Html:
    """The jars that are most likely to fail within 90 days, with their lives and 95 % intervals."""
    predicted = jars.drop_nulls("rul_days")
    if predicted.height == 0:
        return note("No remaining life of any jar was predicted in this month.")
    first = predicted.sort(["p90", "rul_days", "jar"], descending=[True, False, False], nulls_last=True)
    rows = [
        [
            one["jar"],
            number(one["soh_pct"]),
            percent(one["p90"]),
            bar(one["rul_days"], one["rul_lower_days"], one["rul_upper_days"]),
            number(one["rul_days"]),
            _interval(one["rul_lower_days"], one["rul_upper_days"]),
            words(one["fault"] or one["source"]),
        ]
        for one in first.head(MOST_JARS).to_dicts()
    ]
    heads = ["jar", "SOH %", "P(90 d) %", axis(), "life, d", "95 %", "fault, or by"]
    said = note(f"{len(rows)} of {predicted.height} jars, the most likely to fail within 90 days first.")
    return Html(said + table(heads, rows, left=(0, 3, 6)))


def ride_through(strings: pl.DataFrame) -> Html:
    """How long each string carries its own load, and when wear takes that away, with its 90 % interval."""
    if strings.height == 0:
        return note("No ride-through of any string was computed in this month.")
    rows = []
    for one in strings.sort("p", "site", "string", nulls_last=False).to_dicts():
        lost = [one[f"load_lost_{which}days"] for which in ("", "lower_", "upper_")]
        rows.append(
            [
                Html(f"{escaped(one['string'])}<br>{escaped(_LOADS.get(one['load'], one['load']))}"),
                number(one["required_min"]),
                number(one["runtime_min"]),
                _interval(one["runtime_lower_min"], one["runtime_upper_min"]),
                percent(one["p"]),
                Html(f"{escaped(one['weakest'])}<br>{escaped(words(one['because']))}"),
                _month_of_loss(one["captured_at"], one["runtime_min"], lost[0]),
                bar(*lost) if lost[0] is not None else "",
                one["change_first"],
            ]
        )
    heads = [
        "string, load", "needs, min", "lasts, min", "90 %", "P %", "weakest jar, limit", "load lost",
        axis(), "change first",
    ]  # fmt: skip
    return table(heads, rows, left=(0, 5, 6, 7, 8))


def open_incidents(incidents: pl.DataFrame, until: datetime) -> Html:
    """Incidents that were open at the month's end, the gravest first, with age and due date."""
    still = incidents.filter(pl.col("open"))
    if still.height == 0:
        return note("No incident was open.")
    order = pl.col("severity").replace_strict(dict(zip(_SEVERITIES, range(4), strict=True)), default=4)
    rows = [
        [
            one["severity"],
            Html(f"{escaped(one['title'])}<br>{escaped(one['site'])}, {escaped(one['incident_code'])}"),
            one["rca_code"],
            number((until - one["created_at"]).days),
            _due(one, until),
            Html(f"{escaped(one['work_order'] or 'no work order')}{_ticket(one['external_id'])}"),
        ]
        for one in still.sort(order, "due_date", "created_at", nulls_last=True).to_dicts()
    ]
    return table(["severity", "what", "cause", "age, d", "due", "work order"], rows, left=(0, 1, 2, 4, 5))


def rules(scores: pl.DataFrame) -> Html:
    """What the alerts of the last twelve months were worth, by rule: a scoreboard of counts."""
    if scores.height == 0:
        return note("No rule raised an alert in the last twelve months, or they were not replayed.")
    counts = ("alerts", "came_true", "false_alarms", "ends", "foreseen")
    of_rules = scores.group_by("alert_type", "signal").agg(pl.col(counts).sum()).sort("alert_type", "signal")
    rows = [
        [
            Html(f"{escaped(words(one['alert_type']))}<br>{escaped(words(one['signal']))}"),
            *(number(one[name]) for name in counts[:3]),
            _share(one["came_true"], one["came_true"] + one["false_alarms"]),
            number(one["ends"]),
            _share(one["foreseen"], one["ends"]),
        ]
        for one in of_rules.to_dicts()
    ]
    heads = ["rule", "alerts", "came true", "false", "precision %", "ends", "foreseen %"]
    return table(heads, rows)


def models(at: FleetMonth) -> Html:
    """Scores of the remaining-life models on jars that were held out."""
    if not at.models:
        return note("No remaining-life model was trained by then: the twin tells the lives.")
    rows = [[version, *(number(scores.get(name), 3) for name in _SCORES)] for version, scores in at.models]
    return table(["version", *_SCORES.values()], rows)


def decisions(at: FleetMonth) -> Html:
    """What each way to decide would have missed and cost on jars that were held out, the cheapest first."""
    scored = [(version, scores) for version, scores in at.models if any(map(_COST.fullmatch, scores))]
    if not scored:
        return note("No model says what its decisions would have cost.")
    version, scores = scored[0]
    ways = sorted(
        (match[1] for name in scores if (match := _COST.fullmatch(name))),
        key=lambda way: (scores[f"decisions_{way}_cost"], way),
    )
    rows = [
        [words(way), *(number(scores.get(f"decisions_{way}_{name}"), digits) for name, digits in _WORTH)]
        for way in ways
    ]
    heads = ["decided by", "failures missed", "needless", "days of lead", "visits", "cost per 100 jars"]
    return Html(note(f"Month by month, as scored with {version}.") + table(heads, rows))


def _interval(low: float | None, high: float | None) -> str:
    return NOTHING if low is None and high is None else f"{number(low)} to {number(high)}"


def _month_of_loss(since: datetime | None, runtime: float | None, days: float | None) -> str:
    """The month in which wear leaves too little; what is beyond ten years is not told apart."""
    if since is None or runtime is None:
        return NOTHING
    if days is None:
        return "> 10 years"
    ahead = since + timedelta(days=days)
    return f"{ahead:%Y-%m}"


def _due(one: dict[str, Any], until: datetime) -> str:
    due = one["due_date"]
    late = due is not None and due < until
    return Html(f'<span class="late">late: {day(due)}</span>') if late else day(due)


def _ticket(ticket: str | None) -> str:
    return f"<br>ticket {escaped(ticket)}" if ticket else ""


def _share(part: int, of: int) -> str:
    return percent(part / of) if of else NOTHING
