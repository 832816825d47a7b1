"""What the rules of operations look at: a month of a site, reduced to hours."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.doubted_tests import tests_doubted
from battery_assets.fleet.jars import (
    feature_hours,
    jar_facts,
    jars_per_string,
    made_from,
    rated_ah,
    rated_models,
    site_history,
)
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
SIZES = ["nominal_v", "cells", "lead_acid", "chemistry", "batteries_count", "string_nominal_v"]
# What is a voltage of a jar, or grows with its cells: rules are written for six of them.
JAR_LIMITS = ("float_voltage_min_v", "float_voltage_max_v", "boost_voltage_min_v")
JAR_VOLTS = ("v_mean", "v_min", "v_max")
STRING_VOLTS = (
    *JAR_VOLTS, "float_voltage_v", "equalize_max_v", "ripple_voltage_v", "ripple_voltage_10min_v",
)  # fmt: skip


@dataclass(frozen=True)
class Codes:
    """A site's master data as operations name it: jars in service during the month, strings, places."""

    jars: pl.DataFrame
    strings: pl.DataFrame
    locations: pl.DataFrame


def codes_of(warehouse: Warehouse, part: Part) -> Codes:
    """Jars with the codes of their string and place. A jar that is replaced later still serves this month."""
    from battery_assets.features.samples import profiles

    facts = jar_facts(warehouse, part)
    serving = facts.select(*polars_schema(t.battery)).with_columns(status=pl.lit("active"))
    strings = warehouse.read(t.string, part).collect()
    locations = warehouse.read(t.location, part).collect()
    systems = warehouse.read(t.battery_system, part).collect()
    jars = profiles.jar_facts(serving, strings, systems, rated_models(warehouse), locations)
    jars = jars.join(facts.select("battery_id", *SIZES), on="battery_id", how="left", validate="1:1")
    return Codes(jars, strings, locations)


def alert_inputs(warehouse: Warehouse, part: Part) -> tuple["AlertInputs", dict[str, int]]:
    """Everything that the month offers to the alert rules, and how many days were worked out for it."""
    from battery_assets.features.operations.alert_signals import AlertInputs
    from battery_assets.features.samples.blocks import cells_of, in_six_cells
    from battery_assets.features.samples.profiles import resistance_readings

    jars = codes_of(warehouse, part).jars
    sensors = warehouse.read(t.environmental_sensor, part, ["sensor_id", "location_id"]).collect()
    read = Inputs(warehouse, part, WANTED)
    features = warehouse.day_digests(t.feature_store, part)
    given = {day: digest(files, features[day]) for day, files in read.digests.items()}
    cells = cells_of(jars, "battery_id")
    with warehouse.reductions("alert", part, made_from(given, sensors, jars), by=__name__) as due:
        for day, frames in read.walk(due.days):
            hours = in_six_cells(
                feature_hours(warehouse, part, day, HOUR_COLUMNS), "battery_id", cells, JAR_VOLTS
            )
            due.hand_on(day, hours=_compact(hours), **_reduced(*frames, sensors, jars))
    days = list(due.handed_on())
    jars = in_six_cells(jars, "battery_id", cells, JAR_LIMITS)
    hours, jar, strings, rooms = (_stacked(days, name) for name in ("hours", "jars", "strings", "rooms"))
    judged = [
        (day, values["judged"].with_columns(pl.col(pl.Categorical).cast(pl.String))) for day, values in days
    ]
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
        data_quality=_objections(warehouse, part, jars, judged, jar, strings),
    )
    return inputs, due.shown


def _objections(
    warehouse: Warehouse,
    part: Part,
    jars: pl.DataFrame,
    judged: list[tuple[date, pl.DataFrame]],
    jar: pl.DataFrame | None,
    strings: pl.DataFrame | None,
) -> pl.DataFrame | None:
    """What is objected to in the month's data; None where there are none."""
    from battery_assets.features.believed.days import believed_baselines, believed_rounds
    from battery_assets.features.operations.data_quality import findings, telemetry_evidence
    from battery_assets.features.operations.plain_objections import claim_findings, outside_findings
    from battery_assets.features.operations.scale_objections import (
        scale_findings,
        without_consequences,
    )

    rounds = warehouse.read(t.impedance_measurement_raw, part).collect()
    first = warehouse.read(t.battery, part, ["battery_id", "initial_resistance_mohm"]).collect()
    _, of_rounds = believed_rounds(rounds, jars)
    _, baselines = believed_baselines(jars.join(first, on="battery_id", how="left"))
    left_out = scale_findings([*judged, *of_rounds, (part.start.date(), baselines)], jars)
    tests = warehouse.read(t.capacity_test_raw, part).collect()
    sizes = rated_ah(jars), jars_per_string(jars)
    told = [
        left_out,
        outside_findings(jars, part.start.date(), (part.end - LAST_MOMENT).date()),
        claim_findings(tests_doubted(warehouse, part, tests, jars, *sizes), jars),
    ]
    if jar is None or strings is None:
        return pl.concat(told) if any(rows.height for rows in told) else None
    found = findings(telemetry_evidence(jar, strings, jars), jars)
    return pl.concat([without_consequences(found, left_out, jars), *told])


def _reduced(
    jar_rows: pl.DataFrame,
    string_rows: pl.DataFrame,
    env: pl.DataFrame,
    sensors: pl.DataFrame,
    jars: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """A day of telemetry as hours of jars, of strings and of rooms, and what of it was left out."""
    from battery_assets.features.believed.days import believed_jars, believed_rooms, believed_strings
    from battery_assets.features.samples.blocks import cells_of, in_six_cells
    from battery_assets.features.samples.jar_hours import jar_hours
    from battery_assets.features.samples.profiles import room_hours, string_hours

    rows, of_jars = believed_jars(jar_rows, jars)
    loads, of_strings = believed_strings(string_rows, jars)
    air, of_rooms = believed_rooms(env, sensors)
    strings = string_hours(loads.with_columns(pl.col("string_id", "mode").cast(pl.String)))
    rooms = room_hours(air.with_columns(pl.col("sensor_id", "hvac_status").cast(pl.String)), sensors)
    found = {
        "jars": in_six_cells(jar_hours(rows), "battery_id", cells_of(jars, "battery_id"), JAR_VOLTS),
        "strings": in_six_cells(strings, "string_id", cells_of(jars, "string_id"), STRING_VOLTS),
        "rooms": rooms,
        "judged": pl.concat([of_jars, of_strings, of_rooms]),
    }
    return {name: _compact(rows) for name, rows in found.items()}


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with each text kept once."""
    return rows.with_columns(pl.col(pl.String).cast(pl.Categorical))


def _stacked(days: list[tuple[date, dict[str, pl.DataFrame]]], name: str) -> pl.DataFrame | None:
    if not days:
        return None
    rows = pl.concat([values[name] for _, values in days], how="diagonal")
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
