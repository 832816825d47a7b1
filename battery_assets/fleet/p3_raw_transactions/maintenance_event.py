"""Maintenance, planned and unplanned."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.maintenance_event, after=[t.location, t.battery, t.user]))
def maintenance_event(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.maintenance_event, context)
    return replace_from_source(warehouse, landing, t.maintenance_event, part)
