"""The month of three strings and its deepest discharge, as pictures of the twin's run.

Everything comes from hours that the feature store has, a few jars of the calculated telemetry, and one or two
days of raw telemetry: never from the whole of it.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import rated_ah
from battery_assets.platform.metadata import picture
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.month_pictures import StringChoice

HOURLY = ["feature_ts", "battery_id", "v_mean", "t_mean", "t_delta_ambient_mean", "r_internal_latest"]
STRING_COLUMNS = ["ts", "string_id", "voltage_v", "current_a"]


def month_shown(
    warehouse: Warehouse, part: Part, states: pl.DataFrame, jars: pl.DataFrame
) -> dict[str, dg.MarkdownMetadataValue]:
    """Pictures by their names. states: rows of digital_twin_state. jars: as `jar_facts` gives them."""
    from battery_assets.features.month_pictures import month_of_string, three_strings

    chosen = three_strings(states, jars)
    if not chosen:
        return {}
    charge, currents = _charge(warehouse, part, chosen), _currents(warehouse, part, chosen)
    shown = {}
    for choice in chosen:
        ids = jars.filter(pl.col("string_id") == choice.string_id)["battery_id"].to_list()
        of_string = t.feature_store.c.battery_id.in_(ids) & (t.feature_store.c.feature_window_hours == 1)
        hours = warehouse.read(t.feature_store, part, HOURLY, where=of_string).collect()
        own = currents.filter(pl.col("string_id") == choice.string_id).sort("hour")
        shown[f"month of the {choice.place} string"] = picture(month_of_string(choice, hours, own, charge))
    return shown | _deepest(warehouse, part, jars)


def _charge(warehouse: Warehouse, part: Part, chosen: list["StringChoice"]) -> pl.DataFrame:
    """Charge and health of the weakest and the middle jar of each string, by the hour (its lowest charge)."""
    ids = [jar for choice in chosen for jar in (choice.weakest_id, choice.middle_id)]
    rows = warehouse.read(t.telemetry_jar_calc, part, ["ts", "battery_id", "soc_pct", "soh_pct"])
    return (
        rows.filter(pl.col("battery_id").is_in(ids))
        .group_by("battery_id", ts=pl.col("ts").dt.truncate("1h"))
        .agg(pl.col("soc_pct").min(), pl.col("soh_pct").last())
        .collect(engine="streaming")
    )


def _currents(warehouse: Warehouse, part: Part, chosen: list["StringChoice"]) -> pl.DataFrame:
    rows = warehouse.read(t.telemetry_string_raw, part, ["ts", "string_id", "current_a"])
    return (
        rows.filter(pl.col("string_id").is_in([choice.string_id for choice in chosen]))
        .group_by("string_id", hour=pl.col("ts").dt.truncate("1h"))
        .agg(low_a=pl.col("current_a").min(), high_a=pl.col("current_a").max())
        .collect(engine="streaming")
    )


def _deepest(warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> dict[str, dg.MarkdownMetadataValue]:
    """The month's deepest discharge at the rate of its sampling, from float to recharge."""
    from battery_assets.features.discharge_events import deepest_discharge
    from battery_assets.features.month_pictures import ride_picture
    from battery_assets.features.string_loads import ANY_DISCHARGE_A, loaded_samples

    strings = warehouse.read(t.telemetry_string_raw, part, STRING_COLUMNS)
    drawn = strings.filter(pl.col("current_a") < ANY_DISCHARGE_A).collect(engine="streaming")
    event = deepest_discharge(loaded_samples([drawn], rated_ah(jars)))
    if event is None:
        return {}
    span = pl.col("ts").is_between(event.shown_from, event.shown_to)
    string = (
        strings.filter(span, pl.col("string_id") == event.string_id).sort("ts").collect(engine="streaming")
    )
    own = jars.filter(pl.col("string_id") == event.string_id)
    days = [
        event.shown_from.date() + timedelta(days=n)
        for n in range((event.shown_to.date() - event.shown_from.date()).days + 1)
    ]
    columns = ["ts", "battery_id", "voltage_v"]
    frames = [
        rows.filter(span).with_columns(pl.col("battery_id").cast(pl.String))
        .join(own.select("battery_id", "battery_code"), on="battery_id")
        for _, rows in warehouse.days(t.telemetry_jar_raw, part, columns, only=days)
    ]  # fmt: skip
    if not frames or string.is_empty() or not sum(frame.height for frame in frames):
        return {}
    seconds = (event.ended - event.begun).total_seconds()
    lasted = f"{seconds / 60.0:.0f} min" if seconds >= 120.0 else f"{seconds:.0f} s"
    title = (
        f"{own['string_code'][0]}: deepest discharge of the month, {event.begun:%Y-%m-%d %H:%M} UTC, "
        f"{lasted}, {event.drawn_ah:.1f} Ah"
    )
    made = ride_picture(title, string, pl.concat(frames), event.begun, event.ended)
    return {"deepest discharge": picture(made)}
