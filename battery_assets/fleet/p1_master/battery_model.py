"""Battery specifications: the catalogue and what sites brought."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.catalogues import replace_from_all_sources
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.battery_model))
def battery_model(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    from battery_assets.synthetic.catalogue import battery_models

    part = warehouse.claim(t.battery_model, context)
    return replace_from_all_sources(warehouse, landing, t.battery_model, part, battery_models(), context)
