"""Incidents and work orders as lists, and an incident with its timeline and the data of its days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.platform.warehouse.resource import Warehouse

_LIST = sa.text("""
SELECT i.site, i.severity, i.incident_code, i.title, i.rca_code, i.status, i.created_at, i.resolved_at,
       i.acknowledged_at, u.name AS responsible, i.notes, i.last_alert_at
FROM fleet.incident i LEFT JOIN fleet."user" u ON u.user_id = i.assigned_to
WHERE (CAST(:sites AS text[]) IS NULL OR i.site = ANY (CAST(:sites AS text[])))
  AND (:site = '' OR i.site = :site) AND (:all OR i.status IN ('open', 'investigating'))
  AND (:severity = '' OR i.severity::text = :severity)
ORDER BY i.status IN ('open', 'investigating') DESC,
         array_position(ARRAY['critical', 'high', 'medium', 'low'], i.severity::text),
             i.acknowledged_at NULLS FIRST,
         i.created_at DESC, i.incident_code LIMIT :most
""")
_INCIDENT = sa.text("""
SELECT i.*, u.name AS responsible, u.email AS responsible_email, b.battery_code, s.string_code,
       coalesce(a.name, '') AS acknowledged_by
FROM fleet.incident i LEFT JOIN fleet."user" u ON u.user_id = i.assigned_to
LEFT JOIN fleet."user" a ON a.user_id = i.acknowledged_by_user
LEFT JOIN fleet.battery b USING (battery_id)
LEFT JOIN fleet.string s ON s.string_id = coalesce(i.string_id, b.string_id)
WHERE i.incident_code = upper(:code) OR CAST(i.incident_id AS text) = lower(:code)
""")
_ENTRIES = sa.text("""
SELECT n.entered_at AS at, n.done_at, n.entered_by AS who, n.action, n.note, n.rca_code, u.name AS assigned_to
FROM service.incident_entry n LEFT JOIN fleet."user" u ON u.user_id = n.assigned_to
WHERE n.entered_at <= platform.as_of() AND (
    n.incident_id = :id OR (n.site = :site AND n.fault = :fault AND NOT EXISTS (
        SELECT FROM operations.incident i WHERE i.incident_id = n.incident_id)))
ORDER BY n.id
""")
# An alert that holds for months is a row in each of them: what the newest says of it, since the first.
_ALERTS = sa.text("""
SELECT min(a.triggered_at) AS at, CASE WHEN bool_or(a.month = newest.month) THEN NULL
       ELSE max(a.resolved_at) END AS until,
       a.severity, replace(a.alert_type, '_', ' ') AS title, b.battery_code, s.string_code,
       (array_agg(a.message ORDER BY a.month DESC))[1] AS words
FROM fleet.alert a
JOIN platform.partition_version known
  ON known.table_name = 'alert' AND known.site = a.site AND known.month = a.month
 AND known.known_since <= platform.as_of()
JOIN (SELECT max(month) AS month FROM fleet.alert WHERE site = :site) newest ON true
LEFT JOIN fleet.battery b USING (battery_id) LEFT JOIN fleet.string s ON s.string_id = a.string_id
WHERE a.incident_id = :id AND a.site = :site
GROUP BY a.severity, a.alert_type, b.battery_code, s.string_code
ORDER BY 1, array_position(ARRAY['critical', 'warning', 'info'], a.severity::text) LIMIT 100
""")
_ORDERS = sa.text("""
SELECT w.work_order_id, w.external_id, w.title, w.priority, w.status, w.created_at, w.due_date,
       w.completed_at,
       w.resolution_notes, u.name AS responsible,
       w.due_date < :now AND w.status NOT IN ('completed', 'closed') AS overdue, w.site, i.incident_code
FROM fleet.work_order w LEFT JOIN fleet."user" u ON u.user_id = w.assigned_to
LEFT JOIN fleet.incident i USING (incident_id)
WHERE (CAST(:sites AS text[]) IS NULL OR w.site = ANY (CAST(:sites AS text[])))
  AND (:site = '' OR w.site = :site) AND (CAST(:id AS uuid) IS NULL OR w.incident_id = CAST(:id AS uuid))
  AND (:all OR w.status NOT IN ('completed', 'closed'))
ORDER BY w.status IN ('completed', 'closed'), w.due_date NULLS LAST, w.work_order_id LIMIT :most
""")
# Hours around the instant: the jar beside the band and the median of its string, or the string's jars alone.
_HOURS = sa.text("""
SELECT f.feature_ts AS at, min(f.v_mean) AS v_low, max(f.v_mean) AS v_high,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY f.v_mean) AS v_usual,
       max(f.v_mean) FILTER (WHERE f.battery_id = CAST(:jar AS uuid)) AS v_jar,
       min(f.t_mean) AS t_low, max(f.t_mean) AS t_high,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY f.t_mean) AS t_usual,
       max(f.t_mean) FILTER (WHERE f.battery_id = CAST(:jar AS uuid)) AS t_jar,
       max(f.ripple_rms_mean) AS ripple
FROM fleet.feature_store f JOIN fleet.battery b USING (battery_id)
WHERE b.string_id = CAST(:string AS uuid) AND f.site = :site AND f.feature_window_hours = 1
  AND f.month = ANY (:months) AND f.feature_ts > :since AND f.feature_ts <= :until
  AND EXISTS (SELECT FROM platform.partition_version known
              WHERE known.table_name = 'feature_store' AND known.site = f.site AND known.month = f.month
                AND known.known_since <= platform.as_of())
GROUP BY f.feature_ts ORDER BY f.feature_ts
""")
_PEOPLE = sa.text("""
SELECT email, name FROM fleet."user" WHERE is_active AND (site IS NULL OR site = :site) ORDER BY name, email
""")
TABLES = (t.incident, t.work_order)


@dataclass(frozen=True)
class Incident:
    """An incident as it is known. people: who can be made responsible; hours: those around `day`."""

    facts: Row
    entries: Sequence[Row]
    alerts: Sequence[Row]
    orders: Sequence[Row]
    hours: Sequence[Row]
    day: datetime
    people: Sequence[Row]


def incidents(
    warehouse: Warehouse,
    reader: Reader,
    *,
    site: str = "",
    severity: str = "",
    everything: bool = False,
    most: int = 200,
) -> Sequence[Row]:
    """Incidents that are open, or all of them, the gravest and those that nobody looks after first."""
    with reader.reading(warehouse, *TABLES, sites=[site] if site else None) as connection:
        return reader.rows(connection, _LIST, site=site, severity=severity, all=everything, most=most)


def work_orders(
    warehouse: Warehouse, reader: Reader, *, site: str = "", everything: bool = False, most: int = 300
) -> Sequence[Row]:
    """Work orders that are not done, or all of them, what is due first."""
    with reader.reading(warehouse, *TABLES, sites=[site] if site else None) as connection:
        return reader.rows(connection, _ORDERS, site=site, all=everything, most=most, id=None)


def incident_coded(
    warehouse: Warehouse, reader: Reader, code: str, day: datetime | None = None
) -> Incident | None:
    """An incident by its code, with the hours around `day` or else around its beginning; None where there is
    none that the reader sees. Raises PastNotKept."""
    with reader.reading(warehouse) as connection:
        rows = reader.rows(connection, _INCIDENT, code=code)
    if not rows or not reader.sees(rows[0]["site"]):
        return None
    facts = rows[0]
    own = {"id": facts["incident_id"], "site": facts["site"]}
    day = day or facts["worsened_at"] or facts["created_at"]
    with reader.reading(warehouse, *TABLES, sites=[facts["site"]]) as connection:
        return Incident(
            facts,
            reader.rows(connection, _ENTRIES, **own, fault=facts["fault"]),
            reader.rows(connection, _ALERTS, **own),
            reader.rows(connection, _ORDERS, **own, all=True, most=20),
            _hours(connection, reader, facts, day),
            day,
            reader.rows(connection, _PEOPLE, site=facts["site"]),
        )


def _hours(connection: sa.Connection, reader: Reader, facts: Row, day: datetime) -> Sequence[Row]:
    """The day before and the day after an instant; nothing of an incident that is of no string."""
    if facts["string_id"] is None:
        return []
    since, until = day - timedelta(days=1), day + timedelta(days=1)
    months = sorted({f"{since:%Y-%m}", f"{until:%Y-%m}"})
    return reader.rows(
        connection, _HOURS, jar=facts["battery_id"], string=facts["string_id"], site=facts["site"],
        months=months, since=since, until=until,
    )  # fmt: skip
