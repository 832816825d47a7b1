"""Laws that aggregates obey: one law of temperature for readings and for tests, and a sound site."""

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import feature_days, stacked
from battery_assets.fleet.jars import Jars, jars_of
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.saved import Value
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty

if TYPE_CHECKING:
    from battery_assets.features.laws.verdict import Verdict

# A discharge in the hour, or more than the charger's wander, and the hour tells nothing of the setpoint.
CALM_V = 0.05
NO_HOURS = empty(t.feature_store).select(
    string_id="battery_id", hour="feature_ts", jar_v="v_mean", mean_c="t_mean"
)


def ohmic_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Readings are brought to 25 degC by the one law of conduction, 4.4 kJ/mol."""
    from battery_assets.features.laws import temperature_laws as law

    raw = warehouse.read(t.impedance_measurement_raw, part).collect()
    calc = warehouse.read(t.impedance_measurement_calc, part).collect()
    return law.ohmic_law(raw.join(calc, on="measurement_id"), jars_of(warehouse, part).codes)


def capacity_law(warehouse: Warehouse, part: Part) -> "Verdict":
    """Tested capacities are brought to 25 degC and to the rating that the data sheet prints."""
    from battery_assets.features.laws import temperature_laws as law

    jars = jars_of(warehouse, part)
    raw = warehouse.read(t.capacity_test_raw, part).collect()
    calc = warehouse.read(t.capacity_test_calc, part).collect()
    strings = jars.strings.rename({"capacity_ah": "rated_ah"})
    tests = raw.join(calc, on="test_id").join(strings, on="string_id")
    return law.capacity_law(tests, jars.codes)


def float_compensation(warehouse: Warehouse, part: Part) -> "Verdict":
    """The float voltage falls with temperature, or stays; it never rises."""
    from battery_assets.features.laws import operation as law

    jars = jars_of(warehouse, part)
    strings = [day["strings"] for day in _days_of_hours(warehouse, part, jars)]
    return law.float_compensation(pl.concat([NO_HOURS, *strings]).sort("string_id", "hour"), jars.codes)


def no_jar_below_its_room(warehouse: Warehouse, part: Part) -> "Verdict":
    """No jar is colder than its room by 5 K for hours."""
    from battery_assets.features.laws import operation as law

    jars = jars_of(warehouse, part)
    days = _days_of_hours(warehouse, part, jars)
    return law.no_jar_below_its_room([(day["cold"], int(day["judged"])) for day in days], jars.codes)


def _days_of_hours(warehouse: Warehouse, part: Part, jars: Jars) -> list[dict[str, Any]]:
    """What the features of each day's hours say of floats and rooms."""
    from battery_assets.features.laws.operation import room_evidence

    own = jars.facts.select("battery_id", "string_id").sort("battery_id")
    digests = warehouse.day_digests(t.feature_store, part)
    inputs = {day: digest(sha256, own) for day, sha256 in digests.items() if sha256}

    def evidence(_: date, rows: pl.DataFrame) -> dict[str, Value]:
        hours = stacked([rows])
        cold, judged = room_evidence(hours.select("battery_id", "feature_ts", "t_delta_ambient_mean"))
        return {"strings": _floats(hours, own), "cold": cold, "judged": np.array(judged)}

    days = feature_days(warehouse, part)
    return list(reduce_days(warehouse, "floats", part, inputs, days, evidence, by=__name__).values())


def _floats(hours: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Mean jar voltage and temperature of each string in the hours in which it floats undisturbed."""
    return (
        hours.join(own, on="battery_id")
        .sort("battery_id", "feature_ts")
        .group_by("string_id", hour="feature_ts")
        .agg(
            jar_v=pl.col("v_mean").mean(),
            mean_c=pl.col("t_mean").mean(),
            loud=pl.col("v_std").max(),
            events=pl.col("discharge_cycles_count").max(),
        )
        .filter(pl.col("loud") < CALM_V, pl.col("events") == 0, pl.col("jar_v").is_between(13.0, 14.1))
        .select(NO_HOURS.columns)
    )


ohmic_law_check = invariant_check(
    t.impedance_measurement_calc, ohmic_law, also_reads=[t.impedance_measurement_raw]
)
capacity_law_check = invariant_check(t.capacity_test_calc, capacity_law, also_reads=[t.capacity_test_raw])
float_compensation_check = invariant_check(t.feature_store, float_compensation, blocking=False)
no_jar_below_its_room_check = invariant_check(t.feature_store, no_jar_below_its_room, blocking=False)
