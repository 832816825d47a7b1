"""Features of every jar over 1, 24 and 168 hours, in one streaming pass over the days of a month."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import jar_facts, site_history
from battery_assets.platform.assets import materializes
from battery_assets.platform.days import together
from battery_assets.platform.metadata import picture
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.windows import TelemetryDay

JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]


@dg.asset(
    **materializes(
        t.feature_store,
        reads=[
            t.telemetry_jar_raw,
            t.telemetry_string_raw,
            t.telemetry_string_calc,
            t.telemetry_env,
            t.battery,
            t.battery_model,
            t.string,
        ],
        history=[t.impedance_measurement_raw],
        history_months=12,
    )
)
def feature_store(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.pictures import voltage_heat_map
    from battery_assets.features.windows import feature_rows

    part = warehouse.claim(t.feature_store, context)
    jars = jar_facts(warehouse, part)
    rounds = site_history(warehouse, t.impedance_measurement_raw, part, 12)
    rows = feature_rows(_days(warehouse, part), jars, rounds)
    shown = {}
    if rows.height:
        shown["voltages"] = picture(voltage_heat_map(rows.filter(pl.col("feature_window_hours") == 1), jars))
    return warehouse.replace(t.feature_store, part, rows, metadata=shown)


def _days(warehouse: Warehouse, part: Part) -> Iterator["TelemetryDay"]:
    from battery_assets.features.windows import TelemetryDay

    wanted = {
        t.telemetry_jar_raw: JAR_COLUMNS,
        t.telemetry_string_raw: None,
        t.telemetry_string_calc: None,
        t.telemetry_env: None,
    }
    return (TelemetryDay(day, *frames) for day, frames in together(warehouse, part, wanted))
