"""What the rules of operations look at: a month of a site, reduced to hours."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import JARS, SENSORS, STRINGS, feature_hours, month_hours, stacked
from battery_assets.fleet.jars import jar_facts, site_history
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import polars_schema

if TYPE_CHECKING:
    from battery_assets.features.operations.alert_signals import AlertInputs

LAST_MOMENT = timedelta(seconds=1)
MODEL_COLUMNS = [
    "model_id",
    "capacity_ah",
    "float_voltage_min_v",
    "float_voltage_max_v",
    "boost_voltage_min_v",
    "max_charge_current_a",
]


@dataclass(frozen=True)
class Codes:
    """A site's master data as operations name it: jars in service during the month, strings, places."""

    jars: pl.DataFrame
    strings: pl.DataFrame
    locations: pl.DataFrame


def codes_of(warehouse: Warehouse, part: Part) -> Codes:
    """Jars with the codes of their string and place. A jar that is replaced later still serves this month."""
    from battery_assets.features.samples import profiles

    serving = (
        jar_facts(warehouse, part).select(*polars_schema(t.battery)).with_columns(status=pl.lit("active"))
    )
    strings = warehouse.read(t.string, part).collect()
    locations = warehouse.read(t.location, part).collect()
    systems = warehouse.read(t.battery_system, part).collect()
    models = warehouse.read(t.battery_model, columns=MODEL_COLUMNS).collect()
    return Codes(profiles.jar_facts(serving, strings, systems, models, locations), strings, locations)


def alert_inputs(warehouse: Warehouse, part: Part) -> "AlertInputs":
    """Everything that the month offers to the alert rules."""
    from battery_assets.features.operations.alert_signals import AlertInputs
    from battery_assets.features.operations.data_quality import findings, telemetry_evidence
    from battery_assets.features.samples.profiles import resistance_readings, room_hours

    jars = codes_of(warehouse, part).jars
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
