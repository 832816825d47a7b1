"""A month of fast captures for people who look at its run: findings, the gravest burst, the heaviest load."""

from typing import Any

import dagster as dg
import polars as pl

from battery_assets.fleet.captures import capture_digest, recorded_bursts
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.warehouse.resource import Warehouse


def windows_shown(
    warehouse: Warehouse, part: Part, windows: pl.DataFrame, facts: pl.DataFrame
) -> dict[str, Any]:
    """Metadata of rows of telemetry_event_window: a table of findings, and pictures by their names.

    facts: as `string_facts` gives them. Empty where no burst was recorded.
    """
    from battery_assets.features.pictures.ripple import picked
    from battery_assets.features.ripple.bursts import findings

    bursts = recorded_bursts(warehouse, part, windows)
    if bursts.is_empty():
        return {}
    windows_named = windows.select("window_id", "event_type", "data_blob_url")
    joined = bursts.join(facts, on="string_id", how="left").join(windows_named, on="window_id")
    shown: dict[str, Any] = {"findings": dg.MetadataValue.md(_markdown(findings(joined)))}
    if chosen := picked(joined):
        shown |= _ripple(warehouse, part, *chosen)
    loaded = joined.filter("discharge", pl.col("event_type") != "surge").sort("dc_a", "ts")
    # A transfer shows load, return and recharge in one window; a test only its beginning.
    transfers = loaded.filter(pl.col("event_type") == "transfer_event")
    for row in (transfers if transfers.height else loaded).head(1).to_dicts():
        shown |= _load(warehouse, part, row)
    return shown


def _ripple(
    warehouse: Warehouse, part: Part, fault: dict[str, Any], sound: dict[str, Any]
) -> dict[str, dg.MarkdownMetadataValue]:
    from battery_assets.features.pictures.ripple import fault_picture

    bursts = fault, sound
    files = [capture_digest(warehouse, burst["data_blob_url"]) for burst in bursts]
    return keep_picture(
        warehouse,
        part,
        "ripple",
        digest(*bursts, *files),
        lambda: fault_picture(*(_with_waves(warehouse, burst) for burst in bursts)),
        by=__name__,
    )


def _with_waves(warehouse: Warehouse, burst: dict[str, Any]) -> dict[str, Any]:
    from battery_assets.features.ripple.bursts import bursts_in

    bursts = bursts_in(warehouse.capture(burst["data_blob_url"]))
    [waves] = bursts.filter(pl.col("ts") == burst["ts"]).to_dicts()
    return burst | waves


def _load(warehouse: Warehouse, part: Part, burst: dict[str, Any]) -> dict[str, dg.MarkdownMetadataValue]:
    from battery_assets.features.pictures.ripple import load_picture

    url = burst["data_blob_url"]
    title = f"{burst['string_code']}: {burst['event_type']}, {burst['ts']:%Y-%m-%d %H:%M} UTC"
    made_from = digest(title, capture_digest(warehouse, url))
    return keep_picture(
        warehouse, part, "load", made_from, lambda: load_picture(warehouse.capture(url), title), by=__name__
    )


def _markdown(table: pl.DataFrame) -> str:
    lines = [table.columns, ["---"] * table.width, *table.iter_rows()]
    cells = [["" if value is None else str(value) for value in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
