"""Charge and discharge cycles of tests: what each moved, and whether its discharge shows a capacity."""

from typing import Any

import dagster as dg
import numpy as np
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
            tell_unreached(context.log, test, rows[-1], points.voltage_v)
    cycles = pl.concat(rows, how="vertical_relaxed")
    shown: dict[str, Any] = {"cycles without a capacity": cycles["no_capacity"].drop_nulls().len()}
    if longest:
        shown["voltage by cycle"] = picture(discharge_picture(longest[1], *longest[2]))
    return warehouse.replace(t.cycle, part, cycles, metadata=shown)


def tell_unreached(
    log: dg.DagsterLogManager, test: dict[str, Any], cycles: pl.DataFrame, voltage_v: np.ndarray
) -> None:
    """Warn of a test of which no discharge reached the cut-off: it is probably not the protocol's."""
    why = cycles["no_capacity"].drop_nulls()
    whole = cycles["discharge_capacity_ah"].drop_nulls().len()
    if whole or not why.len() or (why != "not to the cut-off").any():
        return
    log.warning(
        f"{test['cell_code']}: no discharge reached {test['cutoff_v']:g} V, the lowest voltage is "
        f"{float(np.nanmin(voltage_v)):g} V, so that no cycle has a capacity; next step: correct "
        "cutoff_voltage_v in its cell.json, or import its files again with --cutoff-v"
    )
