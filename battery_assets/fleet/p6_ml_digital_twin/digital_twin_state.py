"""The digital twin of every jar at the end of the month: circuit, charge, health and wear."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.health_evidence import HealthEvidence
from battery_assets.fleet.jars import day_inputs, earlier_rows, jar_facts
from battery_assets.fleet.p6_ml_digital_twin.month_shown import month_shown
from battery_assets.platform.dagster.assets import Reads, materializes
from battery_assets.platform.dagster.metadata import numbers
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.saved import Value, arrays_of, state_of
from battery_assets.platform.days.whole_months import reduce_month
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty

JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]
STRING_COLUMNS = ["ts", "string_id", "current_a", "voltage_v", "mode"]
# Under this a current is float or sensor offset; what is a discharge is decided where windows are cut.
DISCHARGE_A = -2.0
HISTORY_MONTHS = 12
NO_IDS = pl.DataFrame(schema={"battery_id": pl.String})
NO_JARS = empty(t.telemetry_jar_raw).select(JAR_COLUMNS)

READS: Reads = {
    "reads": [
        t.telemetry_jar_raw,
        t.telemetry_jar_calc,
        t.telemetry_string_raw,
        t.feature_store,
        t.battery,
        t.battery_model,
        t.string,
    ],
    "history": [t.impedance_measurement_raw, t.capacity_test_raw],
    "history_months": HISTORY_MONTHS,
    "earlier": [t.digital_twin_state],
}


@dg.asset(**materializes(t.digital_twin_state, **READS))
def digital_twin_state(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.pictures.fleet import soh_bars

    part = warehouse.claim(t.digital_twin_state, context)
    # A test on paper is held against the telemetry of its own days, in whatever month they lie.
    looked_at: Reads = {**READS, "earlier": [t.digital_twin_state, t.telemetry_string_raw]}
    make = partial(_at_end, warehouse, part)
    kept = reduce_month(warehouse, t.digital_twin_state, part, looked_at, make, by=__name__)
    rows = kept["rows"]
    if "seen" not in kept:
        return warehouse.replace(t.digital_twin_state, part, rows)
    telling = kept["seen"]
    health = rows.select("battery_id", "soh_pct"), telling.select("battery_id", "battery_code", "string_code")
    bars = keep_picture(
        warehouse, part, "state of health", digest(*health), lambda: soh_bars(*health), by=__name__
    )
    trend = {"worst SOH, %": rows["soh_pct"].min(), "mean SOH, %": rows["soh_pct"].mean()}
    shown = {**numbers(trend), **bars, **month_shown(warehouse, part, rows, telling)}
    return warehouse.replace(t.digital_twin_state, part, rows, metadata=shown)


def _at_end(warehouse: Warehouse, part: Part) -> dict[str, pl.DataFrame]:
    """The twins, and the jars that were seen; rows alone, and none, where no jar was."""
    from battery_assets.features.samples.blocks import cells_of, in_six_cells
    from battery_assets.features.twin.filter import TwinState
    from battery_assets.features.twin.month import twin_at_end
    from battery_assets.features.twin.states import as_they_are

    jars = jar_facts(warehouse, part)
    daily = t.feature_store.c.feature_window_hours == 24
    features = warehouse.read(t.feature_store, part, where=daily).collect()
    week = _last_week(warehouse, part, jars)
    named = pl.concat([NO_IDS, *(day["seen"] for day in week)])
    telling = jars.join(named.unique(), on="battery_id", how="semi", maintain_order="left")
    if telling.is_empty() or features.is_empty():
        return {"rows": empty(t.digital_twin_state)}
    before = earlier_rows(warehouse, t.digital_twin_state, part, HISTORY_MONTHS)
    # All that is known of the health at the end: the last week of readings, and the tests of the year.
    evidence = HealthEvidence.of(warehouse, part, telling)
    for day in week:
        evidence.restore(day)
    # The twin knows jars of six cells: others are seen as such, and their circuits told as they are.
    cells = cells_of(telling, "battery_id")
    as_six = in_six_cells(telling, "battery_id", cells, ("initial_resistance_mohm",))
    read = in_six_cells(features, "battery_id", cells, ("r_internal_latest",))
    walked = _walked(warehouse, part, as_six, before)
    state = state_of(TwinState, walked[-1]) if walked else None
    windows = [day["windows"] for day in walked]
    rows = as_they_are(twin_at_end(as_six, before, state, windows, read, evidence.health_with), cells)
    return {"rows": evidence.hand_on_levels(rows), "seen": telling}


def _last_week(warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> list[dict[str, pl.DataFrame]]:
    """Of each of the last seven days its ohmic readings, its warmth, its signs of faults, and the jars whose
    health is told."""
    wanted = {
        t.telemetry_jar_raw: JAR_COLUMNS,
        t.telemetry_string_raw: STRING_COLUMNS,
        t.telemetry_jar_calc: ["battery_id", "soh_pct"],
    }
    read = Inputs(warehouse, part, wanted)
    inputs = day_inputs({day: read.digests[day] for day in read.days[-7:]}, jars)
    evidence = HealthEvidence(jars, empty(t.impedance_measurement_raw), empty(t.capacity_test_raw))

    judge = Judge(read, jars)

    def signs(day: date, frames: tuple[pl.DataFrame, ...]) -> dict[str, pl.DataFrame]:
        rows = judge.jars(day, frames[0])[0]
        evidence.add_day(rows)
        evidence.add_signs(rows, judge.strings(day, frames[1])[0])
        estimated = frames[2].filter(pl.col("soh_pct").is_not_null())
        units = estimated.select(pl.col("battery_id").unique().cast(pl.String).sort())
        return {"seen": units, **evidence.to_save()}

    days = reduce_days(warehouse, "digital_twin_state", part, inputs, read.walk, signs, by=__name__)
    return list(days.values())


def _walked(
    warehouse: Warehouse, part: Part, jars: pl.DataFrame, before: pl.DataFrame
) -> list[dict[str, Any]]:
    """Of each day the filter's state at its end and the discharges that it shows, in order."""
    from battery_assets.features.twin.filter import TwinState
    from battery_assets.features.twin.month import TwinWalk

    read = Inputs(warehouse, part, {t.telemetry_jar_raw: JAR_COLUMNS, t.telemetry_string_raw: None})
    digests = {day: read.digests[day] for day in read.has(t.telemetry_string_raw)}
    begun = before.select("battery_id", "captured_at", "filter_json").sort("battery_id", "captured_at")
    walk = TwinWalk(jars, before)

    def restore(_: date, values: dict[str, Any]) -> None:
        walk.state = state_of(TwinState, values)

    def filtered(day: date, frames: tuple[pl.DataFrame, pl.DataFrame]) -> dict[str, Value]:
        return {"windows": walk.step(day, *frames), **arrays_of(walk.state)}

    inputs = day_inputs(digests, jars, begun)
    days = reduce_days(
        warehouse, "twin_filter", part, inputs, partial(_days, read, jars), filtered,
        restore=restore, chained=True, by=__name__,
    )  # fmt: skip
    return list(days.values())


def _days(
    read: Inputs, jars: pl.DataFrame, wanted: list[date]
) -> Iterator[tuple[date, tuple[pl.DataFrame, pl.DataFrame]]]:
    """Each day's jar and string rows as of six cells; no jar rows where every string floats or charges."""
    from battery_assets.features.samples.blocks import cells_of, in_six_cells

    judge = Judge(read, jars)
    cells = {unit: cells_of(jars, unit) for unit in ("battery_id", "string_id")}
    of_strings = read.of(t.telemetry_string_raw, wanted)
    strings = {day: judge.strings(day, rows)[0] for day, rows in of_strings}
    busy = [day for day, rows in strings.items() if _speaks(rows)]
    walk = iter(read.of(t.telemetry_jar_raw, busy))
    ahead = next(walk, None)
    for day, rows in strings.items():
        loads = in_six_cells(rows, "string_id", cells["string_id"])
        if ahead is not None and ahead[0] == day:
            credible = judge.jars(day, ahead[1])[0]
            yield day, (in_six_cells(credible, "battery_id", cells["battery_id"]), loads)
            ahead = next(walk, None)
        else:
            yield day, (NO_JARS, loads)


def _speaks(rows: pl.DataFrame) -> bool:
    return bool(((rows["current_a"] < DISCHARGE_A) | (rows["mode"].cast(pl.String) == "idle")).any())
