"""People who use the system."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.catalogues import arrived_everywhere
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.user))
def user(context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing) -> dg.MaterializeResult:
    from battery_assets.synthetic.catalogue import users

    part = warehouse.claim(t.user, context)
    return arrived_everywhere(warehouse, landing, t.user, part, users())
