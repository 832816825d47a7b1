"""What a rule says over hours and months: it falls again, it is carried over a turn, it knows no tomorrow."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alert_signals import AlertInputs
from battery_assets.features.operations.alerts import alerts
from battery_assets_tests.worlds import operations as world

RULES = thresholds()
JAR = pl.col("battery_id") == world.JAR
HOUR = timedelta(hours=1)
FELL = world.START + timedelta(hours=60)


def of(inputs: AlertInputs, signal: str) -> pl.DataFrame:
    """The alerts that a signal leads, with the highest severity that they reached."""
    told = pl.col("context_json")
    found = alerts(inputs, RULES).with_columns(highest=told.str.json_path_match("$.highest"))
    return found.filter(told.str.json_path_match("$.signal") == signal)


def jar(column: str, values: dict[int, float]) -> AlertInputs:
    """The jar takes values from hours on, each until the next one."""
    hour = (pl.col("feature_ts") - world.START).dt.total_hours() - 1
    value = pl.col(column)
    for begin, x in values.items():
        value = pl.when(JAR & (hour >= begin)).then(pl.lit(x)).otherwise(value)
    rows = world.jar_hours().with_columns(value.alias(column))
    return world.quiet(hours=rows.with_columns(t_mean=pl.col("t_max") - 0.2))


def floats(values: dict[int, float]) -> AlertInputs:
    """String `a` takes mA/Ah from hours on."""
    hour = (pl.col("hour") - world.START).dt.total_hours()
    value = pl.lit(0.0)
    for begin, x in values.items():
        value = (
            pl.when((pl.col("string_id") == "a") & (hour >= begin)).then(pl.lit(x * 0.12)).otherwise(value)
        )
    return world.quiet(strings_hours=world.string_hours().with_columns(float_current_a=value))


def room(flags: list[int]) -> AlertInputs:
    """A cooling unit that reports a fault in the hours of ones."""
    rows = world.room(25.0)
    told = pl.Series(flags + [0] * (rows.height - len(flags)), dtype=pl.Float64)
    return world.quiet(env=rows.with_columns(hvac_fault_15min=told))


@pytest.mark.parametrize(
    ("values", "severities"),
    [
        ({60: 13.62 - 0.35}, ["critical"]),  # a partial short
        ({60: 13.62 - 0.20}, []),  # too little for a short
        ({60: 13.62 - 0.35, 66: 13.62}, []),  # back within hours: no cell
        ({k: 13.62 - 0.35 * (k % 2) for k in range(60, 110)}, []),  # a loose lead
        ({hour: 13.62 - 0.004 * (hour - 10) for hour in range(10, 120)}, []),  # dries out: 0.44 V in days
        ({0: 13.62 - 0.5}, []),  # a new jar that floats low
    ],
)
def test_a_short_is_a_sudden_fall_that_stays(values, severities):
    assert of(jar("v_mean", values), "cell_short")["severity"].to_list() == severities


@pytest.mark.parametrize(
    ("flags", "highest"),
    [
        ([1] * 48, ["warning"]),  # failed for two days: one alert
        ([1] * 3, ["info"]),  # a trip
        ([0] * 48, []),
        ([1, 0] * 12, ["info"] * 12),  # trips again and again: no failed unit
    ],
)
def test_a_failed_cooling_unit_is_one_alert_and_a_trip_is_no_failure(flags, highest):
    found = of(room(flags), "hvac_fault")
    assert found["highest"].to_list() == highest
    assert set(found["location_id"]) <= {world.PLACE}
    assert found["battery_id"].null_count() == found.height


@pytest.mark.parametrize(
    ("values", "severities"),
    [
        ({70: 3.0}, ["warning"]),
        ({70: 0.8}, []),
        (
            {70: 6.0, 71: 4.5, 72: 3.0, 73: 2.0, 74: 1.0, 75: 0.5, 76: 0.0},
            [],
        ),  # a recharge that nobody sampled
        ({k: 3.0 * (k % 2) for k in range(60, 111)}, []),
    ],
)
def test_a_rise_of_the_float_current_stays_and_a_recharge_does_not(values, severities):
    assert of(floats(values), "float_current_rise")["highest"].to_list() == severities


def test_a_severity_falls_again_and_what_was_reached_is_kept():
    [one] = of(jar("t_max", {20: 51.0, 21: 46.0, 22: 36.0}), "jar_temperature").to_dicts()
    assert (one["severity"], one["highest"], one["status"]) == ("info", "critical", "active")
    assert "(35 degC is info)" in one["message"]
    [over] = of(jar("t_max", {20: 51.0, 21: 36.0, 22: 25.2}), "jar_temperature").to_dicts()
    assert (over["severity"], over["status"]) == ("critical", "resolved")


def turned(inputs: AlertInputs, hours: int) -> AlertInputs:
    """The month begins so many hours later than the data."""
    return replace(inputs, start=world.START + hours * HOUR)


def test_an_alert_between_its_limits_is_carried_over_the_months_turn():
    # On at 46, then between the limit (45) and its release (42.75) when the month turns at hour 60.
    inputs = jar("t_max", {50: 46.0, 55: 44.0})
    [whole] = of(turned(inputs, 60), "jar_temperature").to_dicts()
    since = json.loads(whole["context_json"])["since"]
    assert (whole["severity"], whole["triggered_at"]) == ("warning", world.START + 60 * HOUR)
    assert datetime.fromisoformat(since) == world.START + 50 * HOUR
    alone = turned(replace(inputs, hours=inputs.hours.filter(pl.col("feature_ts") > FELL)), 60)
    assert of(alone, "jar_temperature")["severity"].to_list() == ["info"], "without the month before"


def test_the_first_day_of_a_month_is_not_blind():
    inputs = floats({57: 9.0})
    assert of(turned(inputs, 60), "float_current")["triggered_at"].to_list() == [world.START + 62 * HOUR]
    assert of(turned(floats({57: 9.0, 59: 0.0}), 60), "float_current").is_empty()


def test_what_ended_before_the_month_is_not_said_again():
    assert of(turned(jar("t_max", {50: 46.0, 55: 25.2}), 60), "jar_temperature").is_empty()


@pytest.mark.parametrize("signal", ["anomaly_distance", "soh", "rul_days", "jar_temperature"])
def test_no_alert_is_dated_after_the_data(signal):
    values = {"anomaly_distance": 13.0, "soh": 70.0, "rul_days": 10.0, "jar_temperature": 51.0}
    inputs = world.set_to(signal, values[signal])
    end = world.START + 110 * HOUR
    cut = replace(
        inputs,
        hours=inputs.hours.filter(pl.col("feature_ts") <= end),
        strings_hours=inputs.strings_hours.filter(pl.col("hour") < end),
    )
    found = of(cut, signal)
    assert found.height == 1
    assert found["triggered_at"].max() <= end


def test_an_alert_ends_with_its_jar():
    inputs = jar("t_max", {20: 51.0})
    gone = pl.when(JAR).then(pl.lit((world.START + timedelta(days=3)).date()))
    left = replace(inputs, jars=inputs.jars.with_columns(replaced_date=gone))
    [one] = of(left, "jar_temperature").to_dicts()
    assert (one["status"], one["resolved_at"]) == ("resolved", world.START + timedelta(days=3))


def test_a_sentinel_is_the_sensors_and_raises_no_rule():
    hours = world.jar_hours().with_columns(
        world.during("v_mean", -9.99, JAR),
        world.during("t_max", 85.1, JAR),
        world.during("t_mean", 25.0, JAR),
    )
    inputs = world.quiet(hours=hours)
    told = set(alerts(inputs, RULES)["alert_type"])
    assert not told & {"voltage_low", "voltage_high", "temperature_high"}


def test_a_jar_below_its_string_never_floats_high():
    # The charger holds the whole string over the band; one jar is lower than the others.
    volts = pl.when(JAR).then(13.9).otherwise(14.1)
    found = of(world.quiet(hours=world.jar_hours().with_columns(v_mean=volts)), "float_above_band")
    assert found.height == 47
    assert world.JAR not in found["battery_id"].to_list()


@pytest.mark.parametrize(("hours", "raised"), [(12, 0), (24, 0), (40, 24)])
def test_an_equalize_charge_is_no_charger_that_holds_too_much(hours, raised):
    """Asked for, it lasts a day at most; a charger that never comes back from it is told."""
    since = world.FROM
    on = pl.col("string_id").eq(world.STRING) & pl.col("hour").is_between(
        since, since + timedelta(hours=hours), closed="left"
    )
    strings = world.string_hours().with_columns(
        rows=pl.lit(720),
        equalize_rows=pl.when(on).then(720).otherwise(0),
        float_share=pl.when(on).then(0.0).otherwise(1.0),
        current_mean=pl.when(on).then(0.8).otherwise(0.03),
    )
    high = world.IN_STRING & pl.col("feature_ts").is_between(
        since, since + timedelta(hours=hours), closed="right"
    )
    jars = world.jar_hours().with_columns(v_mean=pl.when(high).then(14.4).otherwise(13.62))
    found = alerts(world.quiet(strings_hours=strings, hours=jars), RULES)
    assert found.filter(pl.col("alert_type") == "voltage_high").height == raised
    if not raised:
        assert found.is_empty()
