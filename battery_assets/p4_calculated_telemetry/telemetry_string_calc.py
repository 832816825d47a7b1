"""Power and ripple distortion of each string at each of its samples."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse
from battery_assets.recordings import recorded_bursts


@dg.asset(
    **materializes(
        t.telemetry_string_calc,
        reads=[t.telemetry_string_raw, t.telemetry_event_window, t.string, t.battery_system],
    )
)
def telemetry_string_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.string_power import string_calc_day

    part = warehouse.claim(t.telemetry_string_calc, context)
    bursts = recorded_bursts(warehouse, part)
    days = warehouse.days(t.telemetry_string_raw, part)
    return warehouse.replace(
        t.telemetry_string_calc, part, ((day, string_calc_day(rows, bursts)) for day, rows in days)
    )
