"""State of health: what each kind of evidence does to the estimate and to its deviation."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from battery_assets.features.health import state_of_health

AT = datetime(2026, 3, 1, tzinfo=UTC)
TESTS = {"string_id": pl.String, "test_date": pl.Datetime("us", "UTC"), "capacity_pct_of_rated": pl.Float64}
READINGS = {
    "battery_id": pl.String,
    "measured_at": pl.Datetime("us", "UTC"),
    "resistance_mohm": pl.Float64,
    "temperature_c": pl.Float64,
}


def jars(*battery_ids: str, installed=date(2024, 3, 1)) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": list(battery_ids)}).with_columns(
        string_id=pl.lit("s1"),
        installed_date=pl.lit(installed, pl.Date),
        initial_capacity_ah=pl.lit(120.0),
        initial_resistance_mohm=pl.lit(4.0),
        capacity_ah=pl.lit(120.0),
    )


def reading(
    mohm: float, days_ago: float = 1.0, temp_c: float | None = 25.0, battery_id: str = "a"
) -> pl.DataFrame:
    row = (battery_id, AT - timedelta(days=days_ago), mohm, temp_c)
    return pl.DataFrame([row], schema=READINGS, orient="row")


def test_of(percent: float | None, days_ago: float) -> pl.DataFrame:
    return pl.DataFrame([("s1", AT - timedelta(days=days_ago), percent)], schema=TESTS, orient="row")


test_of.__test__ = False


def warm(temp_c: float) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": ["a"], "temperature_c": [temp_c]})


def estimate(readings=None, tests=None, temp_c: float = 25.0, **kw) -> dict:
    readings = pl.DataFrame(schema=READINGS) if readings is None else readings
    tests = pl.DataFrame(schema=TESTS) if tests is None else tests
    return state_of_health(jars("a", **kw), readings, tests, warm(temp_c), AT).to_dicts()[0]


def test_age_alone_takes_two_percent_a_year_and_says_it_hardly_knows():
    row = estimate()
    assert row["soh_pct"] == pytest.approx(96.0, abs=0.01)
    assert row["soh_std_pct"] == pytest.approx((9 + 64) ** 0.5, abs=0.02)
    assert (row["evidence"], row["evidence_age_days"]) == ("age", None)


def test_ten_degrees_double_the_ageing():
    assert 100 - estimate(temp_c=35.0)["soh_pct"] == pytest.approx(2 * (100 - estimate()["soh_pct"]))


def test_health_falls_as_resistance_rises():
    soh = [estimate(reading(mohm))["soh_pct"] for mohm in (3.8, 4.0, 4.4, 5.0, 6.0, 9.0)]
    assert soh == sorted(soh, reverse=True)
    assert len(set(soh)) == len(soh)


def test_a_cold_reading_is_not_taken_for_wear():
    # At 5 °C a good jar reads 13 % more: Ea 4.4 kJ/mol.
    assert estimate(reading(4.0 * 1.136, temp_c=5.0))["soh_pct"] == pytest.approx(
        estimate(reading(4.0))["soh_pct"], abs=0.2
    )


def test_one_wild_reading_among_three_does_not_count():
    good = pl.concat([reading(4.2, 40), reading(4.2, 20), reading(9.0, 1)])
    assert estimate(good)["soh_pct"] == pytest.approx(estimate(reading(4.2))["soh_pct"], abs=0.01)


def test_a_fresh_capacity_test_outweighs_the_rest():
    row = estimate(reading(4.2), test_of(80.0, 1))
    assert row["soh_pct"] == pytest.approx(82.5, abs=1.5)
    assert row["soh_std_pct"] < 3.0
    assert row["evidence"] == "age+resistance+capacity_test"
    assert row["evidence_age_days"] == pytest.approx(1.0)


@pytest.mark.parametrize("days_ago", [366, 800])
def test_without_a_test_in_the_last_year_the_deviation_is_five_points_or_more(days_ago):
    assert estimate(reading(4.0), test_of(98.0, days_ago), installed=date(2020, 1, 1))["soh_std_pct"] >= 5.0
    assert estimate(installed=date(2026, 2, 27))["soh_std_pct"] >= 5.0


def test_a_test_counts_less_as_it_ages():
    sd = [estimate(tests=test_of(95.0, days))["soh_std_pct"] for days in (1, 200, 360, 600)]
    assert sd == sorted(sd)


def test_evidence_from_before_the_jar_was_installed_is_not_its_own():
    row = estimate(reading(9.0, 900), test_of(60.0, 900))
    assert row["evidence"] == "age"
    later = estimate(reading(9.0, -5), test_of(60.0, -5))
    assert later["evidence"] == "age"


def test_a_test_without_a_percentage_is_passed_over():
    assert estimate(tests=test_of(None, 1))["evidence"] == "age"


def test_unknown_age_baseline_and_temperature_still_give_an_estimate():
    bare = jars("a").with_columns(
        installed_date=pl.lit(None, pl.Date),
        initial_capacity_ah=pl.lit(None, pl.Float64),
        initial_resistance_mohm=pl.lit(None, pl.Float64),
    )
    row = state_of_health(bare, reading(5.0), pl.DataFrame(schema=TESTS), warm(25.0).clear(), AT).to_dicts()[
        0
    ]
    assert row["evidence"] == "age"
    assert row["soh_std_pct"] > 10


def test_health_stays_within_its_bounds_and_in_the_order_of_the_jars():
    many = jars("b", "a", installed=date(2026, 2, 1)).with_columns(initial_capacity_ah=pl.lit(150.0))
    rows = state_of_health(many, reading(200.0), pl.DataFrame(schema=TESTS), warm(25.0), AT)
    assert rows["battery_id"].to_list() == ["b", "a"]
    assert rows["soh_pct"].to_list() == [110.0, 0.0]


def of_string(readings: pl.DataFrame, tests: pl.DataFrame, units: pl.DataFrame) -> dict[str, float]:
    warmth = pl.DataFrame({"battery_id": units["battery_id"], "temperature_c": [25.0] * units.height})
    found = state_of_health(units, readings, tests, warmth, AT)
    return dict(found.select("battery_id", "soh_pct").iter_rows())


def test_a_strings_test_measures_its_weakest_jar_and_not_the_others():
    readings = pl.concat(
        [reading(4.1, battery_id="a"), reading(5.4, battery_id="b"), reading(4.2, battery_id="c")]
    )
    nothing = pl.DataFrame(schema=TESTS)
    without = of_string(readings, nothing, jars("a", "b", "c"))
    tested = of_string(readings, test_of(78.0, 1), jars("a", "b", "c"))
    assert tested["b"] == pytest.approx(80.0, abs=3.0)
    assert tested["b"] < without["b"]
    assert (tested["a"], tested["c"]) == (without["a"], without["c"])


def test_a_good_test_lifts_every_jar_that_was_put_lower():
    readings = pl.concat([reading(4.1, battery_id="a"), reading(5.4, battery_id="b")])
    without = of_string(readings, pl.DataFrame(schema=TESTS), jars("a", "b"))
    tested = of_string(readings, test_of(104.0, 1), jars("a", "b"))
    assert tested["a"] > without["a"]
    assert tested["b"] > without["b"]


def test_a_test_before_a_replacement_no_longer_names_the_weakest():
    readings = pl.concat([reading(4.1, battery_id="a"), reading(4.3, battery_id="b")])
    later = jars("new", installed=date(2026, 2, 25))
    units = pl.concat([jars("a", "b"), later])
    without = of_string(readings, pl.DataFrame(schema=TESTS), units)
    assert of_string(readings, test_of(75.0, 30), units) == without
