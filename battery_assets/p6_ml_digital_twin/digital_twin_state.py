"""The digital twin of every jar at the end of the month: circuit, charge, health and wear."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import HealthEvidence, jar_facts
from battery_assets.p6_ml_digital_twin.month_shown import month_shown
from battery_assets.platform.assets import materializes
from battery_assets.platform.metadata import picture
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse
from battery_assets.tables.projections import empty

if TYPE_CHECKING:
    from battery_assets.features.windows import TelemetryDay

JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]
# Under this a current is float or sensor offset; what is a discharge is decided where windows are cut.
DISCHARGE_A = -2.0


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
        history_months=12,
    )
)
def digital_twin_state(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.discharge_windows import discharge_windows
    from battery_assets.features.pictures import soh_bars
    from battery_assets.features.twin import twin_states

    part = warehouse.claim(t.digital_twin_state, context)
    jars = jar_facts(warehouse, part)
    windows = t.feature_store.c.feature_window_hours == 24
    features = warehouse.read(t.feature_store, part, where=windows).collect()
    latest = _latest(warehouse, part)
    if latest.is_empty() or features.is_empty():
        return warehouse.replace(t.digital_twin_state, part, empty(t.digital_twin_state))
    seen = jars.join(latest, on="battery_id", how="semi")
    discharges = discharge_windows(_discharge_days(warehouse, part), seen)
    captured_at = features["feature_ts"].max()
    health = _health(warehouse, part, seen, captured_at)
    rows = twin_states(seen, latest, health, features, discharges, captured_at)
    shown = {"state of health": picture(soh_bars(rows, seen)), **month_shown(warehouse, part, rows, seen)}
    return warehouse.replace(t.digital_twin_state, part, rows, metadata=shown)


def _health(warehouse: Warehouse, part: Part, jars: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Health with all that is known at the end: the last week of readings, and the tests of the year."""
    evidence = HealthEvidence.of(warehouse, part, jars)
    days = warehouse.days_of(t.telemetry_jar_raw, part)[-7:]
    for _, rows in warehouse.days(t.telemetry_jar_raw, part, JAR_COLUMNS, only=days):
        evidence.add_day(rows)
    return evidence.health(at)


def _latest(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Charge of each jar at its last sample of the month."""
    columns = ["ts", "battery_id", "soc_pct"]
    ends = [
        rows.group_by("battery_id").last().with_columns(pl.col("battery_id").cast(pl.String))
        for _, rows in warehouse.days(
            t.telemetry_jar_calc, part, columns, only=warehouse.days_of(t.telemetry_jar_calc, part)[-7:]
        )
    ]
    if not ends:
        return empty(t.telemetry_jar_calc)
    stacked = pl.concat(ends).sort("ts").group_by("battery_id").last()
    return stacked.with_columns(pl.col("soc_pct").cast(pl.Float64))


def _discharge_days(warehouse: Warehouse, part: Part) -> Iterator["TelemetryDay"]:
    """Only the days on which some string was discharged: the others have nothing to say of the circuit."""
    from battery_assets.features.windows import TelemetryDay

    strings = dict(warehouse.days(t.telemetry_string_raw, part))
    busy = [day for day, rows in strings.items() if (rows["current_a"] < DISCHARGE_A).any()]
    nothing = empty(t.telemetry_string_calc), empty(t.telemetry_env)
    for day, rows in warehouse.days(t.telemetry_jar_raw, part, JAR_COLUMNS, only=busy):
        yield TelemetryDay(day, rows, strings[day], *nothing)
