"""Power and ripple distortion of each string at each of its samples."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.assets import materializes
from battery_assets.platform.days import Inputs
from battery_assets.platform.warehouse import Warehouse


@dg.asset(**materializes(t.telemetry_string_calc, reads=[t.telemetry_string_raw]))
def telemetry_string_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.string_power import string_calc_day

    part = warehouse.claim(t.telemetry_string_calc, context)
    raw = Inputs(warehouse, part, {t.telemetry_string_raw: None})
    due = warehouse.due(t.telemetry_string_calc, part, raw.digests)
    days = ((day, string_calc_day(rows)) for day, (rows,) in raw.walk(due.days))
    return warehouse.replace(t.telemetry_string_calc, part, days, due=due)
