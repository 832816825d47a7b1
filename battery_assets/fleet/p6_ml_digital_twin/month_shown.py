"""The month of three strings and its deepest discharge, as pictures of the twin's run.

Everything comes from hours that the feature store has, a few jars of the calculated telemetry, and one or two
days of raw telemetry: never from the whole of it.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import DRAWN_COLUMNS, STRINGS, feature_hours, month_hours, stacked
from battery_assets.fleet.jars import rated_ah
from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import kept_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.pictures.discharge_events import DischargeEvent
    from battery_assets.features.pictures.month import StringChoice


def month_shown(
    warehouse: Warehouse, part: Part, states: pl.DataFrame, jars: pl.DataFrame
) -> dict[str, dg.MarkdownMetadataValue]:
    """Pictures by their names. states: rows of digital_twin_state. jars: as `jar_facts` gives them."""
    from battery_assets.features.pictures.month import month_of_string, three_strings

    chosen = three_strings(states, jars)
    if not chosen:
        return {}
    charge, strings = _charge(warehouse, part, chosen), month_hours(warehouse, part, STRINGS)
    features = stacked(feature_hours(warehouse, part).values())
    shown = {}
    for choice in chosen:
        ids = jars.filter(pl.col("string_id") == choice.string_id)["battery_id"].to_list()
        hours = features.filter(pl.col("battery_id").is_in(ids))
        own = strings["hours"].filter(pl.col("string_id") == choice.string_id).sort("hour")
        shown[f"month of the {choice.place} string"] = picture(month_of_string(choice, hours, own, charge))
    return shown | _deepest(warehouse, part, jars, strings["drawn"])


def _charge(warehouse: Warehouse, part: Part, chosen: list["StringChoice"]) -> pl.DataFrame:
    """Charge and health of the weakest and the middle jar of each string, by the hour (its lowest charge).

    Every jar's hours are kept, since each night others may be the weakest.
    """
    from battery_assets.features.charge.hours import CHARGE_COLUMNS, charge_hours

    read = Inputs(warehouse, part, {t.telemetry_jar_calc: CHARGE_COLUMNS})
    with warehouse.reductions("charge_hours", part, read.digests, by=__name__) as due:
        for day, rows in read.of(t.telemetry_jar_calc, due.days):
            due.hand_on(day, hours=charge_hours(rows))
    ids = [jar for choice in chosen for jar in (choice.weakest_id, choice.middle_id)]
    return pl.concat(
        [values["hours"].filter(pl.col("battery_id").is_in(ids)) for _, values in due.handed_on()]
    )


def _deepest(
    warehouse: Warehouse, part: Part, jars: pl.DataFrame, drawn: pl.DataFrame
) -> dict[str, dg.MarkdownMetadataValue]:
    """The month's deepest discharge at the rate of its sampling, from float to recharge."""
    from battery_assets.features.pictures.discharge_events import deepest_discharge
    from battery_assets.features.ride_through.loads import loaded_samples

    event = deepest_discharge(loaded_samples([drawn], rated_ah(jars)))
    if event is None:
        return {}
    wanted = {t.telemetry_string_raw: DRAWN_COLUMNS, t.telemetry_jar_raw: ["ts", "battery_id", "voltage_v"]}
    read = Inputs(warehouse, part, wanted)
    own = jars.filter(pl.col("string_id") == event.string_id)
    own = own.select("battery_id", "battery_code", "string_code").sort("battery_id")
    reach = (event.shown_to.date() - event.shown_from.date()).days + 1
    days = [event.shown_from.date() + timedelta(days=n) for n in range(reach)]
    made_from = digest(repr(event), own, *(read.digests.get(day, "") for day in days))
    return kept_picture(
        warehouse, part, "deepest discharge", made_from, lambda: _ride(read, event, own, days), by=__name__
    )


def _ride(read: Inputs, event: "DischargeEvent", own: pl.DataFrame, days: list[date]) -> bytes | None:
    """The picture of a discharge; None where its jars or its string sent nothing."""
    from battery_assets.features.pictures.month import ride_picture

    span = pl.col("ts").is_between(event.shown_from, event.shown_to)
    of_string = span & (pl.col("string_id") == event.string_id)
    scans = [read.scan(t.telemetry_string_raw, day).filter(of_string) for day in days]
    string = pl.concat(pl.collect_all(scans)).sort("ts")
    frames = [
        rows.filter(span)
        .with_columns(pl.col("battery_id").cast(pl.String))
        .join(own.select("battery_id", "battery_code"), on="battery_id")
        for _, rows in read.of(t.telemetry_jar_raw, days)
    ]
    if not frames or string.is_empty() or not sum(frame.height for frame in frames):
        return None
    seconds = (event.ended - event.begun).total_seconds()
    lasted = f"{seconds / 60.0:.0f} min" if seconds >= 120.0 else f"{seconds:.0f} s"
    title = (
        f"{own['string_code'][0]}: deepest discharge of the month, {event.begun:%Y-%m-%d %H:%M} UTC, "
        f"{lasted}, {event.drawn_ah:.1f} Ah"
    )
    return ride_picture(title, string, pl.concat(frames), event.begun, event.ended)
