"""Fast captures of discharges, transfers and ripple: the rows here, the samples as files of the lake."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.captures import keep_captures, string_facts
from battery_assets.fleet.p2_raw_timeseries.windows_shown import windows_shown
from battery_assets.fleet.sources import replace_from_source
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.metadata import also_shown
from battery_assets.platform.landing import Landing
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(**materializes(t.telemetry_event_window, reads=[t.string, t.battery_system]))
def telemetry_event_window(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_event_window, context)
    urls, facts = keep_captures(warehouse, part), string_facts(warehouse, part)
    arriving = []

    def with_urls(rows: pl.DataFrame) -> pl.DataFrame:
        arriving.append(
            rows.with_columns(
                pl.col("window_id")
                .replace_strict(urls, default=None, return_dtype=pl.String)
                .alias("data_blob_url")
            )
        )
        return arriving[-1]

    result = replace_from_source(warehouse, landing, t.telemetry_event_window, part, with_urls)
    if not urls:
        return result
    return also_shown(result, windows_shown(warehouse, part, arriving[-1], facts))
