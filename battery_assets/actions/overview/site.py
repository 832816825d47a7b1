"""A site: every jar by its place in its string, what each string will carry, and how old the evidence is."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.overview.jars import FEATURES, newest_months, of_jars
from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.platform.warehouse.resource import Warehouse

_PLACE = sa.text("""
SELECT s.site, p.location_code, p.location_name, p.city, p.timezone,
       (SELECT max(v.month) FROM platform.partition_version v
        WHERE v.site = s.site AND v.table_name = 'digital_twin_state' AND v.rows > 0
          AND v.known_since <= platform.as_of()) AS month
FROM platform.site s LEFT JOIN fleet.location p USING (site)
WHERE s.site = :site ORDER BY p.location_code LIMIT 1
""")
_JARS = of_jars(
    """
SELECT j.string_code, j.battery_code, j.position_in_string, j.soh_pct, j.fault, j.stale,
       j.failure_probability_90d,
       j.evidence, j.evidence_age_days, f.r_internal_baseline_pct, f.t_mean, f.v_balance_mean
FROM jars j
""",
    FEATURES,
    "ORDER BY j.string_code, j.position_in_string, j.battery_code",
)
_STRINGS = sa.text("""
SELECT DISTINCT ON (string_id) string_code, system_type, load_basis, load_kind, load_w, load_current_a,
       required_min, runtime_min, runtime_lower_min, runtime_upper_min, ride_through_probability, weakest_jar,
       weakest_probability, repair_gain_min, limited_by, load_lost_days, change_first, note, captured_at,
       load_measured_at, jars_assumed, stale
FROM fleet.string_runtime_now WHERE site = :site
ORDER BY string_id, array_position(
    ARRAY['measured_load', 'system_rating', 'rated_15min', 'rated_1h'], load_basis::text)
""")
_POWER = sa.text("""
SELECT string_code, power FROM experiments.detection_power
WHERE site = :site AND days = 7 AND loss = 0.1 AND seen_until <= platform.as_of()
""")
_INCIDENTS = sa.text("""
SELECT i.incident_code, i.severity, i.title, i.status, i.created_at, i.age_days, i.acknowledged_at,
       i.due_date, i.overdue, i.work_order, u.name AS responsible
FROM (SELECT *, row_number() OVER () AS place FROM fleet.open_incidents WHERE site = :site) i
LEFT JOIN fleet."user" u ON u.user_id = i.assigned_to ORDER BY i.place
""")
TABLES = (t.digital_twin_state, t.rul_prediction, t.string_runtime, t.feature_store, t.incident, t.work_order)


@dataclass(frozen=True)
class Evidence:
    """What the health of a string's jars rests on: its usual age in days, and how many were not measured."""

    jars: int
    tested: int
    by_age_alone: int
    usual_days: float | None


@dataclass(frozen=True)
class Site:
    """A site as it is known. evidence: by code of the string.

    power: by code of the string, the probability that a week shows 10 % of a capacitor's loss.
    """

    place: Row
    jars: Sequence[Row]
    strings: Sequence[Row]
    evidence: dict[str, Evidence]
    incidents: Sequence[Row]
    power: dict[str, float]


def site_named(warehouse: Warehouse, reader: Reader, site: str) -> Site | None:
    """A site that the reader sees; None where there is none. Raises PastNotKept."""
    if not reader.sees(site):
        return None
    with reader.reading(warehouse, *TABLES, sites=[site]) as connection:
        place = reader.rows(connection, _PLACE, site=site)
        if not place:
            return None
        jars = reader.rows(connection, _JARS, site=site, **newest_months(connection, reader, site))
        strings = reader.rows(connection, _STRINGS, site=site)
        return Site(
            place[0],
            jars,
            sorted(strings, key=lambda one: (one["ride_through_probability"] or 0, one["string_code"])),
            evidence_of(jars),
            reader.rows(connection, _INCIDENTS, site=site),
            {one["string_code"]: one["power"] for one in reader.rows(connection, _POWER, site=site)},
        )


def evidence_of(jars: Sequence[Row]) -> dict[str, Evidence]:
    """How old what is known of each string's jars is. jars: rows with evidence and its age, by string."""
    by_string: dict[str, list[Row]] = {}
    for row in jars:
        by_string.setdefault(row["string_code"], []).append(row)
    return {
        string: Evidence(
            len(rows),
            sum("capacity_test" in (row["evidence"] or "") for row in rows),
            sum((row["evidence"] or "age") == "age" for row in rows),
            _usual([float(row["evidence_age_days"]) for row in rows if row["evidence_age_days"] is not None]),
        )
        for string, rows in by_string.items()
    }


def _usual(ages: list[float]) -> float | None:
    return median(ages) if ages else None
