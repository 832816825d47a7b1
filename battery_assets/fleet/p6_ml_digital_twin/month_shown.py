"""The month of three strings and its deepest discharge, as pictures of the twin's run.

Everything comes from hours that the feature store has, a few jars of the calculated telemetry, and one or two
days of raw telemetry: never from the whole of it.
"""

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import DRAWN_COLUMNS, STRINGS, feature_days, month_hours, stacked
from battery_assets.fleet.jars import rated_ah
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.pictures.discharge_events import DischargeEvent
    from battery_assets.features.pictures.month import StringChoice


WANTED = {
    t.telemetry_string_raw: DRAWN_COLUMNS,
    t.telemetry_jar_raw: ["ts", "battery_id", "voltage_v"],
    t.telemetry_jar_calc: ["ts", "battery_id", "soc_pct", "soh_pct"],
}


def month_shown(
    warehouse: Warehouse, part: Part, states: pl.DataFrame, jars: pl.DataFrame
) -> dict[str, dg.MarkdownMetadataValue]:
    """Pictures by their names. states: rows of digital_twin_state. jars: as `jar_facts` gives them."""
    from battery_assets.features.pictures.month import three_strings

    chosen = three_strings(states, jars)
    if not chosen:
        return {}
    read, strings = Inputs(warehouse, part, WANTED), month_hours(warehouse, part, STRINGS)
    shown = _strings_shown(warehouse, part, read, chosen, jars, strings["hours"])
    return shown | _deepest(warehouse, part, read, jars, strings["drawn"])


def _strings_shown(
    warehouse: Warehouse,
    part: Part,
    read: Inputs,
    chosen: list["StringChoice"],
    jars: pl.DataFrame,
    currents: pl.DataFrame,
) -> dict[str, dg.MarkdownMetadataValue]:
    """The month of each string; what it shows is put together only where some picture has to be drawn."""
    from battery_assets.features.pictures.month import month_of_string

    features = warehouse.day_digests(t.feature_store, part)

    @functools.cache
    def month() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        return (
            _strings(warehouse, part, features, jars),
            _weakest(warehouse, part, chosen),
            _charge(warehouse, part, read, chosen),
        )

    def drawn(choice: "StringChoice") -> bytes:
        strings, weakest, charge = month()
        whole, own = (rows.filter(pl.col("string_id") == choice.string_id) for rows in (strings, currents))
        weak = weakest.filter(pl.col("battery_id") == choice.weakest_id)
        return month_of_string(choice, whole, weak, own.sort("hour"), charge)

    files = [read.digests_of(table) for table in (t.telemetry_string_raw, t.telemetry_jar_calc)]
    made_from = digest(*(word for digests in (*files, features) for word in digests.values()))
    shown: dict[str, dg.MarkdownMetadataValue] = {}
    for choice in chosen:
        name = f"month of the {choice.place} string"
        key = digest(made_from, repr(choice))
        shown |= keep_picture(warehouse, part, name, key, functools.partial(drawn, choice), by=__name__)
    return shown


def _strings(
    warehouse: Warehouse, part: Part, features: Mapping[date, str], jars: pl.DataFrame
) -> pl.DataFrame:
    """What the jars of each string show together, by the hour. features: `day_digests` of feature_store."""
    from battery_assets.features.pictures.month import hours_of_strings

    own = jars.select("battery_id", "string_id").sort("battery_id")
    inputs = {day: digest(sha256, own) for day, sha256 in features.items() if sha256}

    def together(_: date, rows: pl.DataFrame) -> pl.DataFrame:
        return hours_of_strings(stacked([rows]).join(own, on="battery_id"))

    hours = feature_days(warehouse, part)
    days = reduce_days(warehouse, "hours_of_strings", part, inputs, hours, together, by=__name__)
    return pl.concat(days.values())


def _weakest(warehouse: Warehouse, part: Part, chosen: list["StringChoice"]) -> pl.DataFrame:
    """The features of the hours of each string's weakest jar."""
    table, weakest = t.feature_store, [choice.weakest_id for choice in chosen]
    where = table.c.battery_id.in_(weakest) & (table.c.feature_window_hours == 1)
    columns = ["feature_ts", "battery_id", "v_mean", "t_mean", "r_internal_latest"]
    return warehouse.read(table, part, columns, where=where).collect().sort("battery_id", "feature_ts")


def _charge(warehouse: Warehouse, part: Part, read: Inputs, chosen: list["StringChoice"]) -> pl.DataFrame:
    """Charge and health of the weakest and the middle jar of each string, by the hour (its lowest charge).

    Every jar's hours are kept, since each night others may be the weakest.
    """
    from battery_assets.features.charge.hours import charge_hours

    table = t.telemetry_jar_calc
    inputs, rows = read.digests_of(table), functools.partial(read.of, table)
    days = reduce_days(
        warehouse, "charge_hours", part, inputs, rows, lambda _, rows: charge_hours(rows), by=__name__
    )
    ids = [jar for choice in chosen for jar in (choice.weakest_id, choice.middle_id)]
    return pl.concat(hours.filter(pl.col("battery_id").is_in(ids)) for hours in days.values())


def _deepest(
    warehouse: Warehouse, part: Part, read: Inputs, jars: pl.DataFrame, drawn: pl.DataFrame
) -> dict[str, dg.MarkdownMetadataValue]:
    """The month's deepest discharge at the rate of its sampling, from float to recharge."""
    from battery_assets.features.pictures.discharge_events import deepest_discharge
    from battery_assets.features.ride_through.loads import loaded_samples

    event = deepest_discharge(loaded_samples([drawn], rated_ah(jars)))
    if event is None:
        return {}
    own = jars.filter(pl.col("string_id") == event.string_id)
    own = own.select("battery_id", "battery_code", "string_code").sort("battery_id")
    reach = (event.shown_to.date() - event.shown_from.date()).days + 1
    days = [event.shown_from.date() + timedelta(days=n) for n in range(reach)]
    raw = [read.digests_of(table) for table in (t.telemetry_string_raw, t.telemetry_jar_raw)]
    made_from = digest(repr(event), own, *(digests.get(day, "") for digests in raw for day in days))
    return keep_picture(
        warehouse, part, "deepest discharge", made_from, lambda: _ride(read, event, own, days), by=__name__
    )


def _ride(read: Inputs, event: "DischargeEvent", own: pl.DataFrame, days: list[date]) -> bytes | None:
    """The picture of a discharge; None where its jars or its string sent nothing."""
    from battery_assets.features.pictures.ride import ride_picture

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
