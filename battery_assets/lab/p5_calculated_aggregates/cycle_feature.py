"""Features of every cycle: what it moved, the shape of its discharge, the fade so far."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.lives import month_tests, points_by_test, points_of
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty


@dg.asset(
    **materializes(
        t.cycle_feature, reads=[t.timeseries_point, t.test_session, t.battery_cell], after=[t.cycle]
    )
)
def cycle_feature(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.lab.labels import EndOfLife
    from battery_assets.features.lab.pictures import capacity_by_cycle, dqdv_waterfall
    from battery_assets.features.lab.tables import feature_table, incremental_curves

    part = warehouse.claim(t.cycle_feature, context)
    tests = month_tests(warehouse, part)
    rows, longest = [empty(t.cycle_feature)], None
    for _, began in points_by_test(warehouse, part, tests):
        for test, frame in began:
            points = points_of(frame)
            rows.append(feature_table(test, points).select(rows[0].columns))
            if longest is None or rows[-1].height > longest[0]:
                longest = rows[-1].height, test["cell_code"], incremental_curves(test, points)
    features = pl.concat(rows, how="vertical_relaxed")
    shown = {}
    if longest:
        codes = {row["session_id"]: row["cell_code"] for row in tests.values()}
        nominal = {row["cell_code"]: row["nominal_capacity_ah"] for row in tests.values()}
        ends = sorted(EndOfLife.at(row["end_of_life_pct"]).capacity_share for row in tests.values())
        usual = ends[len(ends) // 2]
        shown["capacity by cycle"] = picture(capacity_by_cycle(features, codes, nominal, usual))
        shown["dQ/dV by cycle"] = picture(dqdv_waterfall(longest[1], *longest[2]))
    return warehouse.replace(t.cycle_feature, part, features, metadata=shown)
