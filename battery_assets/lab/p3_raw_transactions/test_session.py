"""Tests of cells: protocol, equipment, conditions, and what became of the rows of their files."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.sessions import session_rows
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse

INSTANT = pl.Datetime("us", "UTC")


@dg.asset(**materializes(t.test_session, reads=[t.timeseries_point], after=[t.battery_cell]))
def test_session(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.test_session, context)
    ends = [pl.DataFrame(schema={"session_id": pl.String, "ended_at": INSTANT, "points_count": pl.UInt32})]
    for _, rows in warehouse.pieces(t.timeseries_point, part, ["ts", "session_id"]):
        of_test = rows.with_columns(pl.col("session_id").cast(pl.String)).group_by("session_id")
        ends.append(of_test.agg(pl.col("ts").max().alias("ended_at"), pl.len().alias("points_count")))
    return warehouse.replace(t.test_session, part, session_rows(warehouse, part, pl.concat(ends)))
