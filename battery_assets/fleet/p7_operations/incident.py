"""Incidents: one for each fault, continued from the month before; each alert learns its incident with it."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import last_made
from battery_assets.fleet.p7_operations.evidence import placed_jars
from battery_assets.fleet.p7_operations.news import alert_events, incident_events
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.outbox.events import Event, is_news
from battery_assets.platform.outbox.kinds import INCIDENT_OPENED, INCIDENT_RESOLVED
from battery_assets.platform.outbox.turns import turns
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(
        t.incident,
        reads=[
            t.alert,
            t.feature_store,
            t.maintenance_event,
            t.battery,
            t.battery_model,
            t.string,
            t.battery_system,
            t.location,
        ],
        # Alerts are read of the month before too, but each run writes them twice, without and with incidents:
        # as history they would make the next month stale every time, and that one the month after it.
        month_before=[t.incident, t.maintenance_event],
    )
)
def incident(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.operations.fault_lives import Month
    from battery_assets.features.operations.incidents import incidents

    part = warehouse.claim(t.incident, context, also=[t.alert])
    before = last_made(warehouse, t.incident, part)
    daily = t.feature_store.c.feature_window_hours == 24
    with_data = warehouse.read(t.feature_store, part, ["battery_id"], where=daily).collect()
    work = [warehouse.read(t.maintenance_event, one).collect() for one in (before, part)]
    month = Month(
        site=str(part.site),
        jars=placed_jars(warehouse, part),
        start=part.start,
        end=part.end,
        before=warehouse.read(t.incident, before).collect(),
        alerts_before=warehouse.read(t.alert, before).collect(),
        work=pl.concat(work),
        systems=warehouse.read(t.battery_system, part, ["system_id", "system_code"]).collect(),
        with_data=with_data["battery_id"].unique(),
    )
    rows, linked = incidents(warehouse.read(t.alert, part).collect(), month)
    states = dict(rows.group_by("status").len().sort("status").iter_rows())
    causes = rows.filter(pl.col("status") == "open").group_by("rca_code").len().sort("rca_code")
    shown = {"by status": states, "open by cause": dict(causes.iter_rows())}
    news: list[Event] = []
    if is_news(part.end):
        with warehouse.reading() as connection:
            turned = turns(connection, INCIDENT_OPENED, INCIDENT_RESOLVED, month.site)
        news = [*incident_events(rows, month, turned), *alert_events(linked, month.site)]
    return warehouse.replace(t.incident, part, rows, also={t.alert: linked}, metadata=shown, events=news)
