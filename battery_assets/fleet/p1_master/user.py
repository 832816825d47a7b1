"""People who use the system."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.catalogues import replace_from_all_sources
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.user))
def user(context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing) -> dg.MaterializeResult:
    from battery_assets.synthetic.catalogue import users

    part = warehouse.claim(t.user, context)
    return replace_from_all_sources(warehouse, landing, t.user, part, users(), context)
