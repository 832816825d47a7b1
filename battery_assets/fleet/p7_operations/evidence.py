"""What the rules of operations look at: a month of a site, reduced to hours."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import feature_hours, jar_facts, made_from, site_history
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import polars_schema

if TYPE_CHECKING:
    from battery_assets.features.operations.alert_signals import AlertInputs

WANTED = {t.telemetry_jar_raw: None, t.telemetry_string_raw: None, t.telemetry_env: None}
# What the rules look at of an hour; the table has more, and a month of it is large.
HOUR_COLUMNS = [
    "feature_ts",
    "battery_id",
    "v_mean",
    "v_min",
    "t_mean",
    "t_max",
    "t_delta_ambient_mean",
    "r_internal_latest",
    "r_internal_baseline_pct",
]
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


def alert_inputs(warehouse: Warehouse, part: Part) -> tuple["AlertInputs", dict[str, int]]:
    """Everything that the month offers to the alert rules, and how many days were worked out for it."""
    from battery_assets.features.operations.alert_signals import AlertInputs
    from battery_assets.features.operations.data_quality import findings, telemetry_evidence
    from battery_assets.features.samples.profiles import resistance_readings

    jars = codes_of(warehouse, part).jars
    sensors = warehouse.read(t.environmental_sensor, part, ["sensor_id", "location_id"]).collect()
    read = Inputs(warehouse, part, WANTED)
    features = warehouse.day_digests(t.feature_store, part)
    given = {day: digest(files, features[day]) for day, files in read.digests.items()}
    with warehouse.reductions("alert", part, made_from(given, sensors), by=__name__) as due:
        for day, (jar_rows, string_rows, env) in read.walk(due.days):
            made = _compact(feature_hours(warehouse, part, day, HOUR_COLUMNS))
            due.hand_on(day, hours=made, **_reduced(jar_rows, string_rows, env, sensors))
    days = [values for _, values in due.handed_on()]
    hours, jar, strings, rooms = (_stacked(days, name) for name in ("hours", "jars", "strings", "rooms"))
    inputs = AlertInputs(
        jars=jars,
        start=part.start,
        end=part.end,
        hours=hours,
        strings_hours=strings,
        env=rooms,
        soh=_health(warehouse, part),
        resistance=None if hours is None else resistance_readings(hours, _impedance(warehouse, part)),
        rul=_within(warehouse.read(t.rul_prediction, part).collect(), "predicted_at", part),
        data_quality=(
            None if jar is None or strings is None else findings(telemetry_evidence(jar, strings, jars), jars)
        ),
    )
    return inputs, due.shown


def _reduced(
    jar_rows: pl.DataFrame, string_rows: pl.DataFrame, env: pl.DataFrame, sensors: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """A day of telemetry as hours of jars, of strings and of rooms."""
    from battery_assets.features.samples.jar_hours import jar_hours
    from battery_assets.features.samples.profiles import room_hours, string_hours

    strings = string_hours(string_rows.with_columns(pl.col("string_id", "mode").cast(pl.String)))
    rooms = room_hours(env.with_columns(pl.col("sensor_id", "hvac_status").cast(pl.String)), sensors)
    found = {"jars": jar_hours(jar_rows), "strings": strings, "rooms": rooms}
    return {name: _compact(rows) for name, rows in found.items()}


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with each text kept once."""
    return rows.with_columns(pl.col(pl.String).cast(pl.Categorical))


def _stacked(days: list[dict[str, pl.DataFrame]], name: str) -> pl.DataFrame | None:
    if not days:
        return None
    rows = pl.concat([values[name] for values in days], how="diagonal")
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


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
