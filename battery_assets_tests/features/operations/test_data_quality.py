"""What an engineer objects to in telemetry is found at its limit, on real exports too, and nowhere else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from battery_assets.features.operations.alert_rules import Threshold, thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.data_quality import SCHEMA, findings, telemetry_evidence
from battery_assets.features.operations.fault_lives import Month
from battery_assets.features.operations.incidents import incidents
from battery_assets.features.operations.work_orders import work_orders
from battery_assets.features.samples.jar_hours import jar_hours
from battery_assets.features.samples.profiles import (
    jars_in_places,
    resistance_readings,
    room_hours,
    sensor_hours,
    string_hours,
)
from battery_assets_tests.worlds import operations as world
from battery_assets_tests.worlds.operations_evidence import (
    HOUR,
    changed,
    day,
    evidence,
    on_jar,
    on_string,
)

# What is left out of a day, or known without telemetry, has tests of its own.
OF_DAYS = {
    "scale", "copied_channel", "no_sensor", "fault_code", "outside_estimation", "test_disproved", "red_law"
}  # fmt: skip
RULES = [rule for rule in thresholds() if rule.alert_type == "data_quality" and rule.signal not in OF_DAYS]


def with_value(rule: Threshold, value: float) -> pl.DataFrame:
    unit = world.JAR if rule.unit_kind == "jar" else "a"
    worlds = on_jar if rule.unit_kind == "jar" else on_string
    return worlds(value, unit)[rule.signal]()


def severities(found: pl.DataFrame, rule: Threshold) -> list[str]:
    unit = world.JAR if rule.unit_kind == "jar" else "a"
    return found.filter(unit_kind=rule.unit_kind, unit_id=unit, code=rule.signal)["severity"].to_list()


def just_past(rule: Threshold) -> float:
    """The next value that whole hours, rows or jumps allow beyond the limit."""
    step = {"h": 1.0, "hours": 1.0, "share of hours": 0.005, "share of float hours": 0.005}.get(
        rule.unit, 0.0
    )
    return rule.value + (step or max(0.02 * rule.value, 0.02))


def just_short(rule: Threshold) -> float:
    return rule.value * 0.95 if rule.unit not in ("h", "hours") else rule.value


def named(rule: Threshold) -> str:
    return f"{rule.unit_kind}-{rule.signal}-{rule.severity}"


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_every_objection_is_raised_just_past_its_limit_and_becomes_an_alert(rule):
    found = findings(with_value(rule, just_past(rule)), world.jars().filter(world.IN_STRING))
    assert severities(found, rule) == [rule.severity]
    raised = alerts(world.quiet(data_quality=found), thresholds()).filter(alert_type="data_quality")
    assert rule.severity in raised.filter(world.unit_of(rule))["severity"].to_list()


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_no_objection_is_raised_just_short_of_its_limit(rule):
    found = severities(
        findings(with_value(rule, just_short(rule)), world.jars().filter(world.IN_STRING)), rule
    )
    ladder = ["info", "warning", "critical"]
    assert all(ladder.index(severity) < ladder.index(rule.severity) for severity in found)


def test_quiet_evidence_has_no_findings():
    found = findings(evidence(), world.jars().filter(world.IN_STRING))
    assert found.height == 0
    assert dict(found.schema) == SCHEMA
    assert findings(evidence().clear(), world.jars()).height == 0


def test_a_jar_without_any_sample_is_reported_as_missing():
    silent = evidence().filter(pl.col("unit_id") != world.JAR)
    found = findings(silent, world.jars().filter(world.IN_STRING))
    assert found.select("unit_id", "code", "severity").rows() == [(world.JAR, "missing_share", "critical")]


def test_a_jar_replaced_within_the_month_is_not_missing_before_and_after():
    half = world.START + timedelta(days=5)
    old = pl.col("unit_id") != world.JAR
    new_rows = evidence().filter(~old & (pl.col("hour") >= half)).with_columns(unit_id=pl.lit("a-07-new"))
    rows = pl.concat([evidence().filter(old | (pl.col("hour") < half)), new_rows])
    jars = (
        world.jars()
        .filter(world.IN_STRING)
        .with_columns(
            installed_date=pl.lit(None, pl.Date),
            replaced_date=pl.when(battery_id=world.JAR).then(half.date()),
        )
    )
    new = jars.filter(battery_id=world.JAR).with_columns(
        battery_id=pl.lit("a-07-new"),
        installed_date=pl.lit(half.date() - timedelta(days=1)),
        replaced_date=pl.lit(None, pl.Date),
    )
    jars = pl.concat([jars, new])
    assert findings(rows, jars).height == 0


def found_in(jar_rows: pl.DataFrame, string_rows: pl.DataFrame) -> set[tuple[str, str]]:
    facts = world.jars().filter(world.IN_STRING)
    rows = findings(telemetry_evidence(jar_hours(jar_rows), string_hours(string_rows), facts), facts)
    return set(rows.select("unit_kind", "code").rows())


def test_a_believable_day_has_no_findings():
    assert found_in(*day()) == set()


def test_units_may_be_enumerations_and_samples_may_be_missing_here_and_there():
    jar_rows, string_rows = day()
    ids = pl.Enum(jar_rows["battery_id"].unique(maintain_order=True))
    jar_rows = jar_rows.with_columns(pl.col("battery_id").cast(ids))
    assert found_in(jar_rows.gather_every(401), string_rows) >= {("jar", "missing_share")}
    thinned = jar_rows.with_row_index().filter(pl.col("index") % 300 != 0).drop("index")
    assert found_in(thinned, string_rows) == set()


def test_faults_of_a_monitor_are_found_in_its_telemetry():
    jar_rows, string_rows = day()
    one = pl.col("battery_id") == world.JAR
    late = pl.col("ts").dt.hour() >= 12
    outage = one & pl.col("ts").dt.hour().is_between(8, 15)

    def jar(**values: pl.Expr | float | None) -> tuple[pl.DataFrame, pl.DataFrame]:
        return jar_rows.with_columns(**values), string_rows

    def string(**values: pl.Expr | float) -> tuple[pl.DataFrame, pl.DataFrame]:
        return jar_rows, string_rows.with_columns(**values)

    shaken = 4.0 + pl.col("temperature_c") / 100.0
    faults = {
        ("jar", "longest_gap"): (jar_rows.filter(~outage), string_rows),
        ("jar", "voltage_stuck"): jar(voltage_v=pl.when(one & late).then(13.6).otherwise("voltage_v")),
        ("jar", "outside_physics"): jar(temperature_c=pl.when(late).then(-99.0).otherwise("temperature_c")),
        ("jar", "resistance_every_sample"): jar(resistance_mohm=shaken, conductance_s=None),
        ("jar", "conductance_not_inverse"): jar(conductance_s=pl.col("conductance_s") * 5.0),
        ("string", "sum_mismatch"): string(voltage_v=pl.col("voltage_v") * 1.02),
        ("string", "mode_contradiction"): string(current_a=pl.when(late).then(-60.0).otherwise("current_a")),
        ("string", "ripple_impedance"): string(ripple_current_rms_a=0.01),
        ("string", "equalize_below_boost"): string(equalize_flag=late),
    }
    missed = [key for key, telemetry in faults.items() if key not in found_in(*telemetry)]
    assert missed == []


def test_a_flipped_sign_of_the_current_is_found_in_a_discharge():
    jar_rows, string_rows = day()
    late = pl.col("ts").dt.hour() == 12
    away = string_rows.with_columns(mode=pl.when(late).then(pl.lit("discharge")).otherwise("mode"))
    right = away.with_columns(current_a=pl.when(late).then(-60.0).otherwise("current_a"))
    flipped = right.with_columns(-pl.col("current_a"))
    assert ("string", "mode_contradiction") not in found_in(jar_rows, right)
    assert ("string", "mode_contradiction") in found_in(jar_rows, flipped)


@pytest.mark.parametrize(("amps", "count"), [(-250.0, 0), (-200.0, 1)])
def test_connectors_explain_what_current_drops_over_them(amps, count):
    drop = {"v_mean": 24 * 13.62 - 4.1, "current_mean": amps}
    found = findings(changed("a", HOUR < 100, **drop), world.jars().filter(world.IN_STRING))
    assert found.filter(code="sum_mismatch").height == count


@pytest.mark.parametrize(("places", "count"), [(24, 0), (None, 1)])
def test_a_jar_whose_row_was_not_taken_in_is_a_place_of_the_sum(places, count):
    """A jar in two strings is in none: the string's voltage is not the sum of the others, and nothing is wrong."""
    own = world.jars().filter(world.IN_STRING, pl.col("battery_id") != world.JAR)
    counted = own if places is None else own.with_columns(batteries_count=pl.lit(places))
    whole = changed("a", HOUR < 100, v_mean=24 * 13.62).filter(pl.col("unit_id") != world.JAR)
    assert findings(whole, counted).filter(code="sum_mismatch").height == count


def test_each_string_has_the_step_of_its_own():
    def string(name: str, step: int) -> pl.DataFrame:
        at = [datetime(2025, 3, 1, tzinfo=UTC) + timedelta(seconds=s) for s in range(0, 7200, step)]
        return pl.DataFrame({"string_id": name, "ts": at, "current_a": -5.0, "mode": "discharge"})

    rows = string_hours(pl.concat([string("a", 30), string("b", 300)]))
    assert rows.group_by("string_id").agg(pl.col("period_s", "discharge_s").unique()).sort("string_id").rows() == [
        ("a", [30.0], [3600.0]), ("b", [300.0], [3600.0]),
    ]  # fmt: skip


def test_an_empty_day_is_no_error():
    jar_rows, string_rows = day()
    jars, strings = jar_hours(jar_rows.clear()), string_hours(string_rows.clear())
    assert telemetry_evidence(jars, strings, world.jars()).is_empty()
    assert ("jar", "missing_share") in found_in(jar_rows.clear(), string_rows)


def test_hours_of_a_string_hold_what_lasts_not_single_samples():
    _, string_rows = day()
    surge = pl.col("ts").dt.minute() == 30
    ten = pl.col("ts").dt.minute().is_between(20, 29)
    rows = string_hours(string_rows.with_columns(
        ripple_current_rms_a=pl.when(surge).then(40.0).otherwise(1.8),
        ripple_voltage_rms_v=pl.when(ten).then(2.0).otherwise(0.2),
    ))  # fmt: skip
    assert rows["ripple_current_10min_a"].max() < 6.0
    assert rows["ripple_voltage_10min_v"].min() == pytest.approx(2.0)
    assert rows.height == 24


def test_ripple_in_discharge_is_not_the_rectifiers():
    _, string_rows = day()
    away = string_rows.with_columns(current_a=pl.lit(-150.0), ripple_current_rms_a=pl.lit(20.0))
    rows = string_hours(away)
    assert rows["ripple_current_10min_a"].null_count() == 24
    assert rows["discharge_s"].to_list() == [3600.0] * 24


def test_a_room_is_the_median_of_its_sensors():
    at = pl.Series([world.START] * 3).cast(pl.Datetime("us", "UTC"))
    env = pl.DataFrame({"ts": at, "sensor_id": ["1", "2", "3"], "temperature_c": [25.0, 26.0, 60.0],
                        "hvac_status": ["running", "fault", "running"]})  # fmt: skip
    sensors = pl.DataFrame({"sensor_id": ["1", "2", "3"], "location_id": "place"})
    assert room_hours(sensor_hours(env), sensors).select("temperature_c", "hvac_fault_share").rows() == [
        (26.0, 1.0)
    ]


def test_carried_resistances_are_one_reading_and_a_test_replaces_the_monitors_value():
    hours = world.jar_hours().filter(pl.col("battery_id") == world.JAR).with_row_index()
    value = pl.when(pl.col("index") < 30).then(4.2).otherwise(4.4)
    hours = hours.with_columns(r_internal_latest=value, r_internal_baseline_pct=value / 0.042)
    assert resistance_readings(hours)["resistance_mohm"].round(6).to_list() == [4.2, 4.4]
    tested = pl.DataFrame({"battery_id": world.JAR, "measured_at": [world.START + timedelta(hours=29)],
                           "temp_corrected_resistance_mohm": 4.35, "baseline_pct": 103.0})  # fmt: skip
    tested = tested.cast({"measured_at": pl.Datetime("us", "UTC")})
    assert resistance_readings(hours, tested)["resistance_mohm"].round(6).to_list() == [4.2, 4.35]


@pytest.fixture(scope="module")
def export(shared_data: Path) -> dict[str, pl.DataFrame]:
    folder = shared_data / "fleet_export"
    tables = {
        path.name.split(".")[0]: pl.read_csv(path, try_parse_dates=True)
        for path in sorted(folder.glob("*.csv*"))
    }
    utc = pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    for name, unit in (("telemetry_jar_raw", "battery_id"), ("telemetry_string_raw", "string_id")):
        tables[name] = tables[name].with_columns(utc).sort(unit, "ts")
    return tables


def test_the_foreign_export_gets_the_objections_of_an_engineer_up_to_work_orders(export):
    strings = export["string"].select("string_id", "string_code", "system_id")
    jars = export["battery"].join(strings, on="string_id").join(export["battery_model"], on="model_id")
    facts = jars_in_places(jars, export["battery_system"], export["location"])
    days = export["telemetry_string_raw"]["ts"].dt.date().unique().sort()
    cut = [[export[name].filter(pl.col("ts").dt.date() == one) for one in days]
           for name in ("telemetry_jar_raw", "telemetry_string_raw")]  # fmt: skip
    judged = [telemetry_evidence(jar_hours(j), string_hours(s), facts) for j, s in zip(*cut, strict=True)]
    evidence_rows = pl.concat(judged, how="diagonal")
    found = findings(evidence_rows, facts)
    severity = dict(found.filter(unit_kind="string").select("code", "severity").rows())
    assert severity["float_below_charged_voltage"] == "critical"
    for code in ("equalize_below_boost", "ripple_impedance", "charging_while_falling", "float_not_regulated"):
        assert severity[code] == "warning"
    assert not {"sum_mismatch", "mode_contradiction", "missing_share"} & set(severity)
    per_jar = found.filter(unit_kind="jar").group_by("code").len()
    assert dict(per_jar.rows())["resistance_every_sample"] == 24
    assert "temperature_too_fast" in per_jar["code"].to_list()

    jar_rows = evidence_rows.filter(pl.col("unit_kind") == "jar").rename({"unit_id": "battery_id"})
    hours = jar_rows.with_columns(feature_ts=pl.col("hour").dt.offset_by("1h"))
    strings = pl.concat([string_hours(s) for s in cut[1]])
    begin = pl.select(pl.datetime(days[0].year, days[0].month, 1, time_zone="UTC")).item()
    end = begin + timedelta(days=30)
    inputs = world.AlertInputs(facts, begin, end, hours, strings, data_quality=found)
    raised = alerts(inputs, thresholds())
    kinds = set(raised["alert_type"])
    assert {"voltage_low", "data_quality", "current_high", "temperature_high", "anomaly_detected"} <= kinds
    rows, linked = incidents(raised, Month.first("cnx", facts, begin, end))
    sends = set(rows.filter(pl.col("severity") != "low")["rca_code"])
    assert sends == {"CHARGER-LOW", "DATA-QUALITY", "FLOAT-CURRENT"}
    assert set(rows["rca_code"]) - sends <= {"UNEXPLAINED"}, "jars that merely differ send nobody"
    assert linked.filter(pl.col("severity") != "info")["incident_id"].null_count() == 0
    orders = work_orders(rows, export["user"])
    assert orders.height == 3
    assert orders["assigned_to"].null_count() == 0
