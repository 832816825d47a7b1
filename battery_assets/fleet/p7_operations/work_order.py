"""Work orders: what people have to do about the incidents, and by when, until it is done."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.jars import last_made
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(t.work_order, reads=[t.incident, t.maintenance_event, t.user], month_before=[t.work_order])
)
def work_order(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.operations.work_orders import work_orders

    part = warehouse.claim(t.work_order, context)
    incidents = warehouse.read(t.incident, part).collect()
    users = warehouse.read(t.user).collect()
    before = warehouse.read(t.work_order, last_made(warehouse, t.work_order, part)).collect()
    work = warehouse.read(t.maintenance_event, part).collect()
    rows = work_orders(incidents, users, before, work)
    counts = dict(rows.group_by("status").len().sort("status").iter_rows())
    return warehouse.replace(t.work_order, part, rows, metadata={"by status": counts})
