"""The digital twin of every jar at the end of the month: circuit, charge, health and wear."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import HealthEvidence, earlier_rows, jar_facts
from battery_assets.p6_ml_digital_twin.month_shown import month_shown
from battery_assets.platform.assets import materializes
from battery_assets.platform.days import Inputs
from battery_assets.platform.metadata import picture
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse
from battery_assets.tables.projections import empty

JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]
# Under this a current is float or sensor offset; what is a discharge is decided where windows are cut.
DISCHARGE_A = -2.0
HISTORY_MONTHS = 12
NO_IDS = pl.DataFrame(schema={"battery_id": pl.String})
NO_JARS = empty(t.telemetry_jar_raw).select(JAR_COLUMNS)


@dg.asset(
    **materializes(
        t.digital_twin_state,
        reads=[
            t.telemetry_jar_raw,
            t.telemetry_jar_calc,
            t.telemetry_string_raw,
            t.feature_store,
            t.battery,
            t.battery_model,
            t.string,
        ],
        history=[t.impedance_measurement_raw, t.capacity_test_raw],
        history_months=HISTORY_MONTHS,
        earlier=[t.digital_twin_state],
    )
)
def digital_twin_state(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.pictures import soh_bars
    from battery_assets.features.twin_month import twin_month

    part = warehouse.claim(t.digital_twin_state, context)
    jars = jar_facts(warehouse, part)
    windows = t.feature_store.c.feature_window_hours == 24
    features = warehouse.read(t.feature_store, part, where=windows).collect()
    week = _last_week(warehouse, part, jars)
    named = pl.concat([NO_IDS, *(day["seen"] for day in week)])
    seen = jars.join(named.unique(), on="battery_id", how="semi", maintain_order="left")
    if seen.is_empty() or features.is_empty():
        return warehouse.replace(t.digital_twin_state, part, empty(t.digital_twin_state))
    before = earlier_rows(warehouse, t.digital_twin_state, part, HISTORY_MONTHS)
    # All that is known of the health at the end: the last week of readings, and the tests of the year.
    evidence = HealthEvidence.of(warehouse, part, seen)
    for day in week:
        evidence.take_up(day)
    rows = twin_month(seen, before, _days(warehouse, part), features, evidence.health_with)
    shown = {"state of health": picture(soh_bars(rows, seen)), **month_shown(warehouse, part, rows, seen)}
    return warehouse.replace(t.digital_twin_state, part, rows, metadata=shown)


def _last_week(warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> list[dict[str, pl.DataFrame]]:
    """Of each of the last seven days its ohmic readings, its warmth, and the jars that were calculated."""
    wanted = {t.telemetry_jar_raw: JAR_COLUMNS, t.telemetry_jar_calc: ["battery_id"]}
    read = Inputs(warehouse, part, wanted)
    given = {day: read.digests[day] for day in read.days[-7:]}
    with warehouse.reductions("digital_twin_state", part, given) as due:
        evidence = HealthEvidence(jars, empty(t.impedance_measurement_raw), empty(t.capacity_test_raw))
        for day, (rows, calculated) in read.walk(due.days):
            evidence.add_day(rows)
            seen = calculated.select(pl.col("battery_id").unique().cast(pl.String).sort())
            due.hand_on(day, seen=seen, **evidence.handed_on())
    return [values for _, values in due.handed_on()]


def _days(warehouse: Warehouse, part: Part) -> Iterator[tuple[date, pl.DataFrame, pl.DataFrame]]:
    """Each day's jar and string rows; no jar rows where every string floats or charges."""
    strings = dict(warehouse.days(t.telemetry_string_raw, part))
    busy = [day for day, rows in strings.items() if _speaks(rows)]
    jars = dict.fromkeys(busy)
    walk = iter(warehouse.days(t.telemetry_jar_raw, part, JAR_COLUMNS, only=busy))
    for day, rows in strings.items():
        found = next(walk, (day, None))[1] if day in jars else None
        yield day, NO_JARS if found is None else found, rows


def _speaks(rows: pl.DataFrame) -> bool:
    return bool(((rows["current_a"] < DISCHARGE_A) | (rows["mode"].cast(pl.String) == "idle")).any())
