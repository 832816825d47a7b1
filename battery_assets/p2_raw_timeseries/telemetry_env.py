"""Samples of environmental sensors."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.arrival import Landing, arrived
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse


@dg.asset(**materializes(t.telemetry_env, after=["environmental_sensor"]))
def telemetry_env(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_env, context)
    return arrived(warehouse, landing, t.telemetry_env, part)
