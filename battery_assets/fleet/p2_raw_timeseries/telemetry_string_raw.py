"""Samples of strings, as the monitor sent them."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.telemetry_string_raw, after=[t.string]))
def telemetry_string_raw(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_string_raw, context)
    return replace_from_source(warehouse, landing, t.telemetry_string_raw, part)
