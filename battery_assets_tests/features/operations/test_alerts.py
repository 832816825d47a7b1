"""Every alert rule is executed: it fires past its limit, not short of it, holds, and lets go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.operations.alert_rules import PACKAGED, Threshold, episodes, thresholds
from battery_assets.features.operations.alert_signals import SAFETY, SAYINGS
from battery_assets.features.operations.alerts import SCHEMA, alerts, not_evaluated
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds import operations as world

RULES = thresholds()
MEASURED = [rule for rule in RULES if rule.alert_type != "data_quality"]
BELOW = {"info": [], "warning": ["info"], "critical": ["info", "warning"]}


def named(rule: Threshold) -> str:
    return f"{rule.alert_type}-{rule.signal}-{rule.severity}"


def of(found: pl.DataFrame, rule: Threshold) -> list[str]:
    """Severities of the alerts of the rule's type about the unit that the world changes."""
    return found.filter((pl.col("alert_type") == rule.alert_type) & world.unit_of(rule))["severity"].to_list()


@pytest.mark.parametrize("rule", MEASURED, ids=named)
def test_every_rule_fires_just_past_its_limit_with_its_own_severity(rule):
    assert of(alerts(world.set_to(rule.signal, world.past(rule, 0.002)), RULES), rule) == [rule.severity]


@pytest.mark.parametrize("rule", MEASURED, ids=named)
def test_no_rule_fires_just_short_of_its_limit(rule):
    found = of(alerts(world.set_to(rule.signal, world.past(rule, -0.002)), RULES), rule)
    assert set(found) <= set(BELOW[rule.severity])


@pytest.mark.parametrize("rule", MEASURED, ids=named)
def test_of_a_string_that_is_left_out_only_what_is_a_matter_of_safety_is_told(rule):
    jars = world.jars()
    units = frozenset([*jars["battery_id"], *jars["string_id"]])
    inputs = replace(world.set_to(rule.signal, world.past(rule, 0.002)), quarantined=units)
    told = set(alerts(inputs, RULES)["context_json"].str.json_path_match("$.signal"))
    assert told <= set(SAFETY)
    assert told or rule.signal not in SAFETY


def test_a_quiet_world_raises_nothing():
    assert alerts(world.quiet(), RULES).height == 0


def test_every_signal_that_is_computed_has_a_rule_and_every_rule_a_signal():
    assert {rule.signal for rule in MEASURED} == set(SAYINGS)
    assert {rule.alert_type for rule in RULES} == set(t.alert.c.alert_type.info["values"])


def test_alerts_have_the_columns_of_the_reference():
    expected = polars_schema(t.alert)
    found = alerts(world.set_to("jar_temperature", 51.0), RULES)
    assert expected == SCHEMA
    assert dict(found.schema) == expected
    assert dict(alerts(world.quiet(), RULES).schema) == expected


def test_ids_are_the_same_when_the_month_is_computed_again():
    inputs = world.set_to("float_below_median", 0.5)
    first, second = alerts(inputs, RULES), alerts(inputs, RULES)
    assert first.equals(second)
    assert first["alert_id"].is_unique().all()


def test_an_alert_says_value_limit_unit_and_what_to_do():
    alert = (
        alerts(world.set_to("float_below_median", 0.7), RULES)
        .filter(alert_type="voltage_low")
        .row(0, named=True)
    )
    assert alert["message"].startswith(
        "DC-S-A-J07: float voltage below the string median by 0.7 V (0.6 V is critical)"
    )
    assert "retest" in alert["message"]
    told = pl.Series([alert["context_json"]]).str.json_decode(
        pl.Struct({"value": pl.Float64, "threshold": pl.Float64, "ladder": pl.Struct({"info": pl.Float64})})
    )[0]
    assert told["value"] == pytest.approx(0.7)
    assert told["threshold"] == 0.6
    assert told["ladder"]["info"] == 0.15


def test_an_alert_opens_in_the_hour_that_shows_it_and_is_active_to_the_end_of_the_data():
    alert = (
        alerts(world.set_to("jar_temperature", 46.0), RULES)
        .filter(alert_type="temperature_high")
        .row(0, named=True)
    )
    assert alert["triggered_at"] == world.FROM
    assert alert["resolved_at"] is None
    assert alert["status"] == "active"


def test_an_alert_of_a_model_names_the_model():
    alert = alerts(world.quiet(rul=world.life(rul_days=20.0, rul_lower_ci_days=5.0)), RULES)
    assert alert.select("alert_type", "source", "model_id").rows() == [("rul_critical", "ml_model", "m")]


def test_two_signals_of_one_kind_on_one_jar_are_one_alert():
    jar = pl.col("battery_id") == world.JAR
    hours = world.jar_hours().with_columns(world.during("v_mean", 11.4, jar))
    found = alerts(world.quiet(hours=hours), RULES).filter(
        pl.col("battery_id") == world.JAR, alert_type="voltage_low"
    )
    assert found.height == 1
    assert "Also: " in found["message"][0]


def test_float_limits_follow_the_temperature():
    warm = [pl.lit(35.0).alias("t_mean"), pl.lit(34.9).alias("t_max"), pl.lit(13.42).alias("v_mean")]
    compensated = alerts(world.quiet(hours=world.jar_hours().with_columns(warm)), RULES)
    assert compensated.height == 0
    uncompensated = world.jar_hours().with_columns([*warm[:2], pl.lit(13.8).alias("v_mean")])
    assert set(alerts(world.quiet(hours=uncompensated), RULES)["alert_type"]) == {"voltage_high"}


def test_a_low_voltage_outside_float_is_no_float_alert():
    away = world.string_hours().with_columns(float_share=0.2)
    inputs = world.set_to("float_below_median", 0.5)
    assert alerts(world.quiet(hours=inputs.hours, strings_hours=away), RULES).height == 0


def test_one_wild_temperature_sample_is_not_a_hot_jar():
    spike = world.jar_hours().with_columns(world.during("t_max", 77.0, pl.col("battery_id") == world.JAR))
    assert alerts(world.quiet(hours=spike), RULES).height == 0


def test_float_current_is_not_judged_within_a_day_of_a_discharge():
    inputs = world.set_to("float_current", 10.0)
    strings = inputs.strings_hours.with_columns(
        discharge_s=pl.when(pl.col("hour").dt.hour() == 6).then(20.0).otherwise(0.0)
    )
    found = alerts(world.quiet(strings_hours=strings, hours=None), RULES)
    assert found.filter(alert_type="current_high").height == 0


def test_what_could_not_be_judged_is_said():
    inputs = world.quiet(hours=world.jar_hours().drop("t_delta_ambient_mean"), strings_hours=None)
    missing = "\n".join(not_evaluated(inputs, RULES))
    for words in (
        "jar_above_room",
        "room_temperature",
        "ripple_voltage",
        "rul_days",
        "r_vs_baseline",
        "findings",
    ):
        assert words in missing
    assert "jar_temperature" not in missing
    assert alerts(inputs, RULES).height == 0


def test_a_problem_older_than_the_month_is_dated_at_its_start():
    old = world.readings(days=3, resistance_mohm=7.0).with_columns(pl.col("measured_at").dt.offset_by("-40d"))
    found = alerts(world.quiet(resistance=old), RULES)
    assert found["triggered_at"].to_list() == [world.START]
    assert found["status"].to_list() == ["active"]


def hourly(values: list[float], skip: tuple[int, ...] = ()) -> pl.DataFrame:
    at = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(len(values))]
    rows = pl.DataFrame(
        {"unit_id": "u", "at": at, "value": values},
        schema_overrides={"at": pl.Datetime("us", "UTC"), "value": pl.Float64},
    )
    return rows.with_row_index().filter(~pl.col("index").is_in(list(skip))).drop("index")


def rule(persistence: int, unit: str = "min", hysteresis: float = 10.0) -> Threshold:
    return Threshold(
        "ripple_high", "s", "warning", 10.0, "above", "V", persistence, unit, hysteresis, "string", "x", ""
    )


def spans(values: list[float], by: Threshold, skip: tuple[int, ...] = ()) -> list[tuple[int, int | None]]:
    rows = episodes(hourly(values, skip), by).select("opened_at", "closed_at").rows()
    return [(a.hour, None if b is None else b.hour) for a, b in rows]


def test_an_alert_opens_only_after_its_persistence():
    assert spans([0, 11, 11, 0, 0], rule(180)) == []
    assert spans([0, 11, 11, 11, 0], rule(180)) == [(3, 4)]


def test_an_alert_resolves_only_past_its_hysteresis():
    assert spans([11, 9.5, 9.5, 11, 8.9, 9.5], rule(60)) == [(0, 4)]
    assert spans([11, 9.5, 9.5, 9.5], rule(60)) == [(0, None)]


def test_values_between_limit_and_hysteresis_do_not_open_an_alert():
    assert spans([9.5, 9.9, 10.0], rule(60)) == []


def test_an_hour_without_data_breaks_the_persistence_but_not_the_alert():
    assert spans([11, 0, 11, 11], rule(180), skip=(1,)) == []
    assert spans([11, 11, 11, 0, 9.5], rule(180), skip=(3,)) == [(2, None)]


def test_readings_need_not_be_hours_apart():
    rows = hourly([11, 11, 11]).with_columns(at=pl.col("at") + pl.duration(days=pl.int_range(3) * 30))
    assert episodes(rows, rule(3, "reading"))["opened_at"][0] == rows["at"][2]
    assert episodes(rows.head(2), rule(3, "reading")).height == 0


def test_an_alert_that_comes_back_is_a_second_one():
    assert spans([11, 0, 11, 0], rule(60)) == [(0, 1), (2, 3)]


@pytest.mark.parametrize(
    ("cell", "column", "line"),
    [
        ("voltage_low,float_below_median,infos,0.15,above,V,30,min,10,jar,x,", "severity", 2),
        ("voltage_low,float_below_median,info,many,above,V,30,min,10,jar,x,", "value", 2),
        ("voltage_low,float_below_median,info,0.15,over,V,30,min,10,jar,x,", "direction", 2),
        ("voltage_low,float_below_median,info,0.15,above,V,0.5,min,10,jar,x,", "persistence", 2),
        ("voltage_low,float_below_median,info,0.15,above,V,30,min,10,jar,,", "source", 2),
        ("voltage_low,float_below_median,info,nan,above,V,30,min,10,jar,x,", "value", 2),
    ],
)
def test_a_bad_threshold_cell_is_named_by_line_and_column(tmp_path: Path, cell, column, line):
    path = tmp_path / "limits.csv"
    path.write_text(PACKAGED.read_text().splitlines()[0] + "\n" + cell + "\n")
    with pytest.raises(ValueError, match=rf"limits.csv line {line}, column '{column}'"):
        thresholds(path)


def test_a_ladder_out_of_order_is_refused(tmp_path: Path):
    path = tmp_path / "limits.csv"
    row = "ripple_high,ripple_voltage,{},{},above,pct,10,min,10,string,x,"
    lines = [PACKAGED.read_text().splitlines()[0], row.format("info", 0.5), row.format("warning", 0.2)]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="must rise"):
        thresholds(path)


def test_a_rule_for_a_signal_that_nothing_computes_is_refused():
    with pytest.raises(KeyError, match="nothing computes: s"):
        alerts(world.quiet(), [rule(60)])
