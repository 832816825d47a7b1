"""Jars in service with their newest state and life, as a part of statements.

The view `fleet.jar_health_now` looks for each jar through every month there is. A page has no time for
that: it asks the books first which months are the newest, and looks there alone.
"""

import sqlalchemy as sa

from battery_assets.actions.overview.reader import Reader

_NEWEST = sa.text("""
SELECT table_name, array_agg(DISTINCT month) AS months FROM (
    SELECT DISTINCT ON (site, table_name) site, table_name, month FROM platform.partition_version
    WHERE table_name IN ('digital_twin_state', 'rul_prediction', 'feature_store') AND rows > 0
      AND known_since <= platform.as_of() AND (:site = '' OR site = :site)
      AND (CAST(:sites AS text[]) IS NULL OR site = ANY (CAST(:sites AS text[])))
    ORDER BY site, table_name, month DESC) newest
GROUP BY table_name
""")
# A month that is the newest of one site may not be known yet of another.
JARS = """
WITH known AS MATERIALIZED (
    SELECT table_name, site, month, state FROM platform.partition_version
    WHERE known_since <= platform.as_of() AND (:site = '' OR site = :site)
      AND (table_name = 'digital_twin_state' AND month = ANY (CAST(:twin AS text[]))
           OR table_name = 'rul_prediction' AND month = ANY (CAST(:life AS text[]))
           OR table_name = 'feature_store' AND month = ANY (CAST(:features AS text[])))),
jars AS (
    SELECT b.site, b.battery_id, b.battery_code, b.string_id, s.string_code, b.position_in_string,
           twin.soh_pct, twin.fault, twin.evidence, twin.evidence_age_days, twin.captured_at,
           life.rul_days, life.rul_lower_ci_days, life.rul_upper_ci_days, life.failure_probability_90d,
           EXISTS (SELECT FROM known k WHERE k.state = 'stale' AND k.site = b.site
                   AND (k.table_name, k.month) IN (('digital_twin_state', twin.month), ('rul_prediction',
                       life.month)))
               AS stale
    FROM fleet.battery b JOIN fleet.string s USING (string_id)
    LEFT JOIN LATERAL (
        SELECT d.* FROM fleet.digital_twin_state d
        WHERE d.battery_id = b.battery_id AND d.month = ANY (CAST(:twin AS text[]))
          AND (d.site, d.month) IN (SELECT site, month FROM known WHERE table_name = 'digital_twin_state')
        ORDER BY d.captured_at DESC LIMIT 1) twin ON true
    LEFT JOIN LATERAL (
        SELECT p.* FROM fleet.rul_prediction p
        WHERE p.battery_id = b.battery_id AND p.month = ANY (CAST(:life AS text[]))
          AND (p.site, p.month) IN (SELECT site, month FROM known WHERE table_name = 'rul_prediction')
        ORDER BY p.predicted_at DESC LIMIT 1) life ON true
    WHERE (b.replaced_date IS NULL OR b.replaced_date > platform.as_of()::date)
      AND (b.installed_date IS NULL OR b.installed_date <= platform.as_of()::date)
      AND (:site = '' OR b.site = :site)
      AND (CAST(:sites AS text[]) IS NULL OR b.site = ANY (CAST(:sites AS text[]))))
"""
# The newest day of features of a row of `j`.
FEATURES = """
LEFT JOIN LATERAL (
    SELECT f.t_mean, f.v_mean, f.v_balance_mean, f.r_internal_baseline_pct FROM fleet.feature_store f
    WHERE f.battery_id = j.battery_id AND f.feature_window_hours = 24
        AND f.month = ANY (CAST(:features AS text[]))
      AND (f.site, f.month) IN (SELECT site, month FROM known WHERE table_name = 'feature_store')
    ORDER BY f.feature_ts DESC LIMIT 1) f ON true
"""


def of_jars(*parts: str) -> sa.TextClause:
    """A statement whose first parts are `known` and `jars`."""
    return sa.text("".join((JARS, *parts)))


def newest_months(connection: sa.Connection, reader: Reader, site: str = "") -> dict[str, list[str]]:
    """The months that JARS and FEATURES look at, by the name of their parameter."""
    months = {row["table_name"]: row["months"] for row in reader.rows(connection, _NEWEST, site=site)}
    names = {"twin": "digital_twin_state", "life": "rul_prediction", "features": "feature_store"}
    return {name: list(months.get(table, [])) for name, table in names.items()}
