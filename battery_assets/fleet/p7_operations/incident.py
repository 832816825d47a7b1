"""Incidents: alerts that have one cause, grouped; each alert learns its incident in the same transaction."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.p7_operations.evidence import placed_jars
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(
        t.incident, reads=[t.alert, t.battery, t.battery_model, t.string, t.battery_system, t.location]
    )
)
def incident(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.operations.incidents import incidents

    part = warehouse.claim(t.incident, context, also=[t.alert])
    alerts = warehouse.read(t.alert, part).collect()
    rows, linked = incidents(alerts, placed_jars(warehouse, part), str(part.site), str(part.month))
    counts = dict(rows.group_by("severity").len().sort("severity").iter_rows())
    return warehouse.replace(t.incident, part, rows, also={t.alert: linked}, metadata={"by severity": counts})
