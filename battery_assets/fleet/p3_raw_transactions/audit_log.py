"""Who did what."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.audit_log, after=[t.user]))
def audit_log(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.audit_log, context)
    return replace_from_source(warehouse, landing, t.audit_log, part)
