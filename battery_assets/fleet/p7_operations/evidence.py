"""What the rules of operations look at: a month of a site and the month before it, reduced to hours.

Of the month before come its hours alone: what held at its end is carried over its turn.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.features.samples.blocks import in_six_cells
from battery_assets.fleet.doubted_tests import tests_doubted
from battery_assets.fleet.hours import JARS, SENSORS, STRINGS, feature_hours, month_hours, stacked
from battery_assets.fleet.jars import jar_facts, jars_per_string, masters_left_out, rated_ah, site_history
from battery_assets.fleet.quarantine import broken_laws, quarantine_objections
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.operations.alert_signals import AlertInputs

LAST_MOMENT = timedelta(seconds=1)
# What is a voltage of a jar, or grows with its cells: rules are written for six of them.
JAR_LIMITS = ("float_voltage_min_v", "float_voltage_max_v", "boost_voltage_min_v")
JAR_VOLTS = ("v_mean", "v_min", "v_max", "v_low_30min", "v_high_30min", "v_low_15s")
STRING_VOLTS = (
    "v_mean", "v_min", "v_max", "float_voltage_v", "equalize_max_v", "ripple_voltage_v",
    "ripple_voltage_10min_v",
)  # fmt: skip


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
    from battery_assets.features.operations.scale_objections import without_consequences
    from battery_assets.features.samples.blocks import cells_of
    from battery_assets.features.samples.profiles import resistance_readings, room_hours

    jars = placed_jars(warehouse, part)
    cells, of_strings = cells_of(jars, "battery_id"), cells_of(jars, "string_id")
    sensors = warehouse.read(t.environmental_sensor, part, ["sensor_id", "location_id"]).collect()
    jar_month, string_month, room_month = (
        month_hours(warehouse, part, each) for each in (JARS, STRINGS, SENSORS)
    )
    of_rooms = room_month["left_out"].join(sensors, left_on="unit_id", right_on="sensor_id")
    left_out = pl.concat(
        [
            jar_month["left_out"],
            string_month["left_out"],
            of_rooms.with_columns(unit_id="location_id").select(room_month["left_out"].columns),
        ]
    )
    broken = broken_laws(warehouse, part)
    left_out = pl.concat([left_out, quarantine_objections(broken).select(left_out.columns)])
    objections = _objections(warehouse, part, jars, left_out)
    held = jars.filter(pl.col("string_id").is_in([finding.string_id for _, finding, _ in broken]))
    jars = in_six_cells(jars, "battery_id", cells, JAR_LIMITS)
    jar = in_six_cells(jar_month["hours"], "battery_id", cells, JAR_VOLTS)
    string = in_six_cells(string_month["hours"], "string_id", of_strings, STRING_VOLTS)
    if jar.height or string.height:
        objections_found = without_consequences(
            findings(telemetry_evidence(jar, string, jars), jars), left_out, jars
        )
        objections = pl.concat([objections_found, objections])
    both = [
        stacked([month_hours(warehouse, part.before, each)["hours"], month["hours"]])
        for each, month in ((JARS, jar_month), (STRINGS, string_month), (SENSORS, room_month))
    ]
    of_jars = _jar_hours(warehouse, part, both[0], cells)
    if of_jars is not None and held.height:
        of_jars = _with_volts(of_jars, in_six_cells(both[0], "battery_id", cells, JAR_VOLTS), held)
    strings = in_six_cells(both[1], "string_id", of_strings, STRING_VOLTS)
    return AlertInputs(
        jars=jars,
        start=part.start,
        end=part.end,
        hours=of_jars,
        strings_hours=strings if strings.height else None,
        env=room_hours(both[2], sensors) if both[2].height else None,
        soh=_health(warehouse, part, jars),
        resistance=None if of_jars is None else resistance_readings(of_jars, _impedance(warehouse, part)),
        rul=_within(warehouse.read(t.rul_prediction, part).collect(), "predicted_at", part),
        data_quality=objections if jar.height or string.height or objections.height else None,
        quarantined=frozenset([*held["string_id"], *held["battery_id"]]),
    )


def _with_volts(hours: pl.DataFrame, jar_hours: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Hours of features with the voltages that jars of quarantined strings showed: safety looks at them."""
    own = held.select(pl.col("battery_id").cast(pl.String))
    shown = (
        jar_hours.with_columns(pl.col("battery_id").cast(pl.String))
        .join(own, on="battery_id", how="semi")
        .select("battery_id", *JAR_VOLTS[:2], feature_ts=pl.col("hour").dt.offset_by("1h"))
    )
    filled = hours.join(shown, on=["battery_id", "feature_ts"], how="left", suffix="_shown")
    volts = [pl.coalesce(name, pl.col(f"{name}_shown").cast(hours[name].dtype)) for name in JAR_VOLTS[:2]]
    return filled.with_columns(volts).select(hours.columns)


def _jar_hours(
    warehouse: Warehouse, part: Part, kept: pl.DataFrame, cells: dict[str, float]
) -> pl.DataFrame | None:
    """The features of hours of both months beside what samples held in them, volts as those of six cells."""
    from battery_assets.features.samples.jar_hours import HELD

    features = [rows for month in (part.before, part) for rows in feature_hours(warehouse, month).values()]
    if not features:
        return None
    names = [each.name for each in HELD]
    kept = kept.select("battery_id", *names, feature_ts=pl.col("hour").dt.offset_by("1h"))
    hours = stacked(features).join(kept, on=["battery_id", "feature_ts"], how="left", validate="1:1")
    return in_six_cells(hours, "battery_id", cells, JAR_VOLTS)


def _objections(warehouse: Warehouse, part: Part, jars: pl.DataFrame, left_out: pl.DataFrame) -> pl.DataFrame:
    """Objections to what was left out of the month's days, rounds and master data, and to its tests."""
    from battery_assets.features.credible.days import credible_rounds
    from battery_assets.features.operations.plain_objections import claim_findings, outside_findings
    from battery_assets.features.operations.scale_objections import scale_findings

    masters = masters_left_out(warehouse, part)
    _, rounds = credible_rounds(warehouse.read(t.impedance_measurement_raw, part).collect(), jars)
    of_records = pl.concat([rounds, masters.with_columns(day=pl.lit(part.start.date()))])
    doubted = pl.concat([left_out, of_records.with_columns(stays=pl.lit(value=True))], how="diagonal")
    tests = warehouse.read(t.capacity_test_raw, part).collect()
    claims = tests_doubted(warehouse, part, tests, jars, rated_ah(jars), jars_per_string(jars))
    last = (part.end - LAST_MOMENT).date()
    return pl.concat(
        [
            scale_findings(doubted, jars),
            outside_findings(jars, part.start.date(), last),
            claim_findings(claims, jars),
        ]
    )


def _health(warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> pl.DataFrame:
    from battery_assets.features.samples.service import still_there

    states = warehouse.read(t.digital_twin_state, part, ["battery_id", "captured_at", "soh_pct"]).collect()
    states = still_there(states, jars, "captured_at")
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
