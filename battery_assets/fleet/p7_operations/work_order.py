"""Work orders: what people have to do about the month's incidents, and by when."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.work_order, reads=[t.incident, t.user]))
def work_order(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.operations.work_orders import work_orders

    part = warehouse.claim(t.work_order, context)
    incidents = warehouse.read(t.incident, part).collect()
    users = warehouse.read(t.user).collect()
    rows = work_orders(incidents, users)
    counts = dict(rows.group_by("priority").len().sort("priority").iter_rows())
    return warehouse.replace(t.work_order, part, rows, metadata={"by priority": counts})
