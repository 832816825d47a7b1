"""Alerts of the month: thresholds that are data, on evidence of hours, with persistence and hysteresis."""

from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.p7_operations.evidence import alert_inputs
from battery_assets.platform.dagster.assets import Reads, materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.whole_months import reduce_month
from battery_assets.platform.warehouse.resource import Warehouse

READS: Reads = {
    "reads": [
        t.telemetry_jar_raw,
        t.telemetry_string_raw,
        t.telemetry_env,
        t.feature_store,
        t.digital_twin_state,
        t.rul_prediction,
        t.battery,
        t.battery_model,
        t.string,
        t.battery_system,
        t.location,
        t.environmental_sensor,
    ],
    "history": [t.impedance_measurement_raw, t.impedance_measurement_calc, t.capacity_test_raw],
    "history_months": 12,
    "month_before": [t.telemetry_jar_raw, t.telemetry_string_raw, t.telemetry_env, t.feature_store],
}


@dg.asset(**materializes(t.alert, **READS))
def alert(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.pictures.fleet import alerts_timeline

    part = warehouse.claim(t.alert, context)
    kept = reduce_month(warehouse, t.alert, part, READS, partial(_raised, warehouse, part), by=__name__)
    rows = kept["rows"]
    counts = dict(rows.group_by("severity").len().sort("severity").iter_rows())
    still = dict(rows.filter(pl.col("resolved_at").is_null()).group_by("severity").len().iter_rows())
    levels = t.alert.c.severity.info["values"]
    shown: dict[str, Any] = {
        **{f"open alerts, {severity}": still.get(severity, 0) for severity in levels},
        "by severity": counts,
        "rules without evidence": kept["without_evidence"]["rule"].to_list(),
    }
    if rows.height:
        spans = rows.select("alert_type", "severity", "triggered_at", "resolved_at")
        shown |= keep_picture(
            warehouse, part, "alerts", digest(spans), lambda: alerts_timeline(spans), by=__name__
        )
    return warehouse.replace(t.alert, part, rows, metadata=shown)


def _raised(warehouse: Warehouse, part: Part) -> dict[str, pl.DataFrame]:
    """The month's alerts, and the rules that had no evidence."""
    from battery_assets.features.operations.alert_rules import thresholds
    from battery_assets.features.operations.alert_signals import signals
    from battery_assets.features.operations.alerts import alerts, not_evaluated

    inputs, rules = alert_inputs(warehouse, part), thresholds()
    by_rule = signals(inputs)
    missing = pl.Series("rule", not_evaluated(inputs, rules, by_rule), pl.String)
    return {"rows": alerts(inputs, rules, by_rule), "without_evidence": missing.to_frame()}
