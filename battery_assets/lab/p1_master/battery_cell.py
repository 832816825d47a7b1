"""Cells under test."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.sessions import cells_of
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.battery_cell, after=[t.battery_pack]))
def battery_cell(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.battery_cell, context)
    return warehouse.replace(t.battery_cell, part, cells_of(warehouse, part, landing.root(str(part.site))))
