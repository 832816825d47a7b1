"""UPS and rectifier systems."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.battery_system, after=[t.location]))
def battery_system(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.battery_system, context)
    return replace_from_source(warehouse, landing, t.battery_system, part)
