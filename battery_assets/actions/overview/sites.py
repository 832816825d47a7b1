"""The fleet at a glance: what is wrong now at each site, and the jars that fail first."""

from collections.abc import Sequence

from battery_assets import tables as t
from battery_assets.actions.overview.jars import FEATURES, newest_months, of_jars
from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.platform.warehouse.resource import Warehouse

# Under which a string may not carry its load, and over which a jar is likely to fail: as the monthly page.
SURE, LIKELY = 0.9, 0.5
TABLES = (t.incident, t.work_order, t.digital_twin_state, t.rul_prediction, t.string_runtime)

_SITES = of_jars(
    """,
open AS (
    SELECT i.site, i.incident_id, i.severity, i.acknowledged_at, bool_or(i.overdue) AS overdue
    FROM fleet.open_incidents i GROUP BY 1, 2, 3, 4),
wrong AS (
    SELECT site, count(*) AS incidents, count(*) FILTER (WHERE severity = 'critical') AS critical,
           count(*) FILTER (WHERE severity = 'high') AS high,
           count(*) FILTER (WHERE acknowledged_at IS NULL) AS unacknowledged,
           count(*) FILTER (WHERE overdue) AS overdue,
           min(array_position(ARRAY['critical', 'high', 'medium', 'low'], severity::text)) AS rank
    FROM open GROUP BY site),
health AS (
    SELECT site, count(*) AS jars, count(fault) AS faults, min(soh_pct) AS worst_soh,
           count(*) FILTER (WHERE failure_probability_90d >= :likely) AS likely
    FROM jars GROUP BY site),
strings AS (
    SELECT site, count(*) AS strings,
           count(*) FILTER (WHERE ride_through_probability < :sure OR runtime_min = 0) AS unsure,
           min(runtime_min - required_min) AS least_spare
    FROM (SELECT DISTINCT ON (string_id) * FROM fleet.string_runtime_now
          ORDER BY string_id, array_position(
              ARRAY['measured_load', 'system_rating', 'rated_15min', 'rated_1h'], load_basis::text)) own
    GROUP BY site),
places AS (
    SELECT DISTINCT ON (site) site, location_name, city, latitude, longitude
    FROM fleet.location ORDER BY site, location_code)
SELECT s.site, p.location_name, p.city, p.latitude, p.longitude, j.jars, j.faults, j.worst_soh, j.likely,
       r.strings, r.unsure, r.least_spare, coalesce(w.incidents, 0) AS incidents,
       coalesce(w.critical, 0) AS critical, coalesce(w.high, 0) AS high, coalesce(w.overdue, 0) AS overdue,
       coalesce(w.unacknowledged, 0) AS unacknowledged, w.rank
FROM platform.site s
LEFT JOIN places p USING (site) LEFT JOIN health j USING (site) LEFT JOIN strings r USING (site)
LEFT JOIN wrong w USING (site)
WHERE s.source NOT LIKE 'lab%' AND (CAST(:sites AS text[]) IS NULL OR s.site = ANY (CAST(:sites AS text[])))
ORDER BY w.rank NULLS LAST, w.incidents DESC NULLS LAST, s.site
"""
)
_FIRST = of_jars(
    """,
first AS (
    SELECT * FROM jars WHERE failure_probability_90d IS NOT NULL
    ORDER BY failure_probability_90d DESC, rul_days, battery_code LIMIT :most),
incidents AS (
    SELECT DISTINCT ON (battery_code) battery_code, incident_code, incident_status, acknowledged_by
    FROM fleet.open_alerts WHERE incident_status IN ('open', 'investigating') AND battery_code IS NOT NULL
    ORDER BY battery_code, array_position(ARRAY['critical', 'warning', 'info'], severity::text))
SELECT j.site, j.battery_code, j.string_code, j.soh_pct, f.r_internal_baseline_pct, j.rul_days,
       j.rul_lower_ci_days, j.rul_upper_ci_days, j.failure_probability_90d, j.fault, i.incident_code,
       i.incident_status
FROM first j LEFT JOIN incidents i USING (battery_code)
""",
    FEATURES,
    "ORDER BY j.failure_probability_90d DESC, j.rul_days, j.battery_code",
)


def sites(warehouse: Warehouse, reader: Reader) -> Sequence[Row]:
    """Each site with what is wrong there, the worst first. Raises PastNotKept."""
    with reader.reading(warehouse, *TABLES) as connection:
        months = newest_months(connection, reader)
        return reader.rows(connection, _SITES, sure=SURE, likely=LIKELY, site="", **months)


def first_to_fail(warehouse: Warehouse, reader: Reader, site: str = "", most: int = 10) -> Sequence[Row]:
    """Jars by the probability to fail within 90 days, with their open incident. Raises PastNotKept."""
    named = [site] if site else None
    with reader.reading(warehouse, t.rul_prediction, t.alert, t.incident, sites=named) as connection:
        months = newest_months(connection, reader, site)
        return reader.rows(connection, _FIRST, site=site, most=most, **months)
