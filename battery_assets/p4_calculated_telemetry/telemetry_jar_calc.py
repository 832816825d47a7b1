"""State of charge and health of every jar at each of its samples, in one pass over the days of a month."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import HealthEvidence, jar_facts
from battery_assets.platform.assets import materializes
from battery_assets.platform.carry import arrays_of, state_of
from battery_assets.platform.days import Inputs
from battery_assets.platform.due import Due
from battery_assets.platform.warehouse import Warehouse

JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]


@dg.asset(
    **materializes(
        t.telemetry_jar_calc,
        reads=[t.telemetry_jar_raw, t.telemetry_string_raw, t.string, t.battery, t.battery_model],
        history=[t.impedance_measurement_raw, t.capacity_test_raw],
        history_months=12,
    )
)
def telemetry_jar_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_jar_calc, context)
    jars = jar_facts(warehouse, part)
    evidence = HealthEvidence.of(warehouse, part, jars)
    raw = Inputs(warehouse, part, {t.telemetry_jar_raw: JAR_COLUMNS, t.telemetry_string_raw: None})
    due = warehouse.due(t.telemetry_jar_calc, part, evidence.made_from(raw.digests), chained=True)
    return warehouse.replace(t.telemetry_jar_calc, part, _days(raw, due, jars, evidence), due=due)


def _days(
    raw: Inputs, due: Due, jars: pl.DataFrame, evidence: HealthEvidence
) -> Iterator[tuple[date, pl.DataFrame]]:
    from battery_assets.features.charge_state import ChargeState, charge_state_day

    state = None
    for _, values in due.handed_on():
        evidence.take_up(values)
        state = state_of(ChargeState, values)
    for day, (rows, strings) in raw.walk(due.days):
        evidence.add_day(rows)
        health = evidence.health(day)
        soc, state = charge_state_day(rows, strings, jars, health["soh_pct"].to_numpy(), state)
        due.hand_on(day, **arrays_of(state), **evidence.handed_on())
        soh = dict(zip(health["battery_id"], health["soh_pct"], strict=True))
        yield day, soc.with_columns(soh_pct=_of_unit(soc["battery_id"], soh))


def _of_unit(units: pl.Series, values: dict[str, float]) -> pl.Series:
    """The value of each row's unit; dictionary codes make it one lookup a row."""
    if units.dtype != pl.Enum:
        return units.cast(pl.String).replace_strict(values, default=None, return_dtype=pl.Float32)
    by_code = np.array([values.get(unit, np.nan) for unit in units.dtype.categories], dtype=np.float32)
    return pl.Series(by_code[units.to_physical().to_numpy()], nan_to_null=True)
