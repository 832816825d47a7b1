"""What a string is asked to carry: seen in its discharges, by its system's rating, by the data sheet."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets.features.ride_through.loads import (
    CURRENT,
    POWER,
    by_discharge,
    loaded_samples,
    measured_loads,
    new_jar_min,
    own_loads,
    rated_level,
    string_loads,
)

AT = datetime(2026, 3, 5, 8, tzinfo=UTC)
RATED = {"a": 120.0}


def samples(*spans: tuple[int, int, float], volts: float = 290.0) -> pl.DataFrame:
    """Rows of string `a` every 5 s: (first second, seconds, amperes) after AT."""
    rows = [
        (AT + timedelta(seconds=s), amps)
        for begin, lasts, amps in spans
        for s in range(begin, begin + lasts, 5)
    ]
    return pl.DataFrame(rows, schema=["ts", "current_a"], orient="row").with_columns(
        pl.col("ts").cast(pl.Datetime("us", "UTC")), string_id=pl.lit("a"), voltage_v=pl.lit(volts)
    )


def of_tests(*at: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        {"string_id": ["a"] * len(at), "test_date": list(at)},
        schema={"string_id": pl.String, "test_date": pl.Datetime("us", "UTC")},
    )


def loads(own: pl.DataFrame | None = None, **changed) -> pl.DataFrame:
    string = {"string_id": "a", "jars": 24, "rated_ah": 120.0, "system_type": "UPS", "rated_power_kva": 160.0}
    frame = pl.DataFrame([string | {"strings_in_system": 2} | changed])
    nothing = {"string_id": pl.String, "power_w": pl.Float64, "drawn_a": pl.Float64}
    return string_loads(frame, pl.DataFrame(schema=nothing) if own is None else own)


@pytest.mark.parametrize(
    ("kind", "minutes", "end_v", "level"),
    [
        (CURRENT, 15, 1.75, 200.0),
        (CURRENT, 15, 1.67, 227.0),
        (CURRENT, 60, 1.75, 72.2),
        (CURRENT, 600, 1.75, 11.9),
    ],
)
def test_the_ratings_are_those_of_the_rate_table(kind, minutes, end_v, level):
    assert rated_level(kind, minutes, end_v) == pytest.approx(level, rel=0.035)


@pytest.mark.parametrize(("minutes", "amps"), [(15, 163.7), (60, 63.6), (300, 19.7)])
def test_the_data_sheets_currents_last_their_time(minutes, amps):
    # 7 % of current at 1.85 V per cell is up to 11 % of time.
    assert new_jar_min(CURRENT, amps, 1.85) == pytest.approx(minutes, rel=0.12)


def test_constant_power_ends_sooner_than_the_same_current_at_the_start():
    watts = 150.0 * 12.0
    assert new_jar_min(POWER, watts, 1.75) < new_jar_min(CURRENT, 150.0, 1.75)


def test_the_own_load_is_the_median_of_the_last_discharges():
    spans = [(n * 4000, 20, amps) for n, amps in enumerate((-999.0, -100.0, -110.0, -500.0, -120.0, -130.0))]
    own = own_loads(loaded_samples([samples(*spans, (100, 900, 18.0), (2000, 60, -2.0))], RATED), of_tests())
    assert own.to_dicts() == [{"string_id": "a", "power_w": 290.0 * 120.0, "drawn_a": 120.0, "episodes": 5}]


def test_a_pause_of_more_than_a_quarter_of_an_hour_parts_two_discharges_to_the_millisecond():
    at = [AT + timedelta(seconds=s) for s in (0.0, 5.0, 905.0, 1805.001)]
    rows = pl.DataFrame(
        {"string_id": ["a"] * 4, "ts": at, "voltage_v": [290.0] * 4, "current_a": [-60.0] * 4}
    )
    found = by_discharge(pl.concat([rows.reverse(), rows.with_columns(string_id=pl.lit("b"))]))
    for string in ("a", "b"):
        own = found.filter(pl.col("string_id") == string)
        assert own["discharge"].to_list() == [1, 1, 1, 2]
        assert own["step_s"].to_list() == [0.0, 5.0, 900.0, 0.0]


def test_a_capacity_test_is_not_the_load():
    frame = samples((0, 20, -100.0), (5 * 86_400, 36_000, -12.0))
    near = AT + timedelta(days=5, minutes=-10)
    assert own_loads(loaded_samples([frame], RATED), of_tests(near))["drawn_a"].to_list() == [100.0]
    assert own_loads(loaded_samples([frame], RATED), of_tests())["drawn_a"].to_list() == [56.0]


def test_a_ups_holds_power_and_a_rectifier_current():
    own = pl.DataFrame({"string_id": ["a"], "power_w": [30_000.0], "drawn_a": [105.0]})
    ups, rectifier = loads(own), loads(own, system_type="RECTIFIER")
    assert ups["load_basis"].to_list() == ["measured_load", "rated_15min", "rated_1h"]
    assert ups["load_kind"].unique().to_list() == [POWER]
    assert ups["level"][0] == pytest.approx(30_000.0 / 24)
    assert rectifier["load_kind"].unique().to_list() == [CURRENT]
    assert rectifier["level"][0] == 105.0
    assert ups["required_min"].to_list() == [15.0, 12.0, 48.0]


def test_without_a_discharge_the_systems_rating_is_shared_by_its_strings():
    row = loads().row(0, named=True)
    assert row["load_basis"] == "system_rating"
    assert row["level"] == pytest.approx(160e3 * 0.9 / 0.95 / 2 / 24)
    for useless in (None, 400.0):
        assert loads(rated_power_kva=useless)["load_basis"].to_list() == ["rated_15min", "rated_1h"]


def test_an_unknown_system_counts_as_the_harder_load():
    assert loads(system_type=None)["load_kind"].unique().to_list() == [POWER]


def test_a_larger_jar_is_rated_for_more():
    assert loads(rated_ah=240.0)["level"][1] == pytest.approx(2 * loads()["level"][1])


def earlier(*rows: tuple) -> pl.DataFrame:
    """Rows of string_runtime of earlier months: string, month, basis, W, A, when it was measured."""
    schema = {
        "string_id": pl.String, "month": pl.Int64, "load_basis": pl.String, "load_w": pl.Float64,
        "load_current_a": pl.Float64, "load_measured_at": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(captured_at=pl.datetime(2026, pl.col("month"), 1, time_zone="UTC"))


def test_a_string_without_a_discharge_keeps_the_load_that_was_measured_last():
    seen = AT - timedelta(days=40)
    before = earlier(
        ("a", 1, "measured_load", 1.0, -1.0, None), ("a", 2, "measured_load", 28_000.0, -97.0, seen),
        ("a", 2, "rated_1h", 5_000.0, -10.0, None), ("b", 2, "system_rating", 9_000.0, -30.0, None),
    )  # fmt: skip
    nothing = loaded_samples([], RATED)
    [kept] = measured_loads(nothing, of_tests(), before).to_dicts()
    assert (kept["string_id"], kept["power_w"], kept["drawn_a"], kept["measured_at"]) == (
        "a",
        28_000.0,
        97.0,
        seen,
    )
    for kind, level in (("UPS", 28_000.0 / 24), ("RECTIFIER", 97.0)):
        told = loads(measured_loads(nothing, of_tests(), before), system_type=kind).row(0, named=True)
        assert (told["load_basis"], told["level"], told["load_measured_at"]) == ("measured_load", level, seen)


def test_a_discharge_of_this_month_stands_above_what_was_measured_before():
    before = earlier(("a", 2, "measured_load", 28_000.0, -97.0, AT - timedelta(days=40)))
    loaded = loaded_samples([samples((0, 20, -120.0))], RATED)
    [own] = measured_loads(loaded, of_tests(), before).to_dicts()
    assert (own["drawn_a"], own["measured_at"]) == (120.0, AT)
    # A tester's current is no load: what was measured before stays.
    [kept] = measured_loads(loaded, of_tests(AT), before).to_dicts()
    assert kept["drawn_a"] == 97.0
