"""Power and ripple distortion of each string at each of its samples."""

from datetime import date, timedelta

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.captures import recorded_bursts
from battery_assets.fleet.jars import day_inputs
from battery_assets.fleet.quarantine import judged_jars
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import replace_days
from battery_assets.platform.warehouse.resource import Warehouse

BURST_COLUMNS = ["string_id", "ts", "steady", "discharge", "ripple_v", "thd_pct"]


@dg.asset(
    **materializes(
        t.telemetry_string_calc,
        reads=[
            t.telemetry_string_raw,
            t.telemetry_jar_raw,
            t.telemetry_event_window,
            t.string,
            t.battery_system,
            t.battery,
            t.battery_model,
        ],
    )
)
def telemetry_string_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.charge.string_power import string_calc_day
    from battery_assets.features.credible.days import credible_strings
    from battery_assets.features.credible.string_scales import string_sizes

    part = warehouse.claim(t.telemetry_string_calc, context)
    raw = Inputs(warehouse, part, {t.telemetry_string_raw: None})
    # What a burst is diagnosed as is told beside the others of the month: no sample depends on that.
    bursts = recorded_bursts(warehouse, part).select(BURST_COLUMNS)
    jars = judged_jars(warehouse, part)
    held = jars.select("string_id", "quarantined").unique().sort("string_id")
    sizes = string_sizes(jars).sort("string_id")
    inputs = day_inputs(raw.digests, sizes, held, dated=[(bursts, "ts")], by=timedelta(days=1))
    # A burst speaks for the days after its own too, so each day is told by those before it as well.

    def calculated(_: date, frames: tuple[pl.DataFrame, ...]) -> tuple[pl.DataFrame, None]:
        return string_calc_day(credible_strings(frames[0], jars)[0], bursts), None

    return replace_days(
        warehouse, t.telemetry_string_calc, part, inputs, raw.walk, calculated, chained=True, by=__name__
    )[0]
