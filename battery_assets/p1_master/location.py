"""Data-centre sites."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.arrival import Landing, arrived
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse


@dg.asset(**materializes(t.location))
def location(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.location, context)
    return arrived(warehouse, landing, t.location, part)
