"""The month's incidents and alerts as events: a fault is told once, however often a month is made."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from battery_assets.platform.outbox.events import Event
from battery_assets.platform.outbox.kinds import (
    ALERT_CRITICAL,
    ALERT_RAISED,
    CRITICAL,
    INCIDENT_ESCALATED,
    INCIDENT_OPENED,
    INCIDENT_RESOLVED,
    INFO,
    WARNING,
)
from battery_assets.platform.outbox.turns import Turn

if TYPE_CHECKING:
    from battery_assets.features.operations.fault_lives import Month

# Of an incident's four severities the middle two warn.
SEVERITY_OF = {"low": INFO, "medium": WARNING, "high": WARNING, "critical": CRITICAL}
_UNITS = ("battery_id", "string_id", "location_id")


def incident_events(rows: pl.DataFrame, month: "Month", turned: Mapping[str, Turn]) -> Iterator[Event]:
    """Open incidents: opened, and escalated where they got worse since; those that are over: resolved.

    rows: incident at the month's end; the newest of each fault counts. turned: what was told of faults.
    An end is told where the beginning was.
    """
    was = dict(month.before.select("incident_id", "severity").iter_rows())
    newest = rows.sort("created_at", "incident_id").unique("fault", keep="last", maintain_order=True)
    for row in newest.to_dicts():
        same = f"incident|{row['fault']}"
        turn = turned.get(same, Turn())
        of = _of_incident(row, month.site, same)
        if row["status"] == "open":
            number = turn.if_open
            yield Event(INCIDENT_OPENED, fact=str(number), after=row["severity"], at=row["created_at"], **of)
            worse = row["worsened_at"] is not None and row["worsened_at"] > row["created_at"]
            if worse and (number == turn.number or row["incident_id"] in was):
                before = was.get(row["incident_id"], row["severity"])
                before = before if before != row["severity"] else "less severe"
                fact, at = f"{row['severity']}|{number}", row["worsened_at"]
                yield Event(INCIDENT_ESCALATED, fact=fact, before=before, after=row["severity"], at=at, **of)
        elif row["resolved_at"] and turn.number:
            of |= {"before": row["severity"], "severity": INFO}
            yield Event(INCIDENT_RESOLVED, fact=str(turn.number), at=row["resolved_at"], **of)


def alert_events(rows: pl.DataFrame, site: str) -> Iterator[Event]:
    """Alerts that still hold and warn. rows: alert, with incidents."""
    since = pl.col("context_json").str.json_path_match("$.since").str.slice(0, 10)
    held = rows.filter(pl.col("status") == "active", pl.col("severity").is_in([WARNING, CRITICAL]))
    for row in held.with_columns(since=since.fill_null("")).to_dicts():
        unit = next(row[name] for name in _UNITS if row[name])
        yield Event(
            ALERT_CRITICAL if row["severity"] == CRITICAL else ALERT_RAISED,
            "alert",
            row["alert_id"],
            row["message"],
            # A month has its own row of an alert that lasts.
            same_as=f"alert|{row['alert_type']}|{unit}|{row['since']}",
            severity=row["severity"],
            site=site,
            group=f"incident:{row['incident_id']}" if row["incident_id"] else "",
            at=row["triggered_at"],
            facts={"alert_type": row["alert_type"], **_units(row)},
        )


def _of_incident(row: dict[str, Any], site: str, same: str) -> dict[str, Any]:
    return {
        "object_kind": "incident",
        "object_id": row["incident_id"],
        "title": row["title"],
        "same_as": same,
        "severity": SEVERITY_OF[row["severity"]],
        "site": site,
        "group": f"incident:{row['incident_id']}",
        "facts": {
            "incident_code": row["incident_code"],
            "rca_code": row["rca_code"],
            "fault": row["fault"],
            **_units(row),
        },
    }


def _units(row: dict[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in _UNITS if row.get(name)}
