"""Waveforms that the recorders kept: what the assets of several phases need of them."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.platform.metadata import picture
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse


def string_facts(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Of each string its id, code and the pulses of its rectifier (null: unknown)."""
    strings = warehouse.read(t.string, part, ["string_id", "string_code", "system_id"]).collect()
    systems = warehouse.read(t.battery_system, part, ["system_id", "rectifier_pulses"]).collect()
    joined = strings.join(systems, on="system_id", how="left")
    return joined.select("string_id", "string_code", pulses="rectifier_pulses")


def bursts_of(
    windows: pl.DataFrame, captures: Iterable[tuple[str, pl.DataFrame]], facts: pl.DataFrame
) -> pl.DataFrame:
    """The bursts of captures (window id, samples), with string, code and pulses; waveforms as lists."""
    from battery_assets.features.ripple_bursts import bursts_in

    found = [bursts_in(samples).with_columns(window_id=pl.lit(name)) for name, samples in captures]
    if not found:
        return pl.DataFrame(schema={"window_id": pl.String})
    named = windows.select("window_id", "string_id", "event_type", "trigger").join(
        facts, on="string_id", how="left"
    )
    return pl.concat(found, how="vertical_relaxed").join(named, on="window_id")


def shown(warehouse: Warehouse, windows: pl.DataFrame, bursts: pl.DataFrame) -> dict[str, Any]:
    """Pictures and findings of a month's captures, as metadata: its gravest burst, its heaviest load."""
    from battery_assets.features.ripple_bursts import burst_rows, findings
    from battery_assets.features.ripple_pictures import fault_picture, load_picture, picked

    found = burst_rows(bursts).join(bursts.drop("string_id"), on=["window_id", "ts"])
    shown = {"findings": dg.MetadataValue.md(_markdown(findings(found)))}
    if chosen := picked(found):
        shown["ripple"] = picture(fault_picture(*chosen))
    loaded = found.filter("discharge", pl.col("event_type") != "surge").sort("dc_a", "ts")
    # A transfer shows load, return and recharge in one window; a test only its beginning.
    transfers = loaded.filter(pl.col("event_type") == "transfer_event")
    for row in (transfers if transfers.height else loaded).head(1).to_dicts():
        [url] = windows.filter(pl.col("window_id") == row["window_id"])["data_blob_url"]
        title = f"{row['string_code']}: {row['event_type']}, {row['ts']:%Y-%m-%d %H:%M} UTC"
        shown["load"] = picture(load_picture(warehouse.capture(url), title))
    return shown


def _markdown(table: pl.DataFrame) -> str:
    lines = [table.columns, ["---"] * table.width, *table.iter_rows()]
    cells = [["" if value is None else str(value) for value in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def recorded_bursts(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """What every burst of a partition's windows says (`ripple_bursts.SCHEMA`); empty without captures."""
    from battery_assets.features.ripple_bursts import burst_rows
    from battery_assets.features.string_power import NO_BURSTS

    windows = warehouse.read(t.telemetry_event_window, part).collect()
    facts = string_facts(warehouse, part)
    urls = {
        row["window_id"]: row["data_blob_url"]
        for row in windows.to_dicts()
        if row["bursts_count"] and warehouse.has_capture(row["data_blob_url"])
    }
    with ThreadPoolExecutor(4) as pool:
        samples = list(pool.map(warehouse.capture, urls.values()))
    bursts = bursts_of(windows, zip(urls, samples, strict=True), facts)
    return burst_rows(bursts) if bursts.height else NO_BURSTS
