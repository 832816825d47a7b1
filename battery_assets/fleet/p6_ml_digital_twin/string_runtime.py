"""How many minutes each string will carry its load, from the twin's states at the end of the month."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import STRINGS, month_hours
from battery_assets.fleet.jars import earlier_rows, jar_facts, rated_models, site_history
from battery_assets.fleet.quarantine import broken_laws
from battery_assets.platform.dagster.assets import Reads, materializes
from battery_assets.platform.dagster.metadata import numbers
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.whole_months import reduce_month
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty

# Loads of a year: a string is loaded a few times a year, mostly for seconds that slow telemetry does not see.
MONTHS = 12
LAST_CAPTURES = 8
READS: Reads = {
    "reads": [
        t.digital_twin_state,
        t.telemetry_string_raw,
        t.telemetry_jar_raw,
        t.feature_store,
        t.battery,
        t.battery_model,
        t.battery_system,
        t.string,
    ],
    "history": [t.telemetry_event_window, t.capacity_test_raw],
    "history_months": MONTHS,
    "earlier": [t.string_runtime],
}


@dg.asset(**materializes(t.string_runtime, **READS))
def string_runtime(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.pictures.runtime import runtime_bars

    part = warehouse.claim(t.string_runtime, context)
    make = partial(_runtimes, warehouse, part)
    kept = reduce_month(warehouse, t.string_runtime, part, READS, make, by=__name__)
    rows = kept["rows"]
    if "strings" not in kept:
        return warehouse.replace(t.string_runtime, part, rows)
    codes = kept["strings"], kept["jars"]
    shown: dict[str, Any] = keep_picture(
        warehouse,
        part,
        "ride-through",
        digest(rows, *codes),
        lambda: runtime_bars(rows, *codes),
        by=__name__,
    )
    own = rows.filter(pl.col("load_basis").is_in(["measured_load", "system_rating"]))
    lost, first = own["load_lost_days"].min(), own.sort("load_lost_days", nulls_last=True).head(1)
    shown |= numbers({"weakest string, min": own["runtime_min"].min(), "first load lost, days": lost})
    change = first.join(codes[1], left_on="change_first_battery_id", right_on="battery_id")["battery_code"]
    if change.len():
        shown["change first"] = change[0]
    return warehouse.replace(t.string_runtime, part, rows, metadata=shown)


def _runtimes(warehouse: Warehouse, part: Part) -> dict[str, pl.DataFrame]:
    """The rows, and the codes of strings and jars; rows alone, and none, of a month without twins."""
    from battery_assets.features.ride_through.loads import string_loads
    from battery_assets.features.ride_through.places import jar_states, of_six_cells, string_places
    from battery_assets.features.ride_through.runtime import string_runtimes
    from battery_assets.features.samples.blocks import cells_of

    twins = warehouse.read(t.digital_twin_state, part).collect()
    batteries, strings, systems = (
        warehouse.read(table, part).collect() for table in (t.battery, t.string, t.battery_system)
    )
    models, jars_known = rated_models(warehouse), jar_facts(warehouse, part)
    at = twins["captured_at"].max()
    if not isinstance(at, datetime):
        return {"rows": empty(t.string_runtime)}
    sizes = jars_known.group_by("string_id").agg(pl.col("cells").median())
    places = string_places(strings, systems, batteries, models, at)
    facts = places.join(sizes, on="string_id", how="left", maintain_order="left")
    jars = jar_states(facts, batteries, models, twins, _last_day(warehouse, part), at)
    jars = of_six_cells(jars, cells_of(jars_known, "battery_id"))
    loads = string_loads(facts, _own_loads(warehouse, part, facts))
    return {
        "rows": string_runtimes(facts, jars, loads, at),
        "strings": facts.select("string_id", "string_code"),
        "jars": batteries.select("battery_id", "battery_code"),
    }


def _last_day(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Daily means of the jars' temperature."""
    daily = t.feature_store.c.feature_window_hours == 24
    columns = ["battery_id", "feature_ts", "t_mean"]
    return warehouse.read(t.feature_store, part, columns, where=daily).collect()


def _own_loads(warehouse: Warehouse, part: Part, facts: pl.DataFrame) -> pl.DataFrame:
    """What the strings carried in the month's telemetry and in the year's captures, tests left out; else what
    an earlier month saw them carry.
    """
    from battery_assets.features.ride_through.loads import loaded_samples, measured_loads

    rated = dict(zip(facts["string_id"], facts["rated_ah"], strict=True))
    drawn = month_hours(warehouse, part, STRINGS)["drawn"]
    broken = [finding.string_id for _, finding, _ in broken_laws(warehouse, part)]
    telemetry = [drawn.filter(~pl.col("string_id").is_in(broken))]
    loaded = [loaded_samples(frames, rated) for frames in (telemetry, _captures(warehouse, part))]
    tests = site_history(warehouse, t.capacity_test_raw, part, MONTHS)
    runtimes = earlier_rows(warehouse, t.string_runtime, part, MONTHS)
    return measured_loads(pl.concat(loaded), tests, runtimes)


def _captures(warehouse: Warehouse, part: Part) -> Iterator[pl.DataFrame]:
    """The last captures of each string in which its load may have moved to it."""
    window = t.telemetry_event_window
    of_loads = window.c.event_type.in_(["transfer_event", "discharge_test"])
    rows = site_history(warehouse, window, part, MONTHS, of_loads).sort("start_ts")
    for string, url in (
        rows.group_by("string_id").tail(LAST_CAPTURES).select("string_id", "data_blob_url").iter_rows()
    ):
        if warehouse.has_capture(url):
            yield warehouse.capture(url).with_columns(string_id=pl.lit(string))
