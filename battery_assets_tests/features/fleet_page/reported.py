"""A month of a small fleet as the page of a month takes it: two sites, three strings, one of everything."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from battery_assets.features.fleet_page import contents as c
from battery_assets.features.fleet_page.contents import FleetMonth

START, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
MARKUP = '<script src="https://evil.example/x.js">&\'</script>'
JARS = {("bangrak", "BKK-S1"): 6, ("bangrak", "BKK-S2"): 4, ("phuket", "PKT-S1"): 5}

SCORES = {
    "c_index": 0.93, "brier_90d": 0.021,
    "decisions_nobody_missed": 9.0, "decisions_nobody_needless": 0.0, "decisions_nobody_visits": 0.0,
    "decisions_nobody_cost": 90.0,
    "decisions_fused_missed": 1.0, "decisions_fused_needless": 2.0, "decisions_fused_visits": 10.0,
    "decisions_fused_lead_days": 61.0, "decisions_fused_cost": 21.5,
}  # fmt: skip


def frame(schema: dict[str, Any], *rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def jars() -> pl.DataFrame:
    """Jars of health 97 %, falling by 4 points from place to place; lives and chances go along."""
    return frame(
        c.JARS,
        *(
            {
                "site": site, "string": string, "jar": f"{string}-J{k:02d}", "position": k,
                "soh_pct": 101.0 - 4.0 * k, "soh_before_pct": 101.2 - 4.0 * k, "rul_days": 2000.0 / k**2,
                "rul_lower_days": 1000.0 / k**2, "rul_upper_days": 4000.0 / k**2, "p90": 0.02 * k**2,
                "p90_before": 0.02 * k**2, "source": "digital_twin",
            }
            for (site, string), many in JARS.items()
            for k in range(1, many + 1)
        ),
    )  # fmt: skip


def strings() -> pl.DataFrame:
    return frame(
        c.STRINGS,
        *(
            {
                "site": site, "string": string, "load": "measured_load", "required_min": 15.0,
                "runtime_min": 20.0 + many, "runtime_lower_min": 12.0, "runtime_upper_min": 31.0, "p": 0.97,
                "p_before": 0.97, "weakest": f"{string}-J{many:02d}", "because": "capacity",
                "captured_at": UNTIL - timedelta(hours=1), "load_lost_days": 400.0,
                "load_lost_lower_days": 200.0, "load_lost_upper_days": 900.0, "change_first": f"{string}-J01",
            }
            for (site, string), many in JARS.items()
        ),
    )  # fmt: skip


def incidents() -> pl.DataFrame:
    """An old incident whose order is late, a new one, and one that ended in the month."""
    return frame(
        c.INCIDENTS,
        {"site": "bangrak", "incident_code": "INC-OLD", "severity": "critical", "title": "jar 6 low",
         "rca_code": "CELL-SHORT", "created_at": UNTIL - timedelta(days=40), "open": True,
         "work_order": "Replace jar 6", "external_id": "CMMS-7", "due_date": UNTIL - timedelta(days=3)},
        {"site": "phuket", "incident_code": "INC-NEW", "severity": "medium", "title": MARKUP,
         "created_at": UNTIL - timedelta(days=5), "open": True},
        {"site": "phuket", "incident_code": "INC-GONE", "severity": "high", "title": "hot room", "open": False,
         "created_at": UNTIL - timedelta(days=50), "ended_at": UNTIL - timedelta(days=9)},
    )  # fmt: skip


def month() -> FleetMonth:
    return FleetMonth(
        month="2026-03",
        start=START,
        until=UNTIL,
        sites=["bangrak", "phuket"],
        jars=jars(),
        strings=strings(),
        incidents=incidents(),
        renewed=frame(
            c.RENEWED, {"site": "phuket", "jar": "PKT-S1-J02", "replaced_date": date(2026, 3, 9)}
        ),
        rules=frame(
            c.RULES,
            {"site": "bangrak", "alert_type": "voltage_low", "signal": "float_below_median", "alerts": 5,
             "came_true": 3, "false_alarms": 1, "ends": 4, "foreseen": 3},
            {"site": "phuket", "alert_type": "voltage_low", "signal": "float_below_median", "alerts": 2,
             "came_true": 0, "false_alarms": 0, "ends": 0, "foreseen": 0},
        ),
        orders={"bangrak": 1},
        places=frame(
            c.PLACES,
            {"site": "bangrak", "latitude": 13.73, "longitude": 100.52},
            {"site": "phuket", "latitude": 7.89, "longitude": 98.4},
        ),
        models=[("rul 2026-01.3", SCORES)],
    )  # fmt: skip


def empty_month() -> FleetMonth:
    """The same fleet in a month of which nothing came."""
    at = month()
    unknown = [pl.lit(None, kind).alias(name) for name, kind in list(c.JARS.items())[4:]]
    return replace(
        at,
        jars=at.jars.with_columns(unknown),
        strings=at.strings.clear(),
        incidents=at.incidents.clear(),
        renewed=at.renewed.clear(),
        rules=at.rules.clear(),
        orders={},
        models=[],
    )
