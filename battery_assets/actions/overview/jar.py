"""A jar: what was measured of it, what is estimated, when it will fail and why, and what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.platform.warehouse.resource import Warehouse

_JAR = sa.text("""
SELECT b.battery_id, b.site, b.battery_code, b.serial_number, b.position_in_string, b.installed_date,
       b.replaced_date,
       b.status, s.string_code, y.system_code, y.system_type, m.model_name, m.manufacturer, m.chemistry,
           m.capacity_ah,
       m.float_voltage_min_v, m.float_voltage_max_v, b.string_id, b.initial_resistance_mohm
FROM fleet.battery b JOIN fleet.string s USING (string_id)
LEFT JOIN fleet.battery_system y USING (system_id) LEFT JOIN fleet.battery_model m USING (model_id)
WHERE b.battery_code = :name ORDER BY b.replaced_date NULLS FIRST LIMIT 1
""")
_DAYS = sa.text("""
SELECT f.feature_ts AS at, f.v_mean, f.v_min, f.v_max, f.v_balance_mean, f.t_mean, f.t_max,
       f.r_internal_latest,
       f.r_internal_baseline_pct, f.discharge_cycles_count
FROM fleet.feature_store f
JOIN platform.partition_version known
  ON known.table_name = 'feature_store' AND known.site = f.site AND known.month = f.month
 AND known.known_since <= platform.as_of()
WHERE f.battery_id = :jar AND f.feature_window_hours = 24 ORDER BY f.feature_ts
""")
_STATES = sa.text("""
SELECT d.captured_at AS at, d.soh_pct, d.soh_lower_pct, d.soh_upper_pct, d.r0_mohm, d.evidence,
       d.evidence_age_days,
       d.fault, d.wear_out_days, d.wear_out_lower_days, d.wear_out_upper_days
FROM fleet.digital_twin_state d
JOIN platform.partition_version known
  ON known.table_name = 'digital_twin_state' AND known.site = d.site AND known.month = d.month
 AND known.known_since <= platform.as_of()
WHERE d.battery_id = :jar ORDER BY d.captured_at
""")
_LIVES = sa.text("""
SELECT p.predicted_at AS at, p.rul_days, p.rul_lower_ci_days, p.rul_upper_ci_days, p.failure_probability_30d,
       p.failure_probability_90d, p.failure_probability_365d, p.source, p.explanation_json,
           m.version AS model_version
FROM fleet.rul_prediction p
JOIN platform.partition_version known
  ON known.table_name = 'rul_prediction' AND known.site = p.site AND known.month = p.month
 AND known.known_since <= platform.as_of()
LEFT JOIN ml.ml_model m ON m.model_id = p.model_id
WHERE p.battery_id = :jar ORDER BY p.predicted_at
""")
# What happened: alerts once each however many months they held, incidents, visits, readings, tests of its
# string.
_EVENTS = sa.text("""
SELECT * FROM (
    SELECT min(a.triggered_at) AS at, 'alert' AS kind, a.severity::text AS severity,
           replace(a.alert_type, '_', ' ') AS title, (array_agg(a.message ORDER BY a.month DESC))[1] AS words,
           i.incident_code AS link
    FROM fleet.alert a JOIN platform.partition_version known
      ON known.table_name = 'alert' AND known.site = a.site AND known.month = a.month
     AND known.known_since <= platform.as_of()
    LEFT JOIN fleet.incident i USING (incident_id)
    WHERE a.battery_id = :jar GROUP BY a.alert_type, a.severity, i.incident_code
    UNION ALL
    SELECT coalesce(m.completed_date, m.scheduled_date), 'maintenance', NULL, replace(m.event_type, '_',
           ' '), m.notes, NULL
    FROM fleet.maintenance_event m JOIN platform.partition_version known
      ON known.table_name = 'maintenance_event' AND known.site = m.site AND known.month = m.month
     AND known.known_since <= platform.as_of()
    WHERE m.battery_id = :jar
    UNION ALL
    SELECT c.test_date, 'test', c_.pass_fail::text, replace(c.test_type, '_', ' '),
           'of the string: ' || c_.capacity_pct_of_rated || ' % of rated', NULL
    FROM fleet.capacity_test_raw c JOIN platform.partition_version known
      ON known.table_name = 'capacity_test_raw' AND known.site = c.site AND known.month = c.month
     AND known.known_since <= platform.as_of()
    LEFT JOIN fleet.capacity_test_calc c_ USING (test_id)
    WHERE c.string_id = :string AND c.test_type <> 'impedance_sweep'
) happened WHERE at IS NOT NULL ORDER BY at DESC LIMIT 60
""")
_READINGS = sa.text("""
SELECT r.measured_at AS at, c.temp_corrected_resistance_mohm, c.baseline_pct
FROM fleet.impedance_measurement_raw r
JOIN platform.partition_version known
  ON known.table_name = 'impedance_measurement_raw' AND known.site = r.site AND known.month = r.month
 AND known.known_since <= platform.as_of()
LEFT JOIN fleet.impedance_measurement_calc c USING (measurement_id)
WHERE r.battery_id = :jar ORDER BY r.measured_at
""")
_INCIDENTS = sa.text("""
SELECT DISTINCT i.incident_code, i.severity, i.title, i.status, i.created_at, u.name AS responsible
FROM fleet.incident i LEFT JOIN fleet."user" u ON u.user_id = i.assigned_to
WHERE i.status IN ('open', 'investigating') AND (i.battery_id = :jar OR i.incident_id IN (
    SELECT incident_id FROM fleet.alert WHERE battery_id = :jar))
ORDER BY i.created_at DESC
""")
TABLES = (t.digital_twin_state, t.rul_prediction, t.feature_store, t.alert, t.incident, t.maintenance_event)


@dataclass(frozen=True)
class Jar:
    """A jar as it is known. days, states, lives, readings: oldest first; events: newest first."""

    facts: Row
    days: Sequence[Row]
    states: Sequence[Row]
    lives: Sequence[Row]
    readings: Sequence[Row]
    events: Sequence[Row]
    incidents: Sequence[Row]


def jar_named(warehouse: Warehouse, reader: Reader, name: str) -> Jar | None:
    """A jar by its code; None where the reader sees none of that name. Raises PastNotKept."""
    with warehouse.reading() as connection:
        rows = reader.rows(connection, _JAR, name=name)
    if not rows or not reader.sees(rows[0]["site"]):
        return None
    facts = rows[0]
    jar = {"jar": facts["battery_id"]}
    with reader.reading(warehouse, *TABLES, sites=[facts["site"]]) as connection:
        return Jar(
            facts,
            reader.rows(connection, _DAYS, **jar),
            reader.rows(connection, _STATES, **jar),
            reader.rows(connection, _LIVES, **jar),
            reader.rows(connection, _READINGS, **jar),
            reader.rows(connection, _EVENTS, **jar, string=facts["string_id"]),
            reader.rows(connection, _INCIDENTS, **jar),
        )
