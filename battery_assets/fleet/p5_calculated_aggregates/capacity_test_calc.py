"""Capacity that each discharge test measured, and its verdict."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.jars import jar_facts, jars_per_string, rated_ah
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(t.capacity_test_calc, reads=[t.capacity_test_raw, t.battery, t.battery_model, t.string])
)
def capacity_test_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.health.capacity import capacity_results

    part = warehouse.claim(t.capacity_test_calc, context)
    tests = warehouse.read(t.capacity_test_raw, part).collect()
    jars = jar_facts(warehouse, part)
    captures = {
        test["test_id"]: warehouse.capture(test["raw_data_url"])
        for test in tests.to_dicts()
        if warehouse.has_capture(test["raw_data_url"])
    }
    results = capacity_results(tests, rated_ah(jars), jars_per_string(jars), captures)
    return warehouse.replace(t.capacity_test_calc, part, results)
