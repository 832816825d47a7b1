"""Laws that aggregates obey: one law of temperature for readings and for tests, and a sound site."""

from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.jars import jars_of
from battery_assets.platform.checks import invariant_check
from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.invariants.verdict import Verdict

# A discharge in the hour, or more than the charger's wander, and the hour tells nothing of the setpoint.
CALM_V = 0.05


def ohmic_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Readings are brought to 25 degC by the one law of conduction, 4.4 kJ/mol."""
    from battery_assets.features.invariants import temperature_laws as law

    raw = warehouse.read(t.impedance_measurement_raw, part).collect()
    calc = warehouse.read(t.impedance_measurement_calc, part).collect()
    return law.ohmic_law(raw.join(calc, on="measurement_id"), jars_of(warehouse, part).codes)


def capacity_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Tested capacities are brought to 25 degC as IEC 60896 does."""
    from battery_assets.features.invariants import temperature_laws as law

    jars = jars_of(warehouse, part)
    raw = warehouse.read(t.capacity_test_raw, part).collect()
    calc = warehouse.read(t.capacity_test_calc, part).collect()
    strings = jars.strings.rename({"capacity_ah": "rated_ah"})
    tests = raw.join(calc, on="test_id").join(strings, on="string_id")
    return law.capacity_law(tests, jars.codes)


def _hours(warehouse: Warehouse, part: Part, names: list[str]) -> pl.DataFrame:
    one_hour = t.feature_store.c.feature_window_hours == 1
    return warehouse.read(
        t.feature_store, part, ["feature_ts", "battery_id", *names], where=one_hour
    ).collect()


def float_compensation(warehouse: Warehouse, part: Part) -> "Verdict":
    """The float voltage falls with temperature, or stays; it never rises."""
    from battery_assets.features.invariants import operation as law

    jars = jars_of(warehouse, part)
    own = jars.facts.select("battery_id", "string_id", "float_voltage_min_v", "float_voltage_max_v")
    hours = _hours(warehouse, part, ["v_mean", "v_std", "t_mean", "discharge_cycles_count"])
    strings = (
        hours.join(own, on="battery_id")
        .group_by("string_id", hour="feature_ts")
        .agg(
            jar_v=pl.col("v_mean").mean(),
            mean_c=pl.col("t_mean").mean(),
            loud=pl.col("v_std").max(),
            events=pl.col("discharge_cycles_count").max(),
        )
        .filter(pl.col("loud") < CALM_V, pl.col("events") == 0, pl.col("jar_v").is_between(13.0, 14.1))
        .sort("string_id", "hour")
    )
    return law.float_compensation(strings.select("string_id", "hour", "jar_v", "mean_c"), jars.codes)


def no_jar_below_its_room(warehouse: Warehouse, part: Part) -> "Verdict":
    """No jar is colder than its room by 5 K for hours."""
    from battery_assets.features.invariants import operation as law

    hours = _hours(warehouse, part, ["t_delta_ambient_mean"])
    return law.no_jar_below_its_room(hours, jars_of(warehouse, part).codes)


ohmic_law_check = invariant_check(
    t.impedance_measurement_calc, ohmic_law, also_reads=[t.impedance_measurement_raw]
)
capacity_law_check = invariant_check(t.capacity_test_calc, capacity_law, also_reads=[t.capacity_test_raw])
float_compensation_check = invariant_check(t.feature_store, float_compensation, blocking=False)
no_jar_below_its_room_check = invariant_check(t.feature_store, no_jar_below_its_room, blocking=False)
