"""Ohmic readings brought to 25 °C and set against the jar's baseline."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import jar_facts
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(
        t.impedance_measurement_calc,
        reads=[t.impedance_measurement_raw, t.battery, t.battery_model, t.string],
    )
)
def impedance_measurement_calc(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> dg.MaterializeResult:
    from battery_assets.features.credible.days import credible_rounds
    from battery_assets.features.health.impedance import impedance_results

    part = warehouse.claim(t.impedance_measurement_calc, context)
    measured = warehouse.read(t.impedance_measurement_raw, part).collect()
    jars = jar_facts(warehouse, part)
    credible, _ = credible_rounds(measured, jars)
    doubted = ~pl.col("measurement_id").is_in(credible["measurement_id"].to_list())
    without_doubt = measured.with_columns(
        pl.when(~doubted).then(pl.col("resistance_mohm")).alias("resistance_mohm")
    )
    return warehouse.replace(t.impedance_measurement_calc, part, impedance_results(without_doubt, jars))
