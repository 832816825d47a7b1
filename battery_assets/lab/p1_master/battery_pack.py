"""Packs that cells under test belong to."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.sessions import packs_of
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.battery_pack))
def battery_pack(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.battery_pack, context)
    return warehouse.replace(t.battery_pack, part, packs_of(warehouse, part))
