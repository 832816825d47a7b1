"""Charge and discharge cycles of tests, told from current alone."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.lives import month_tests, points_by_test, points_of
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty


@dg.asset(**materializes(t.cycle, reads=[t.timeseries_point, t.test_session, t.battery_cell]))
def cycle(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.lab.pictures import discharge_picture
    from battery_assets.features.lab.tables import cycle_table, voltage_curves

    part = warehouse.claim(t.cycle, context)
    rows, longest = [empty(t.cycle)], None
    for _, tests in points_by_test(warehouse, part, month_tests(warehouse, part)):
        for test, frame in tests:
            points = points_of(frame)
            rows.append(cycle_table(test, points, frame["ts"][0]).select(rows[0].columns))
            if longest is None or rows[-1].height > longest[0]:
                longest = rows[-1].height, test["cell_code"], voltage_curves(test, points)
    shown = {"voltage by cycle": picture(discharge_picture(longest[1], *longest[2]))} if longest else {}
    return warehouse.replace(t.cycle, part, pl.concat(rows, how="vertical_relaxed"), metadata=shown)
