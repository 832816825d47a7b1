"""Discharge tests as they were run."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.capacity_test_raw, after=[t.string, t.maintenance_event]))
def capacity_test_raw(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.capacity_test_raw, context)
    return replace_from_source(warehouse, landing, t.capacity_test_raw, part)
