"""Samples of tests on cyclers, in one vocabulary: seconds, volts, amperes that charge when positive."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.sessions import points_by_day, sessions_of
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.timeseries_point, after=[t.battery_cell]))
def timeseries_point(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.timeseries_point, context)
    tests = sessions_of(warehouse, part, landing.root(str(part.site)))
    return warehouse.replace(t.timeseries_point, part, points_by_day(tests))
