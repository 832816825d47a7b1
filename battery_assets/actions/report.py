"""What a fleet manager wants to know: jars at risk, ride-through, incidents, work orders, models."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from battery_assets.actions import report_tables as layout
from battery_assets.actions.report_tables import Row
from battery_assets.actions.session import Session, run_here
from battery_assets.errors import UserError
from battery_assets.platform.lake import pages

if TYPE_CHECKING:
    from rich.table import Table

_RISK = """
SELECT site, battery_code AS jar, round(soh_pct, 0) AS soh, round(r_internal_baseline_pct, 0) AS r,
       round(rul_days, 0) AS rul, round(rul_lower_ci_days, 0) AS low, round(rul_upper_ci_days, 0) AS high,
       round(100 * failure_probability_90d, 0) AS p90, rul_source AS source
FROM fleet.jar_health_now WHERE rul_days IS NOT NULL AND (:site = '' OR site = :site)
ORDER BY failure_probability_90d DESC, rul_days, site, battery_code LIMIT :most
"""
_INCIDENTS = """
SELECT site, severity, title, work_order,
       CASE WHEN overdue THEN 'late: ' ELSE '' END || to_char(due_date, 'YYYY-MM-DD') AS due
FROM fleet.open_incidents WHERE :site = '' OR site = :site
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], severity::text), due_date,
         site, incident_code LIMIT :most
"""
_RUNTIME = """
SELECT site, string_code AS string, load_basis AS load, round(required_min, 0) AS required,
       round(runtime_min, 0) AS minutes,
       round(runtime_lower_min, 0) AS low, round(runtime_upper_min, 0) AS high,
       floor(100 * ride_through_probability) AS p, weakest_jar AS jar,
       coalesce(limited_by::text, note) AS because,
       CASE WHEN load_lost_days IS NOT NULL
            THEN to_char(captured_at + load_lost_days * interval '1 day', 'YYYY-MM')
            WHEN runtime_min IS NOT NULL THEN '> 10 years' END AS lost, change_first AS change
FROM (SELECT DISTINCT ON (string_id) * FROM fleet.string_runtime_now
      WHERE :site = '' OR site = :site
      ORDER BY string_id, array_position(
          ARRAY['measured_load', 'system_rating', 'rated_15min', 'rated_1h'], load_basis::text)) own
ORDER BY ride_through_probability NULLS FIRST, runtime_min - required_min, site, string_code LIMIT :most
"""
_POWER = """
SELECT one.site, string_code AS string, max(bursts) AS days_seen,
       round(100 * max(wander)::numeric, 1) AS wander,
       round(100 * max(power) FILTER (WHERE days = 1 AND loss = 0.2)::numeric) AS fifth_in_a_day,
       round(100 * max(power) FILTER (WHERE days = 7 AND loss = 0.05)::numeric) AS twentieth_in_a_week,
       round(100 * max(power) FILTER (WHERE days = 7 AND loss = 0.1)::numeric) AS tenth_in_a_week
FROM experiments.detection_power AS one WHERE :site = '' OR one.site = :site
GROUP BY one.site, string_code ORDER BY tenth_in_a_week, one.site, string_code LIMIT :most
"""
_MODELS = """
SELECT version, metrics_json AS metrics, hyperparameters_json AS params FROM ml.ml_model
WHERE status = 'production' AND model_type = 'catboost_rul' ORDER BY training_data_end DESC LIMIT 3
"""
_VISITS = """
SELECT site, kind, unit, jars, failures_avoided AS avoided, weakest_jar AS weakest
FROM fleet.next_best_visit WHERE failures_avoided > 0 AND (:site = '' OR site = :site)
ORDER BY failures_avoided DESC, kind, site, unit LIMIT :most
"""
_DECISIONS = """
SELECT version, status, metrics_json AS metrics FROM ml.ml_model
WHERE metrics_json ? 'decisions_nobody_missed'
ORDER BY training_data_end DESC, trained_at DESC LIMIT 1
"""
_GATE = """
SELECT version, status,
       coalesce(hyperparameters_json ->> 'gate', 'was trained before there was a gate') AS gate
FROM ml.ml_model WHERE model_type = 'catboost_rul' ORDER BY training_data_end DESC, trained_at DESC LIMIT 3
"""
_FLEET = """
WITH health AS (
    SELECT site, count(*) AS jars, round(min(soh_pct), 0) AS worst, round(avg(soh_pct), 1) AS mean,
           count(*) FILTER (WHERE soh_pct < 80) AS below_80, to_char(max(captured_at), 'YYYY-MM-DD') AS as_of
    FROM fleet.jar_health_now WHERE captured_at IS NOT NULL GROUP BY site),
work AS (
    SELECT n.site, count(DISTINCT i.incident_id) AS incidents, count(DISTINCT i.work_order_id) AS work_orders
    FROM (SELECT DISTINCT site FROM platform.partition_version
          WHERE table_name = 'incident' AND version IS NOT NULL) n
    LEFT JOIN fleet.open_incidents i USING (site)
    GROUP BY n.site)
SELECT * FROM health FULL JOIN work USING (site) WHERE :site = '' OR site = :site ORDER BY site
"""
_MONTHS = """
SELECT DISTINCT month FROM platform.partition_version
WHERE table_name = 'work_order' AND version IS NOT NULL AND (:site = '' OR site = :site) ORDER BY month
"""
_LAB = """
SELECT u.site AS lab, c.cell_code AS cell, u.group_tag AS split, u.total_cycles AS cycles,
       round(l.soh_pct, 1) AS soh, l.life_cycles AS life, l.censoring
FROM lab.battery_unit u JOIN lab.battery_cell c USING (cell_id)
JOIN LATERAL (SELECT soh_pct, life_cycles, censoring FROM lab.label_soh s
              WHERE s.cell_id = u.cell_id AND s.definition = 'capacity'
              ORDER BY cycle_index DESC LIMIT 1) l ON true
ORDER BY u.site, c.cell_code LIMIT :most
"""


def print_report(at: Session, site: str = "", most: int = 10) -> None:
    """Print the report of the fleet, or of one site."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    first = f"(first {most})"
    lists: list[tuple[str, str, Callable[[Sequence[Row]], Table]]] = [
        ("Fleet", _FLEET, layout.fleet),
        (f"Jars at risk {first}", _RISK, layout.jars_at_risk),
        (f"Next best test, by failures of 90 days that a visit avoids {first}", _VISITS, layout.visits),
        (f"Ride-through at the string's own load {first}", _RUNTIME, layout.ride_through),
        (f"Open incidents {first}", _INCIDENTS, layout.incidents),
        (f"What strings would have seen of a dry capacitor {first}", _POWER, layout.detection),
    ]
    if not site:
        lists.append((f"Cells under test {first}", _LAB, layout.cells_under_test))
        lists.append(("Remaining-life models, scores on jars that were held out", _MODELS, layout.models))
        lists.append(
            ("Remaining-life models, what the gate said (none: the twin serves)", _GATE, layout.gates)
        )
        lists.append(("Decisions, month by month on jars that were held out", _DECISIONS, layout.decisions))
    for title, query, table in lists:
        rows = _rows(at, query, {"site": site, "most": most})
        console.print(f"\n{title}" if rows else f"\n{title}: none", style="bold")
        if rows:
            console.print(table(rows))
    console.print(
        "\nWhere to look next: `battery-assets report --site SITE`; views fleet.jar_health_now, "
        "fleet.string_health_now, fleet.string_runtime_now, fleet.open_incidents, fleet.open_alerts, "
        "fleet.prediction_history, fleet.next_best_visit."
    )


def make_page(at: Session, site: str = "", month: str = "") -> str:
    """Write the page of a month, of the newest that is there by default. Returns the address of the page.

    UserError where the month is none, or nothing of it is there.
    """
    with at.warehouse.reading() as connection:
        there = connection.execute(sa.text(_MONTHS), {"site": site}).scalars().all()
    if not there or (month and month not in there):
        raise UserError(
            f"there are no work orders of {month or 'any month'}{site and f' of {site}'}: nothing to report",
            f"run the month first (battery-assets backfill); there are {', '.join(there[-12:]) or 'none'}",
        )
    month = month or there[-1]
    run_here("monthly_report", month)
    return pages.address(at.warehouse.lake, month, f"site-{site}.html" if site else "fleet.html")


def _rows(at: Session, query: str, wanted: dict[str, Any]) -> Sequence[Row]:
    with at.warehouse.transaction() as connection:
        return [dict(row) for row in connection.execute(sa.text(query), wanted).mappings()]
