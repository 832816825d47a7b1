"""What the rules of operations look at: a month of a site, reduced to hours."""

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import JARS, SENSORS, STRINGS, feature_hours, month_hours, stacked
from battery_assets.fleet.jars import jar_facts, site_history
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.operations.alert_signals import AlertInputs

LAST_MOMENT = timedelta(seconds=1)


def placed_jars(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Jars with the codes of their string and place. A jar that is replaced later still serves this month."""
    from battery_assets.features.samples.profiles import jars_in_places

    locations = warehouse.read(t.location, part, ["location_id", "location_code"]).collect()
    systems = warehouse.read(t.battery_system, part, ["system_id", "location_id"]).collect()
    return jars_in_places(jar_facts(warehouse, part), systems, locations)


def alert_inputs(warehouse: Warehouse, part: Part) -> "AlertInputs":
    """Everything that the month offers to the alert rules."""
    from battery_assets.features.operations.alert_signals import AlertInputs
    from battery_assets.features.operations.data_quality import findings, telemetry_evidence
    from battery_assets.features.samples.profiles import resistance_readings, room_hours

    jars = placed_jars(warehouse, part)
    sensors = warehouse.read(t.environmental_sensor, part, ["sensor_id", "location_id"]).collect()
    jar, string, rooms = (month_hours(warehouse, part, each)["hours"] for each in (JARS, STRINGS, SENSORS))
    features = feature_hours(warehouse, part).values()
    hours = stacked(features) if features else None
    sent = jar.height or string.height
    return AlertInputs(
        jars=jars,
        start=part.start,
        end=part.end,
        hours=hours,
        strings_hours=string if string.height else None,
        env=room_hours(rooms, sensors) if rooms.height else None,
        soh=_health(warehouse, part),
        resistance=None if hours is None else resistance_readings(hours, _impedance(warehouse, part)),
        rul=_within(warehouse.read(t.rul_prediction, part).collect(), "predicted_at", part),
        data_quality=findings(telemetry_evidence(jar, string, jars), jars) if sent else None,
    )


def _health(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    states = warehouse.read(t.digital_twin_state, part, ["battery_id", "captured_at", "soh_pct"]).collect()
    return _within(states.rename({"captured_at": "at"}), "at", part).with_columns(
        source=pl.lit("digital_twin")
    )


def _within(rows: pl.DataFrame, instant: str, part: Part) -> pl.DataFrame:
    """What is said at the first instant of the next month is said of this one: bring it inside."""
    return rows.with_columns(pl.min_horizontal(instant, pl.lit(part.end - LAST_MOMENT)))


def _impedance(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    raw = site_history(warehouse, t.impedance_measurement_raw, part, 12)
    calc = site_history(warehouse, t.impedance_measurement_calc, part, 12)
    return raw.select("measurement_id", "battery_id", "measured_at").join(calc, on="measurement_id")
