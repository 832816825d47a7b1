"""Alerts with one cause become one incident, named after it."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alert_signals import AlertInputs
from battery_assets.features.operations.alerts import SCHEMA as ALERT_SCHEMA
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.causes import CAUSES
from battery_assets.features.operations.fault_lives import Month
from battery_assets.features.operations.incidents import SCHEMA, incidents
from battery_assets.tables.fleet.p7_operations import RCA_CODES
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds import operations as world

RULES = thresholds()
JAR = pl.col("battery_id") == world.JAR


def grouped(inputs: AlertInputs) -> tuple[pl.DataFrame, pl.DataFrame]:
    return incidents(alerts(inputs, RULES), march(inputs.jars))


def march(jars: pl.DataFrame, site: str = "bkk") -> Month:
    return Month.first(site, jars, world.START, world.END)


def with_hours(*columns: pl.Expr, **changes: object) -> AlertInputs:
    return world.quiet(hours=world.jar_hours().with_columns(columns), **changes)


def shorted_jar() -> AlertInputs:
    """A jar that loses two cells' worth and 23 neighbours that rise over the float band."""
    volts = pl.when(JAR).then(11.4).when(world.IN_STRING).then(13.9).otherwise(13.62)
    late = pl.col("feature_ts") > world.FROM
    return with_hours(v_mean_of(pl.when(late).then(volts).otherwise(13.62)))


def v_mean_of(value: pl.Expr) -> pl.Expr:
    return value.alias("v_mean")


def test_a_shorted_jar_and_its_high_neighbours_are_one_incident_named_after_the_jar():
    raised = alerts(shorted_jar(), RULES)
    assert raised.filter(alert_type="voltage_high").height == 23
    rows, linked = grouped(shorted_jar())
    assert rows.select("rca_code", "severity", "status").rows() == [("CELL-SHORT", "high", "open")]
    assert rows["title"][0] == "Shorted cell suspected: DC-S-A-J07 and 23 more"
    assert "voltage_high 23" in rows["description"][0]
    assert linked["incident_id"].unique().to_list() == rows["incident_id"].to_list()
    assert rows["created_at"][0] == world.FROM


def test_what_health_and_life_say_of_a_shorted_jar_is_said_of_the_short():
    told = replace(
        shorted_jar(),
        soh=world.health(0.4),
        rul=world.life(rul_days=0.0, rul_lower_ci_days=0.0, failure_probability_30d=1.0),
    )
    rows, linked = grouped(told)
    assert {"voltage_low", "soh_degraded", "rul_critical"} <= set(linked["alert_type"])
    assert rows.select("rca_code", "title").rows() == [
        ("CELL-SHORT", "Shorted cell suspected: DC-S-A-J07 and 23 more")
    ]
    assert linked["incident_id"].unique().to_list() == rows["incident_id"].to_list()
    # When an alert was raised stays what it was.
    before = alerts(told, RULES).select("alert_id", "triggered_at").sort("alert_id")
    assert linked.select("alert_id", "triggered_at").sort("alert_id").equals(before)


def hot_room() -> AlertInputs:
    hot = [world.during("t_mean", 46.0, pl.lit(True)), world.during("t_max", 46.5, pl.lit(True))]
    return with_hours(*hot, env=world.room(41.0))


def test_a_hot_room_is_one_incident_of_the_place():
    rows, linked = grouped(hot_room())
    assert linked.filter(alert_type="temperature_high").height == 49
    assert rows.select("rca_code", "severity", "title").rows() == [("HVAC", "critical", "Room too hot: DC-S")]
    assert linked.filter(alert_type="temperature_high")["incident_id"].unique().to_list() == [
        rows["incident_id"][0]
    ]


def test_hot_jars_of_two_strings_are_the_room_even_without_a_sensor():
    inputs = hot_room()
    rows, _ = grouped(world.quiet(hours=inputs.hours))
    assert rows["rca_code"].to_list() == ["HVAC"]


def test_a_hot_jar_in_a_cool_room_is_the_jars_own_incident():
    rows, _ = grouped(world.set_to("jar_above_room", 9.0))
    assert rows.select("rca_code", "title").rows() == [("HOT-JAR", "Hot jar: DC-S-A-J07")]


def test_one_ageing_jar_is_one_incident_whenever_its_alerts_come():
    inputs = world.quiet(
        resistance=world.readings(baseline_pct=145.0),
        soh=world.health(78.0),
        rul=world.life(rul_days=60.0, rul_lower_ci_days=20.0),
    )
    rows, linked = grouped(inputs)
    assert set(linked["alert_type"]) == {"resistance_drift", "soh_degraded", "rul_critical"}
    assert rows.select("rca_code", "severity", "title").rows() == [
        ("JAR-AGEING", "high", "Jar ageing: DC-S-A-J07")
    ]


def test_resistance_alone_is_dry_out_and_a_doubled_one_a_broken_weld():
    drift, _ = grouped(world.set_to("r_vs_baseline", 40.0))
    broken, _ = grouped(world.set_to("r_vs_median", 180.0))
    assert drift["rca_code"].to_list() == ["DRY-OUT"]
    assert broken.select("rca_code", "severity", "escalation_level").rows() == [("OPEN-WELD", "critical", 3)]


@pytest.mark.parametrize(
    ("signal", "value", "code"),
    [
        ("float_below_median", 0.3, "LOW-FLOAT"),
        ("float_above_median", 0.3, "HIGH-FLOAT"),
        ("float_voltage_25c", 12.9, "CHARGER-LOW"),
        ("float_above_band", 0.3, "CHARGER-HIGH"),
        ("discharge_below_median", 0.5, "WEAK-JAR"),
        ("float_current", 9.0, "FLOAT-CURRENT"),
        ("charge_current", 1.3, "CHARGE-LIMIT"),
        ("ripple_current", 0.06, "RECTIFIER-FILTER"),
        ("anomaly_distance", 15.0, "UNEXPLAINED"),
    ],
)
def test_a_signature_is_read_as_its_cause(signal, value, code):
    rows, _ = grouped(world.set_to(signal, value))
    assert rows["rca_code"].to_list() == [code]


def test_hot_jars_with_a_high_float_current_are_thermal_runaway():
    few = pl.col("battery_id").is_in([f"a-{k:02d}" for k in range(1, 9)])
    hot = world.during("t_delta_ambient_mean", 12.0, few)
    rows, _ = grouped(with_hours(hot))
    assert rows["rca_code"].to_list() == ["HOT-JAR"]
    all_of_them, _ = grouped(with_hours(world.during("t_delta_ambient_mean", 12.0, world.IN_STRING)))
    assert all_of_them["rca_code"].to_list() == ["THERMAL-RUNAWAY"]
    strings = world.string_hours().with_columns(
        # The current is believed when it has stayed for six hours.
        world.during("float_current_a", 2.0, pl.col("string_id") == "a", "hour", world.START)
    )
    later = world.during(
        "t_delta_ambient_mean", 12.0, world.IN_STRING, since=world.START + timedelta(hours=29)
    )
    rows, _ = grouped(with_hours(later, strings_hours=strings))
    assert rows.select("rca_code", "severity", "title").rows() == [
        ("THERMAL-RUNAWAY", "critical", "Thermal runaway suspected: DC-S-A")
    ]


def test_a_jar_that_stands_apart_joins_the_incident_that_explains_it():
    both = [
        world.during("v_mean", 12.9, JAR),
        world.during("t_mean", 40.0, JAR),
        world.during("t_max", 40.2, JAR),
    ]
    rows, linked = grouped(with_hours(*both))
    assert "anomaly_detected" in linked["alert_type"].to_list()
    assert rows["rca_code"].to_list() == ["CELL-SHORT"]


def test_info_alerts_open_no_incident():
    raised = alerts(world.set_to("ripple_voltage", 0.3), RULES)
    rows, linked = incidents(raised, march(world.jars()))
    assert raised["severity"].to_list() == ["info"]
    assert rows.height == 0
    assert linked["incident_id"].to_list() == [None]


def test_a_jar_that_fails_in_discharge_only_is_weak_not_shorted():
    weak = world.set_to("discharge_below_median", 1.4)
    hours = weak.hours.with_columns(world.during("v_mean", 13.4, JAR))
    rows, linked = grouped(world.quiet(hours=hours, strings_hours=weak.strings_hours))
    assert linked.filter(JAR, alert_type="voltage_low")["severity"].to_list() == ["critical"]
    assert rows["rca_code"].to_list() == ["WEAK-JAR"]


def test_two_strings_do_not_share_an_incident_of_their_jars():
    low = world.during("v_mean", 13.3, pl.col("battery_id").is_in(["a-07", "b-03"]))
    rows, _ = grouped(with_hours(low))
    assert rows["string_id"].sort().to_list() == ["a", "b"]


def test_the_rectifier_of_two_strings_has_one_ripple_incident():
    strings = world.string_hours().with_columns(
        world.during("ripple_current_10min_a", 13.0, pl.lit(True), "hour")
    )
    rows, linked = grouped(world.quiet(strings_hours=strings))
    assert linked.height == 2
    assert rows.select("rca_code", "severity").rows() == [("RECTIFIER-FILTER", "high")]


def test_a_jar_that_comes_back_within_a_week_keeps_its_incident():
    hour = (pl.col("feature_ts") - world.START).dt.total_hours()
    volts = pl.when(JAR & (hour.is_between(30, 35) | hour.is_between(80, 85))).then(13.3).otherwise(13.62)
    rows, linked = grouped(with_hours(v_mean_of(volts)))
    assert linked.height == 2
    assert rows.height == 1
    assert rows.select("status", "resolved_at").rows() == [("resolved", linked["resolved_at"].max())]


def test_codes_and_ids_are_unique_and_the_same_on_a_second_run():
    volts = pl.when(pl.col("battery_id").is_in(["a-07", "b-03"])).then(13.3).otherwise(13.62)
    first, linked = grouped(with_hours(v_mean_of(volts)))
    second, linked_again = grouped(with_hours(v_mean_of(volts)))
    assert first.equals(second)
    assert linked.equals(linked_again)
    assert first["incident_code"].is_unique().all()
    assert first["incident_code"].str.contains(r"^INC-2026-[0-9A-F]{12}$").all()
    other_site, _ = incidents(linked, march(world.jars(), "cnx"))
    assert not set(other_site["incident_id"]) & set(first["incident_id"])


def test_incidents_and_linked_alerts_have_the_columns_of_the_reference():
    assert polars_schema(t.incident) == SCHEMA
    for inputs in (shorted_jar(), world.quiet()):
        rows, linked = grouped(inputs)
        assert dict(rows.schema) == SCHEMA
        assert dict(linked.schema) == ALERT_SCHEMA


def test_a_context_that_went_through_a_json_column_is_read_alike():
    raised = alerts(shorted_jar(), RULES)
    spaced = raised.with_columns(
        pl.col("context_json").str.replace_all('":', '": ').str.replace_all(',"', ', "')
    )
    assert incidents(spaced, march(world.jars()))[0].equals(incidents(raised, march(world.jars()))[0])


def test_causes_are_told_apart_by_code_and_fit_the_column():
    codes = [cause.code for cause in CAUSES]
    assert len(set(codes)) == len(codes)
    assert max(map(len, codes)) <= 20
    assert tuple(codes) == RCA_CODES
    assert all(1 <= cause.priority_at_critical <= cause.priority_at_warning <= 4 for cause in CAUSES)
