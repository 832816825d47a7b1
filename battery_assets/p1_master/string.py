"""Battery strings."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.arrival import Landing, arrived
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse


@dg.asset(**materializes(t.string, after=["battery_system"]))
def string(context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing) -> dg.MaterializeResult:
    part = warehouse.claim(t.string, context)
    return arrived(warehouse, landing, t.string, part)
