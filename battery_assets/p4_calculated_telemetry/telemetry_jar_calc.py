"""State of charge and health of every jar at each of its samples, in one pass over the days of a month."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.jars import HealthEvidence, jar_facts
from battery_assets.platform.assets import materializes
from battery_assets.platform.days import together
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.charge_state import ChargeState

CLOCK_DAYS = 4  # hold the 72 h of float that make a jar full
JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm"]


@dg.asset(
    **materializes(
        t.telemetry_jar_calc,
        reads=[t.telemetry_jar_raw, t.telemetry_string_raw, t.string, t.battery, t.battery_model],
        history=[t.impedance_measurement_raw, t.capacity_test_raw],
        history_months=12,
        earlier=[t.telemetry_jar_calc, t.digital_twin_state],
    )
)
def telemetry_jar_calc(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.telemetry_jar_calc, context)
    return warehouse.replace(t.telemetry_jar_calc, part, _days(warehouse, part))


def _days(warehouse: Warehouse, part: Part) -> Iterator[tuple[date, pl.DataFrame]]:
    from battery_assets.features.charge_state import charge_state_day

    jars = jar_facts(warehouse, part)
    evidence = HealthEvidence.of(warehouse, part, jars)
    state = _carried(warehouse, part, jars)
    wanted = {t.telemetry_jar_raw: JAR_COLUMNS, t.telemetry_string_raw: None}
    for day, (rows, strings) in together(warehouse, part, wanted):
        evidence.add_day(rows)
        health = evidence.health(day)
        soc, state = charge_state_day(rows, strings, jars, health["soh_pct"].to_numpy(), state)
        soh = dict(zip(health["battery_id"], health["soh_pct"], strict=True))
        yield day, soc.with_columns(soh_pct=_of_unit(soc["battery_id"], soh))


def _carried(warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> "ChargeState | None":
    """The charge that the month before ended with; None where that month was never calculated."""
    from battery_assets.features.charge_state import carried_charge_state

    days = warehouse.days_of(t.telemetry_jar_calc, part.before)
    if not days:
        return None
    columns = ["battery_id", "soc_pct", "soc_quality"]
    [(_, rows)] = warehouse.days(t.telemetry_jar_calc, part.before, columns, only=days[-1:])
    recent = [day for day in part.before.days if day >= days[-1] - timedelta(days=CLOCK_DAYS - 1)]
    strings = warehouse.days(t.telemetry_string_raw, part.before, only=recent)
    return carried_charge_state(rows.group_by("battery_id").last(), (frame for _, frame in strings), jars)


def _of_unit(units: pl.Series, values: dict[str, float]) -> pl.Series:
    """The value of each row's unit; dictionary codes make it one lookup a row."""
    if units.dtype != pl.Enum:
        return units.cast(pl.String).replace_strict(values, default=None, return_dtype=pl.Float32)
    by_code = np.array([values.get(unit, np.nan) for unit in units.dtype.categories], dtype=np.float32)
    return pl.Series(by_code[units.to_physical().to_numpy()], nan_to_null=True)
