"""Fast captures of discharges, transfers and ripple: the rows here, the samples as files of the lake."""

from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.arrival import Landing, arrived, captures_of
from battery_assets.platform.assets import materializes
from battery_assets.platform.warehouse import Warehouse
from battery_assets.recordings import bursts_of, shown, string_facts


@dg.asset(**materializes(t.telemetry_event_window, reads=[t.string, t.battery_system]))
def telemetry_event_window(
    context: dg.AssetExecutionContext, warehouse: Warehouse, landing: Landing
) -> dg.MaterializeResult:
    from battery_assets.features.ripple_bursts import bursts_in

    part = warehouse.claim(t.telemetry_event_window, context)
    facts = string_facts(warehouse, part)
    kept, bursts, arriving = {}, [], []
    # A file is brought to disk while the next capture is made.
    with ThreadPoolExecutor(2) as behind:
        for window, samples in captures_of(warehouse, part):
            kept[window] = behind.submit(warehouse.keep_capture, part, window, samples)
            bursts.append((window, bursts_in(samples)))
        urls = {window: writing.result() for window, writing in kept.items()}

    def with_urls(rows: pl.DataFrame) -> pl.DataFrame:
        arriving.append(
            rows.with_columns(
                pl.col("window_id")
                .replace_strict(urls, default=None, return_dtype=pl.String)
                .alias("data_blob_url")
            )
        )
        return arriving[-1]

    result = arrived(warehouse, landing, t.telemetry_event_window, part, with_urls)
    if not bursts:
        return result
    pictures = shown(warehouse, arriving[-1], bursts_of(arriving[-1], bursts, facts))
    return result._replace(metadata={**(result.metadata or {}), **pictures})
