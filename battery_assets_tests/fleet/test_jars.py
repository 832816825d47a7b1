"""Who is in service, what they are rated, and how far back their history goes."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.fleet.health_evidence import HealthEvidence
from battery_assets.fleet.jars import (
    capacity_tests,
    jar_facts,
    jars_of,
    jars_per_string,
    rated_ah,
    site_history,
)
from battery_assets.fleet.p5_calculated_aggregates.capacity_test_calc import capacity_test_calc
from battery_assets.platform.dagster.partitions import Part
from battery_assets_tests.worlds.stores import PART, kept, of, rows

LIMITS = {
    "chemistry": "VRLA",
    "nominal_voltage_v": 12.0,
    "float_voltage_min_v": 13.5,
    "float_voltage_max_v": 13.8,
}


@pytest.fixture
def site(warehouse):
    """A string whose second place was refilled in March, and a jar of a model that nobody described."""
    models = [
        {"name": "big", "capacity_ah": 120.0, **LIMITS},
        {"name": "small", "capacity_ah": 100.0, **LIMITS},
    ]
    kept(warehouse, t.battery_model, rows(t.battery_model, *models))
    kept(warehouse, t.string, rows(t.string, {"name": "s1"}))
    one = {"string_id": of(t.string, "s1"), "model_id": of(t.battery_model, "big")}
    jars = [
        {"name": "first", **one},
        {"name": "gone before", **one, "position_in_string": 2, "replaced_date": date(2025, 2, 28)},
        {"name": "goes in march", **one, "position_in_string": 2, "replaced_date": date(2025, 3, 1)},
        {"name": "comes in march", **one, "position_in_string": 2, "installed_date": date(2025, 3, 31)},
        {"name": "comes in april", **one, "position_in_string": 2, "installed_date": date(2025, 4, 1)},
        {"name": "small", **one, "position_in_string": 3, "model_id": of(t.battery_model, "small")},
        {"name": "unknown", "position_in_string": 4, "string_id": of(t.string, "s1")},
    ]
    kept(warehouse, t.battery, rows(t.battery, *jars))
    kept(warehouse, t.battery, rows(t.battery, {"name": "elsewhere"}), Part("beta", "2025-03"))
    return warehouse


def test_jars_in_service_at_some_time_of_the_month_have_their_facts(site):
    jars = jar_facts(site, PART)
    names = {"first", "goes in march", "comes in march", "small", "unknown"}
    assert set(jars["battery_code"]) == names
    assert jars["battery_id"].is_sorted()
    assert set(jars["string_code"]) == {"s1"}
    rated = dict(jars.select("battery_code", "capacity_ah").iter_rows())
    assert rated == {**dict.fromkeys(names, 120.0), "small": 100.0, "unknown": None}


def test_a_string_is_as_strong_as_its_smallest_jar_and_a_place_counts_once(site):
    jars = jar_facts(site, PART)
    assert rated_ah(jars) == {of(t.string, "s1"): 100.0}
    assert jars_per_string(jars) == {of(t.string, "s1"): 4}


def test_laws_take_an_unknown_jar_for_its_strings_smallest_and_an_unknown_string_for_120_ah(site):
    nobody_knows = {"name": "alone", "string_id": of(t.string, "s2")}
    part = Part("gamma", "2025-03")
    kept(site, t.string, rows(t.string, {"name": "s2"}), part)
    kept(site, t.battery, rows(t.battery, nobody_knows), part)
    jars = jars_of(site, PART)
    assert jars.capacity_ah == rated_ah(jar_facts(site, PART))
    unknown = jars.facts.filter(pl.col("battery_code") == "unknown")
    assert unknown["capacity_ah"].to_list() == [100.0]
    assert jars_of(site, part).capacity_ah == {of(t.string, "s2"): 120.0}
    assert rated_ah(jar_facts(site, part)) == {}


def test_history_is_of_the_site_and_reaches_back_as_many_months_as_asked(site):
    jar = {"battery_id": of(t.battery, "first"), "resistance_mohm": 3.0}
    for month in ("2024-02", "2024-03", "2024-12", "2025-03", "2025-04"):
        measured = {"name": month, "measured_at": Part(month=month).start, **jar}
        for place in ("alpha", "beta"):
            one = rows(t.impedance_measurement_raw, {**measured, "name": f"{month}{place}"})
            kept(site, t.impedance_measurement_raw, one, Part(place, month))
    table = t.impedance_measurement_raw
    found = site_history(site, table, PART, 12)["measured_at"].dt.strftime("%Y-%m").sort().to_list()
    assert found == ["2024-03", "2024-12", "2025-03"]
    assert site_history(site, table, PART, 3).height == 2
    assert site_history(site, table, PART, 0).height == 1
    late = table.c.measured_at >= datetime(2025, 1, 1, tzinfo=UTC)
    assert site_history(site, table, PART, 12, late).height == 1


def test_a_capacity_test_has_one_value_for_health_and_for_its_verdict(site):
    """Its capture says 50 Ah, duration times rate would say 60: the capture counts for both."""
    hours = [hour / 10 for hour in range(51)]
    samples = pl.DataFrame(
        {
            "elapsed_s": [3600.0 * hour for hour in hours],
            "current_a": [-10.0] * 51,
            "voltage_v": [50.0 - 2.0 * hour for hour in hours],
        }
    )
    tested = {
        "name": "test",
        "string_id": of(t.string, "s1"),
        "test_date": datetime(2025, 3, 5, tzinfo=UTC),
        "test_type": "full_discharge",
        "discharge_rate_a": 10.0,
        "discharge_duration_min": 360.0,
        "raw_data_url": site.keep_capture(PART, "test", samples),
    }
    kept(site, t.capacity_test_raw, rows(t.capacity_test_raw, tested))
    jars = jar_facts(site, PART)
    [told] = capacity_tests(site, PART, jars).to_dicts()
    assert told["measured_capacity_ah"] == pytest.approx(50.0)
    body = capacity_test_calc.node_def.compute_fn.decorated_fn
    body(PART, warehouse=site)
    [stored] = site.read(t.capacity_test_calc, PART).collect().to_dicts()
    [believed] = HealthEvidence.of(site, PART, jars).tests["capacity_pct_of_rated"]
    assert stored["capacity_pct_of_rated"] == pytest.approx(believed, abs=0.005)


def test_evidence_of_health_takes_one_reading_a_day_from_telemetry(site):
    evidence = HealthEvidence.of(site, PART, jar_facts(site, PART))
    assert evidence.measurements().is_empty()
    jar = of(t.battery, "first")
    day = pl.DataFrame(
        {
            "ts": [datetime(2025, 3, 1, hour, tzinfo=UTC) for hour in range(3)],
            "battery_id": [jar] * 3,
            "voltage_v": [13.6] * 3,
            "temperature_c": [24.0, 25.0, 26.0],
            "resistance_mohm": [3.1, 3.2, None],
        }
    )
    evidence.add_day(day)
    assert evidence.measurements()["resistance_mohm"].to_list() == [3.2]
    health = evidence.health(date(2025, 3, 2))
    assert set(health["battery_id"]) == set(jar_facts(site, PART)["battery_id"])
