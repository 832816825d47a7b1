"""Ohmic readings brought to 25 °C and set against the jar's baseline."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.impedance_measurement_calc, reads=[t.impedance_measurement_raw, t.battery]))
def impedance_measurement_calc(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> dg.MaterializeResult:
    from battery_assets.features.health.impedance import impedance_results

    part = warehouse.claim(t.impedance_measurement_calc, context)
    measured = warehouse.read(t.impedance_measurement_raw, part).collect()
    jars = warehouse.read(t.battery, part).collect()
    return warehouse.replace(t.impedance_measurement_calc, part, impedance_results(measured, jars))
