"""Capacity that each discharge test measured, and its verdict."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.jars import capacity_tests, jar_facts
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import polars_schema


@dg.asset(
    **materializes(
        t.capacity_test_calc,
        reads=[t.capacity_test_raw, t.telemetry_string_raw, t.battery, t.battery_model, t.string],
    )
)
def capacity_test_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.capacity_test_calc, context)
    tests = capacity_tests(warehouse, part, jar_facts(warehouse, part))
    results = tests.select(*polars_schema(t.capacity_test_calc))
    return warehouse.replace(t.capacity_test_calc, part, results)
