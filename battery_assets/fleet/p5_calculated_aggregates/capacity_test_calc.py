"""Capacity that each discharge test measured, and its verdict."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.doubted_tests import tests_doubted
from battery_assets.fleet.jars import jar_facts, jars_per_string, rated_ah
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(
        t.capacity_test_calc,
        reads=[t.capacity_test_raw, t.telemetry_string_raw, t.battery, t.battery_model, t.string],
    )
)
def capacity_test_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.health.capacity import capacity_results
    from battery_assets.features.samples.blocks import cells_of

    part = warehouse.claim(t.capacity_test_calc, context)
    tests = warehouse.read(t.capacity_test_raw, part).collect()
    jars = jar_facts(warehouse, part)
    captures = {
        test["test_id"]: warehouse.capture(test["raw_data_url"])
        for test in tests.to_dicts()
        if warehouse.has_capture(test["raw_data_url"])
    }
    sizes = rated_ah(jars), jars_per_string(jars)
    results = capacity_results(tests, *sizes, captures, cells_of(jars, "string_id"))
    doubted = pl.col("test_id").is_in(
        tests_doubted(warehouse, part, tests, jars, *sizes)["test_id"].to_list()
    )
    verdict = pl.when(~doubted).then(pl.col("capacity_pct_of_rated", "pass_fail"))
    return warehouse.replace(t.capacity_test_calc, part, results.with_columns(verdict))
