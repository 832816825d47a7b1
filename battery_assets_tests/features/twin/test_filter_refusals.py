"""What the filter rejects or refuses by name."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.twin.filter import initial_twin_state, twin_day
from battery_assets.features.twin.jar_model import (
    R0_OHM,
    SHARED,
    TwinParameters,
    loaded_v,
)
from battery_assets_tests.worlds.estimation import world
from battery_assets_tests.worlds.months.filtered import DAY, float_day, parameters
from battery_assets_tests.worlds.months.telemetry_days import units


def test_a_sensor_that_stands_still_is_not_read():
    rng = np.random.default_rng(6)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0, 0.0), "a", 60.0, 60.0)
    start = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
    stuck = pl.when(pl.col("ts").is_between(start, start + timedelta(minutes=20))).then(12.4)
    held = day.jars_day.with_columns(voltage_v=stuck.otherwise(pl.col("voltage_v")).cast(pl.Float32))
    jars = world.units(["a"])
    good = twin_day(day.jars_day, day.strings_day, jars, parameters("a"))
    after = twin_day(held, day.strings_day, jars, parameters("a"))
    assert after.counts[0, 2] > 200
    assert after.x[0, 0] == pytest.approx(good.x[0, 0], abs=0.01)


def test_a_wild_voltage_is_rejected():
    rng = np.random.default_rng(7)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0, 0.0), "a", 60.0, 40.0)
    wild = pl.when(pl.int_range(pl.len()) % 50 == 0).then(10.0).otherwise(pl.col("voltage_v"))
    jars = world.units(["a"])
    good = twin_day(day.jars_day, day.strings_day, jars, parameters("a"))
    odd = twin_day(
        day.jars_day.with_columns(voltage_v=wild.cast(pl.Float32)), day.strings_day, jars, parameters("a")
    )
    assert odd.counts[0, 1] > 10
    assert odd.x[0, 0] == pytest.approx(good.x[0, 0], abs=0.005)


def test_a_current_of_the_wrong_sign_is_refused_by_name():
    rng = np.random.default_rng(9)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0), "a", 60.0, 30.0)
    turned = day.strings_day.with_columns(current_a=-pl.col("current_a"))
    with pytest.raises(ValueError, match=r"string a: current_a is positive in .* positive current charges"):
        twin_day(day.jars_day, turned, world.units(["a"]), parameters("a"))
    named = world.units(["a"]).with_columns(string_code=pl.lit("UPS 1 B"))
    told = r"string UPS 1 B: .*; next step: .*--contract positive_current=discharges"
    with pytest.raises(ValueError, match=told):
        twin_day(day.jars_day, turned, named, parameters("a"))


def test_swapped_columns_are_refused_by_name():
    rng = np.random.default_rng(9)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0), "a", 60.0, 30.0)
    swapped = day.jars_day.rename({"voltage_v": "temperature_c", "temperature_c": "voltage_v"})
    with pytest.raises(ValueError, match="voltage_v and temperature_c look swapped; next step: "):
        twin_day(swapped, day.strings_day, world.units(["a"]), parameters("a"))
    calm = day.strings_day.with_columns(voltage_v=pl.col("current_a"), current_a=24.0 * pl.col("voltage_v"))
    with pytest.raises(ValueError, match="the two columns look swapped; next step: "):
        twin_day(day.jars_day, calm.with_columns(mode=pl.lit("float")), world.units(["a"]), parameters("a"))


def test_a_parameter_that_no_jar_can_have_is_refused_by_name():
    values = parameters("a", "b").values.copy()
    values[1, R0_OHM] = -0.004
    with pytest.raises(ValueError, match=r"r0_ohm of jar b is -0\.004"):
        TwinParameters(("a", "b"), values)


def test_a_state_or_parameters_of_other_jars_are_refused():
    jars_day, strings_day = float_day(DAY)
    state = initial_twin_state(jars_day, strings_day, units("a"))
    with pytest.raises(
        ValueError, match=r"parameter set is of other jars: gone \['b'\], new \['a'\]; next step: "
    ):
        twin_day(jars_day, strings_day, units("a"), parameters("b"), state)
    with pytest.raises(ValueError, match=r"state is of other jars: .*; next step: "):
        twin_day(jars_day, strings_day, units("b"), parameters("b"), state)


def test_the_derivatives_of_the_voltage_are_those_of_its_values():
    p = parameters("a").values[0]
    for drawn, soc, x in ((0.0, 0.9, 0.0), (60.0, 0.6, 0.1), (150.0, 0.4, 0.15), (12.0, 0.1, 0.02)):
        volts, by_soc, by_x = loaded_v(p, SHARED, drawn, soc, 0.0, x, 20.0)
        step = 1e-6
        assert (loaded_v(p, SHARED, drawn, soc + step, 0.0, x, 20.0)[0] - volts) / step == pytest.approx(
            by_soc, rel=1e-3
        )
        assert (loaded_v(p, SHARED, drawn, soc, 0.0, x + step, 20.0)[0] - volts) / step == pytest.approx(
            by_x, rel=1e-3
        )
