"""A site: every jar by its place in its string, what each string will carry, and how old the evidence is."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.platform.warehouse.resource import Warehouse

_PLACE = sa.text("""
SELECT s.site, p.location_code, p.location_name, p.city, p.timezone,
       (SELECT max(v.month) FROM platform.partition_version v
        WHERE v.site = s.site AND v.table_name = 'digital_twin_state' AND v.rows > 0
          AND v.committed_at <= platform.as_of()) AS month
FROM platform.site s LEFT JOIN fleet.location p USING (site)
WHERE s.site = :site ORDER BY p.location_code LIMIT 1
""")
_JARS = sa.text("""
SELECT string_code, battery_code, position_in_string, soh_pct, r_internal_baseline_pct, r_internal_latest,
       t_mean, v_mean, v_balance_mean, failure_probability_90d, rul_days, fault, stale, captured_at
FROM fleet.jar_health_now WHERE site = :site
ORDER BY string_code, position_in_string, battery_code
""")
_STRINGS = sa.text("""
SELECT DISTINCT ON (string_id) string_code, system_type, load_basis, load_kind, load_w, load_current_a,
       required_min, runtime_min, runtime_lower_min, runtime_upper_min, ride_through_probability, weakest_jar,
       weakest_probability, repair_gain_min, limited_by, load_lost_days, change_first, note, captured_at,
       load_measured_at, jars_assumed, stale
FROM fleet.string_runtime_now WHERE site = :site
ORDER BY string_id, array_position(
    ARRAY['measured_load', 'system_rating', 'rated_15min', 'rated_1h'], load_basis::text)
""")
# Of each jar its newest state: how old what it rests on is, in days, by string.
_EVIDENCE = sa.text("""
SELECT s.string_code, count(*) AS jars, percentile_disc(0.5) WITHIN GROUP (ORDER BY d.evidence_age_days) AS usual_days,
       max(d.evidence_age_days) AS oldest_days, count(*) FILTER (WHERE d.evidence LIKE '%capacity_test%') AS tested,
       count(*) FILTER (WHERE d.evidence = 'age' OR d.evidence IS NULL) AS by_age_alone
FROM fleet.battery b JOIN fleet.string s USING (string_id)
LEFT JOIN LATERAL (
    SELECT evidence, evidence_age_days FROM fleet.digital_twin_state d
    WHERE d.battery_id = b.battery_id AND (platform.as_of() = 'infinity' OR EXISTS (
        SELECT FROM platform.partition_version known
        WHERE known.table_name = 'digital_twin_state' AND known.site = d.site AND known.month = d.month
          AND known.committed_at <= platform.as_of()))
    ORDER BY d.captured_at DESC LIMIT 1) d ON true
WHERE b.site = :site AND (b.replaced_date IS NULL OR b.replaced_date > platform.as_of()::date)
GROUP BY s.string_code
""")
_INCIDENTS = sa.text("""
SELECT incident_code, severity, title, status, created_at, age_days, acknowledged_at, due_date, overdue, work_order
FROM fleet.open_incidents WHERE site = :site
""")
TABLES = (t.digital_twin_state, t.rul_prediction, t.string_runtime, t.feature_store, t.incident, t.work_order)


@dataclass(frozen=True)
class Site:
    """A site as it is known. strings: ride-through and age of evidence, by code of the string."""

    place: Row
    jars: Sequence[Row]
    strings: Sequence[Row]
    evidence: dict[str, Row]
    incidents: Sequence[Row]


def site_named(warehouse: Warehouse, reader: Reader, site: str) -> Site | None:
    """A site that the reader sees; None where there is none. Raises PastNotKept."""
    if not reader.sees(site):
        return None
    with reader.reading(warehouse, *TABLES, sites=[site]) as connection:
        place = reader.rows(connection, _PLACE, site=site)
        if not place:
            return None
        evidence = reader.rows(connection, _EVIDENCE, site=site)
        strings = reader.rows(connection, _STRINGS, site=site)
        return Site(
            place[0],
            reader.rows(connection, _JARS, site=site),
            sorted(strings, key=lambda one: (one["ride_through_probability"] or 0, one["string_code"])),
            {one["string_code"]: one for one in evidence},
            reader.rows(connection, _INCIDENTS, site=site),
        )
