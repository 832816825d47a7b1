"""Data by consequence: which alerts cannot be raised today, at which site, and what is missing for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from battery_assets.actions.overview.reader import Reader, Row
from battery_assets.platform.warehouse.resource import Warehouse

# A gateway's nightly file may be late by a night; three nights are an outage: as notifications say.
LATE_AFTER = timedelta(days=3)
JAR, STRING, ROOM = "telemetry_jar_raw", "telemetry_string_raw", "telemetry_env"
FEATURES, TWIN, LIFE, ALERT = "feature_store", "digital_twin_state", "rul_prediction", "alert"
# What each kind of alert is judged by: tables, and of a table the column without which it says nothing.
RESTS_ON: dict[str, tuple[tuple[str, str], ...]] = {
    "voltage_low": ((JAR, "voltage_v"), (STRING, "current_a"), (FEATURES, "v_mean")),
    "voltage_high": ((JAR, "voltage_v"), (STRING, "current_a"), (FEATURES, "v_mean")),
    "temperature_high": ((JAR, "temperature_c"), (ROOM, "temperature_c"), (FEATURES, "t_mean")),
    "current_high": ((STRING, "current_a"),),
    "ripple_high": ((STRING, "ripple_voltage_rms_v"), (STRING, "ripple_current_rms_a")),
    "resistance_drift": ((JAR, "resistance_mohm"), (FEATURES, "r_internal_latest")),
    "soh_degraded": ((TWIN, "soh_pct"),),
    "rul_warning": ((LIFE, "rul_days"),),
    "rul_critical": ((LIFE, "rul_days"),),
    "anomaly_detected": ((FEATURES, "v_mean"),),
    "data_quality": ((JAR, "voltage_v"), (STRING, "voltage_v")),
}
SHOWN = (JAR, STRING, ROOM, FEATURES, TWIN, LIFE, "string_runtime", ALERT, "incident", "work_order")
RAW = (JAR, STRING, ROOM)

_PARTITIONS = sa.text("""
SELECT DISTINCT ON (v.site, v.table_name) v.site, v.table_name, v.month, v.rows, v.state, v.committed_at,
       v.run_id,
       (v.profile #>> '{columns,ts,max}')::timestamptz AS newest,
       (SELECT array_agg(one.key) FROM jsonb_each(v.profile -> 'columns') one
        WHERE v.rows > 0 AND (one.value ->> 'nulls')::bigint = v.rows) AS empty_columns
FROM platform.partition_version v JOIN platform.site s USING (site)
WHERE v.table_name = ANY (:tables) AND v.version IS NOT NULL AND v.known_since <= platform.as_of()
  AND (v.rows > 0 OR NOT v.table_name = ANY (:raw))
  AND (CAST(:sites AS text[]) IS NULL OR v.site = ANY (CAST(:sites AS text[])))
ORDER BY v.site, v.table_name, v.month DESC
""")
_SITES = sa.text("""
SELECT site, source FROM platform.site
WHERE source NOT LIKE 'lab%' AND (CAST(:sites AS text[]) IS NULL OR site = ANY (CAST(:sites AS text[])))
ORDER BY site
""")
_UNSUPERVISED = sa.text("""
SELECT site, string_code, battery_code, triggered_at, message, incident_code FROM fleet.open_alerts
WHERE alert_type = 'data_quality' AND severity IN ('critical', 'warning')
  AND (CAST(:sites AS text[]) IS NULL OR site = ANY (CAST(:sites AS text[])))
ORDER BY array_position(ARRAY['critical', 'warning'], severity::text), site, triggered_at LIMIT 100
""")
_QUARANTINED = sa.text("""
SELECT f.site, f.month, f.table_name, sum(f.rows_read)::bigint AS read,
       sum(f.rows_quarantined)::bigint AS refused
FROM platform.ingest_file f
WHERE CAST(:sites AS text[]) IS NULL OR f.site = ANY (CAST(:sites AS text[]))
GROUP BY 1, 2, 3 HAVING sum(f.rows_quarantined) > 0
ORDER BY sum(f.rows_quarantined)::float / nullif(sum(f.rows_read), 0) DESC LIMIT 20
""")
_STALE = sa.text("""
SELECT site, month, tables FROM fleet.stale_months
WHERE CAST(:sites AS text[]) IS NULL OR site = ANY (CAST(:sites AS text[])) ORDER BY month DESC, site LIMIT 50
""")


@dataclass
class SiteData:
    """The newest partition of each table of a site, and the alerts that it cannot raise: kind and why."""

    site: str
    source: str
    newest: datetime | None = None
    partitions: dict[str, Row] = field(default_factory=dict)
    blind: dict[str, list[str]] = field(default_factory=dict)
    late: timedelta | None = None


@dataclass(frozen=True)
class Data:
    """Sites, strings and jars that nobody watches, files with refused rows, months to be made again."""

    sites: Sequence[SiteData]
    unsupervised: Sequence[Row]
    quarantined: Sequence[Row]
    stale: Sequence[Row]


def data(warehouse: Warehouse, reader: Reader) -> Data:
    """The state of every site's data, by what it keeps us from seeing."""
    with reader.reading(warehouse) as connection:
        sites = {row["site"]: SiteData(row["site"], row["source"]) for row in reader.rows(connection, _SITES)}
        for row in reader.rows(connection, _PARTITIONS, tables=list(SHOWN), raw=list(RAW)):
            if row["site"] in sites:
                sites[row["site"]].partitions[row["table_name"]] = row
        consequences = Data(
            list(sites.values()),
            reader.rows(connection, _UNSUPERVISED),
            reader.rows(connection, _QUARANTINED),
            reader.rows(connection, _STALE),
        )
    for one in consequences.sites:
        judge(one, reader.now)
    consequences.sites.sort(key=lambda one: (-len(one.blind), one.site))  # type: ignore[attr-defined]
    return consequences


def judge(at: SiteData, now: datetime) -> None:
    """Say of each kind of alert why it cannot be raised: it is blind with the first thing that it lacks."""
    instants = [row["newest"] for name, row in at.partitions.items() if name in RAW and row["newest"]]
    at.newest = max(instants, default=None)
    at.late = now - at.newest if at.newest is not None and now - at.newest > LATE_AFTER else None
    for kind, needs in RESTS_ON.items():
        why = list(dict.fromkeys(filter(None, (_lacks(at, table, column) for table, column in needs))))
        if at.late is not None:
            why.append(f"no reading for {at.late.days} days")
        elif not why:
            why = _not_judged(at)
        if why:
            at.blind[kind] = why


def _lacks(at: SiteData, table: str, column: str) -> str | None:
    row = at.partitions.get(table)
    if row is None:
        return f"{table} has no data"
    if column in (row["empty_columns"] or ()):
        return f"{table}.{column} is empty in {row['month']}"
    if row["month"] < max((one["month"] for name, one in at.partitions.items() if name in RAW), default=""):
        return f"{table} ends with {row['month']}"
    return f"{table} {row['month']} is to be made again" if row["state"] == "stale" else None


def _not_judged(at: SiteData) -> list[str]:
    """Why data that are there were not looked at: the alerts are older than they are."""
    alert = at.partitions.get(ALERT)
    if alert is None:
        return ["alerts were never computed"]
    raw = [at.partitions[name] for name in RAW if name in at.partitions]
    later = [
        row for row in raw if (row["month"], row["committed_at"]) > (alert["month"], alert["committed_at"])
    ]
    return [f"alerts are older than {later[0]['table_name']} {later[0]['month']}"] if later else []
