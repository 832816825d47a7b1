"""The digital twin of every jar at the end of the month: circuit, charge, health and wear."""

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import HealthEvidence, jar_facts, made_from
from battery_assets.platform.assets import materializes
from battery_assets.platform.days import Inputs
from battery_assets.platform.due import Due
from battery_assets.platform.metadata import picture
from battery_assets.platform.warehouse import Warehouse
from battery_assets.tables.projections import empty

WANTED = {
    t.telemetry_jar_raw: ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"],
    t.telemetry_string_raw: None,
    t.telemetry_jar_calc: ["ts", "battery_id", "soc_pct"],
}


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
    from battery_assets.features.discharge_windows import largest
    from battery_assets.features.pictures import soh_bars
    from battery_assets.features.twin import twin_states

    part = warehouse.claim(t.digital_twin_state, context)
    jars = jar_facts(warehouse, part)
    read = Inputs(warehouse, part, WANTED)
    with warehouse.reductions("digital_twin_state", part, made_from(read.digests, jars)) as due:
        _hand_on_days(read, due, HealthEvidence.of(warehouse, part, jars))
    days = [values for _, values in due.handed_on()]
    windows = t.feature_store.c.feature_window_hours == 24
    features = warehouse.read(t.feature_store, part, where=windows).collect()
    if not days or features.is_empty():
        return warehouse.replace(t.digital_twin_state, part, empty(t.digital_twin_state))
    week = days[-7:]
    latest = _latest([values["ends"] for values in week])
    seen = jars.join(latest, on="battery_id", how="semi")
    discharges = largest(values["discharges"] for values in days)
    captured_at = features["feature_ts"].max()
    # Health with all that is known at the end: the last week of readings, and the tests of the year.
    evidence = HealthEvidence.of(warehouse, part, seen)
    for values in week:
        evidence.take_up(values)
    rows = twin_states(seen, latest, evidence.health(captured_at), features, discharges, captured_at)
    shown = {"state of health": picture(soh_bars(rows, seen)), **due.shown}
    return warehouse.replace(t.digital_twin_state, part, rows, metadata=shown)


def _hand_on_days(read: Inputs, due: Due, evidence: HealthEvidence) -> None:
    """What each day says of the jars: its discharges, its ohmic readings, the charge at each last sample."""
    from battery_assets.features.discharge_windows import day_windows
    from battery_assets.features.windows import TelemetryDay

    nothing = empty(t.telemetry_string_calc), empty(t.telemetry_env)
    for day, (rows, strings, calculated) in read.walk(due.days):
        evidence.add_day(rows)
        ends = calculated.group_by("battery_id").last().with_columns(pl.col("battery_id").cast(pl.String))
        discharges = day_windows(TelemetryDay(day, rows, strings, *nothing), evidence.jars)
        due.hand_on(day, ends=ends, discharges=discharges, **evidence.handed_on())


def _latest(ends: list[pl.DataFrame]) -> pl.DataFrame:
    """Charge of each jar at its last sample."""
    stacked = pl.concat(ends).sort("ts").group_by("battery_id").last()
    return stacked.with_columns(pl.col("soc_pct").cast(pl.Float64))
