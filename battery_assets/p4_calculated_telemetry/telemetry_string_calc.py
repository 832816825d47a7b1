"""Power and ripple distortion of each string at each of its samples."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse


@dg.asset(**materializes(t.telemetry_string_calc, reads=[t.telemetry_string_raw]))
def telemetry_string_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.string_power import string_calc_day

    part = warehouse.claim(t.telemetry_string_calc, context)
    days = warehouse.days(t.telemetry_string_raw, part)
    return warehouse.replace(
        t.telemetry_string_calc, part, ((day, string_calc_day(rows)) for day, rows in days)
    )
