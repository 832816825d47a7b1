"""High-frequency captures of discharges and transfers: the rows here, the samples as files of the lake."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.arrival import Landing, arrived, captures_of
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse


@dg.asset(**materializes(t.telemetry_event_window, after=["string"]))
def telemetry_event_window(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_event_window, context)
    captures = captures_of(warehouse, part)
    urls = {window: warehouse.keep_capture(part, window, samples) for window, samples in captures.items()}

    def with_urls(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(
            pl.col("window_id")
            .replace_strict(urls, default=None, return_dtype=pl.String)
            .alias("data_blob_url")
        )

    return arrived(warehouse, landing, t.telemetry_event_window, part, with_urls)
