"""What a fleet manager wants to know: jars at risk, ride-through, incidents, work orders, models."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from battery_assets.actions.session import Session

if TYPE_CHECKING:
    from rich.console import Console

_RISK = """
SELECT site, battery_code AS jar, round(soh_pct, 0) AS soh, round(r_internal_baseline_pct, 0) AS r,
       round(rul_days, 0) AS rul, round(rul_lower_ci_days, 0) AS low, round(rul_upper_ci_days, 0) AS high,
       round(100 * failure_probability_90d, 0) AS p90, rul_source AS source
FROM fleet.jar_health_now WHERE rul_days IS NOT NULL AND (:site = '' OR site = :site)
ORDER BY failure_probability_90d DESC, rul_days LIMIT :most
"""
_INCIDENTS = """
SELECT i.site, i.incident_code AS incident, i.severity, i.title, w.title AS work_order, w.priority,
       to_char(w.due_date, 'YYYY-MM-DD') AS due
FROM fleet.incident i
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'incident' AND version IS NOT NULL GROUP BY site) n
  ON n.site = i.site AND n.month = i.month
LEFT JOIN fleet.work_order w USING (incident_id)
WHERE i.status IN ('open', 'investigating') AND (:site = '' OR i.site = :site)
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], i.severity::text), w.due_date LIMIT :most
"""
_COUNTS = """
SELECT n.site, count(DISTINCT i.incident_id) AS incidents, count(DISTINCT w.work_order_id) AS work_orders
FROM (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'incident' AND version IS NOT NULL GROUP BY site) n
LEFT JOIN fleet.incident i ON i.site = n.site AND i.month = n.month AND i.status IN ('open', 'investigating')
LEFT JOIN fleet.work_order w ON w.incident_id = i.incident_id AND w.status <> 'closed'
WHERE :site = '' OR n.site = :site
GROUP BY n.site ORDER BY n.site
"""
_RUNTIME = """
SELECT site, string_code, load_basis, round(required_min, 0) AS required, round(runtime_min, 0) AS minutes,
       round(runtime_lower_min, 0) AS low, round(runtime_upper_min, 0) AS high,
       floor(100 * ride_through_probability) AS p, weakest_jar, coalesce(note, limited_by) AS because
FROM (SELECT DISTINCT ON (string_id) * FROM fleet.string_runtime_now
      WHERE :site = '' OR site = :site
      ORDER BY string_id, array_position(
          ARRAY['measured_load', 'system_rating', 'rated_15min', 'rated_1h'], load_basis::text)) own
ORDER BY ride_through_probability NULLS FIRST, runtime_min - required_min LIMIT :most
"""
_MODELS = """
SELECT version, metrics_json, hyperparameters_json FROM ml.ml_model
WHERE status = 'production' ORDER BY training_data_end DESC LIMIT 3
"""
_HEALTH = """
SELECT site, count(*) AS jars, round(min(soh_pct), 0) AS worst, round(avg(soh_pct), 1) AS mean,
       count(*) FILTER (WHERE soh_pct < 80) AS below_80, to_char(max(captured_at), 'YYYY-MM-DD') AS as_of
FROM fleet.jar_health_now WHERE captured_at IS NOT NULL AND (:site = '' OR site = :site)
GROUP BY site ORDER BY site
"""
_LAB = """
SELECT u.site, c.cell_code, u.group_tag, u.total_cycles, round(l.soh_pct, 1), l.life_cycles, l.censoring
FROM lab.battery_unit u JOIN lab.battery_cell c USING (cell_id)
JOIN LATERAL (SELECT soh_pct, life_cycles, censoring FROM lab.label_soh s
              WHERE s.cell_id = u.cell_id AND s.definition = 'capacity'
              ORDER BY cycle_index DESC LIMIT 1) l ON true
ORDER BY u.site, c.cell_code LIMIT :most
"""


SCORES = {
    "c_index": "C-index",
    "c_index_resistance_trend": "of resistance line",
    "c_index_soh_trend": "of SOH line",
    "brier_90d": "Brier 90 d",
    "brier_90d_marginal": "of Kaplan-Meier",
    "coverage_95": "95 % holds",
    "c_index_unseen_site": "C on unseen site",
}


def print_report(at: Session, site: str = "", most: int = 10) -> None:
    """Print the report of the fleet, or of one site."""
    from rich.console import Console

    console = Console(highlight=False, width=None)
    told = {"site": site, "most": most}
    _table(
        console,
        "Fleet",
        ["site", "jars", "worst SOH %", "mean SOH %", "below 80 %", "as of"],
        _rows(at, _HEALTH, told),
    )
    _table(
        console,
        f"Jars at risk (first {most}; RUL in days with its 95 % interval)",
        ["site", "jar", "SOH %", "R % of new", "RUL", "from", "to", "P(90 d) %", "by"],
        _rows(at, _RISK, told),
    )
    _table(
        console,
        f"Ride-through (first {most}; minutes at the string's own load with their 90 % interval)",
        ["site", "string", "load", "required", "minutes", "from", "to", "P %", "weakest jar", "because"],
        _rows(at, _RUNTIME, told),
    )
    _table(
        console,
        f"Open incidents and work orders (first {most})",
        ["site", "incident", "severity", "what", "work order", "priority", "due"],
        _rows(at, _INCIDENTS, told),
    )
    _table(console, "Open now", ["site", "incidents", "work orders"], _rows(at, _COUNTS, told))
    if not site:
        _table(
            console,
            f"Cells under test (first {most})",
            ["lab", "cell", "split", "cycles", "SOH %", "life", "its end"],
            _rows(at, _LAB, told),
        )
        _models(console, _rows(at, _MODELS, {}))
    console.print(
        "Where to look next: views fleet.jar_health_now, fleet.string_health_now, fleet.string_runtime_now, "
        "fleet.open_alerts, fleet.prediction_history; `battery-assets report --site SITE` for one site."
    )


def _rows(at: Session, query: str, told: dict[str, Any]) -> list[tuple[Any, ...]]:
    with at.warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), told)]


def _table(console: "Console", title: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for position, name in enumerate(names):
        numeric = rows and all(not isinstance(row[position], str) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row))
    console.print(table if rows else f"{title}: none")


def _models(console: "Console", rows: list[tuple[Any, ...]]) -> None:
    shown = []
    for version, metrics, params in rows:
        scores = [metrics.get(name) for name in SCORES]
        counted = (version, params.get("jars"), params.get("failures"))
        shown.append((*counted, *("-" if score is None else f"{score:.3f}" for score in scores)))
    title = "Remaining-life models (scores on jars that were held out, beside what a straight line does)"
    _table(console, title, ["version", "jars", "failures", *SCORES.values()], shown)
