"""Scales that no jar has are found by the day, and what jars can show is left alone."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.credible.days import (
    credible_jars,
    credible_rooms,
    credible_rounds,
    credible_strings,
    withheld,
)
from battery_assets.features.samples.blocks import with_cells

DAY = datetime(2025, 3, 4, tzinfo=UTC)
AT = [DAY + timedelta(minutes=15 * n) for n in range(96)]


def jars(
    count: int = 6, nominal: float | None = 12.0, chemistry: str | None = "VRLA", **more
) -> pl.DataFrame:
    facts = {
        "battery_id": [f"j{n}" for n in range(count)],
        "battery_code": [f"J{n}" for n in range(count)],
        "string_id": ["s"] * count,
        "position_in_string": list(range(1, count + 1)),
        "capacity_ah": [100.0] * count,
        "nominal_voltage_v": [nominal] * count,
        "chemistry": [chemistry] * count,
        "batteries_count": [count] * count,
        "string_nominal_v": [None if nominal is None else nominal * count] * count,
        **more,
    }
    kinds = {"nominal_voltage_v": pl.Float64, "chemistry": pl.String, "string_nominal_v": pl.Float64}
    return with_cells(pl.DataFrame(facts, schema_overrides=kinds))


def jar_day(volts: float = 13.6, celsius: float = 25.0, count: int = 6, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    size = len(AT)
    return pl.concat(
        pl.DataFrame(
            {
                "ts": AT,
                "battery_id": [f"j{n}"] * size,
                "voltage_v": (volts * (1 + 0.002 * rng.standard_normal(size) + 0.001 * n)).round(3),
                "temperature_c": (celsius + 0.4 * rng.standard_normal(size)).round(1),
                "resistance_mohm": pl.Series([None] * size, dtype=pl.Float64),
            }
        )
        for n in range(count)
    )


def string_day(volts: float = 81.6, amps: float = 0.08, mode: str | None = "float") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts": AT,
            "string_id": ["s"] * len(AT),
            "voltage_v": [volts] * len(AT),
            "current_a": [amps] * len(AT),
            "mode": [mode] * len(AT),
        }
    )


@pytest.mark.parametrize(
    ("volts", "nominal"),
    [
        (13.6, 12.0),
        (11.2, 12.0),
        (14.9, 12.0),
        (10.0, 12.0),
        (6.78, 6.0),
        (2.25, 2.0),
        (4.5, 4.0),
        (13.3, None),
    ],
)
def test_what_jars_show_is_believed(volts, nominal):
    rows, left_out = credible_jars(jar_day(volts), jars(nominal=nominal))
    assert left_out.is_empty()
    assert rows.equals(jar_day(volts))


@pytest.mark.parametrize(
    ("volts", "nominal", "term"),
    [(2.27, 12.0, "x6"), (2.27, 6.0, "x3"), (6.8, 12.0, "x2"), (13.6, 6.0, "/2"), (1.36, 12.0, "x10"),
     (13.6, 2.0, "/6"), (0.3, 12.0, "none")],
)  # fmt: skip
def test_volts_of_another_scale_are_left_out_and_their_unit_is_named(volts, nominal, term):
    rows, left_out = credible_jars(jar_day(volts), jars(nominal=nominal))
    assert left_out["term"].to_list() == [f"units=telemetry_jar_raw.voltage_v:{term}"]
    assert rows["voltage_v"].null_count() == rows.height
    assert rows["temperature_c"].null_count() == 0
    assert withheld([left_out], jars(nominal=nominal)) == {f"j{n}" for n in range(6)}


@pytest.mark.parametrize(("celsius", "hot"), [(77.0, True), (60.5, True), (50.0, False), (-4.0, False)])
def test_a_string_that_is_hotter_than_any_all_day_is_told_in_fahrenheit(celsius, hot):
    rows, left_out = credible_jars(jar_day(celsius=celsius), jars())
    assert left_out["likely"].to_list() == ["degF"] * hot
    assert rows["temperature_c"].null_count() == rows.height * hot


def test_one_hot_jar_is_hot_and_no_unit():
    rows = jar_day().with_columns(
        temperature_c=pl.when(battery_id="j2").then(pl.col("temperature_c") + 45).otherwise("temperature_c")
    )
    assert credible_jars(rows, jars())[1].is_empty()


@pytest.mark.parametrize("some", [["j2"], ["j0", "j1", "j2"]])
def test_jars_in_fahrenheit_among_others_are_a_unit_and_no_heat(some):
    in_fahrenheit = (pl.col("temperature_c") * 1.8 + 32).round(1)
    mine = pl.col("battery_id").is_in(some)
    rows = jar_day().with_columns(
        temperature_c=pl.when(mine).then(in_fahrenheit).otherwise("temperature_c"),
    )
    kept, left_out = credible_jars(rows, jars())
    [term] = left_out["term"].to_list()
    assert term == "units=telemetry_jar_raw.temperature_c:degF, for a file of these alone"
    assert left_out["likely"].to_list() == [f"degF, of {len(some)} of its jars"]
    assert kept["temperature_c"].null_count() == kept.height
    # A jar that runs away is as hot, and its voltage falls: that is told as heat.
    away = rows.with_columns(voltage_v=pl.when(mine).then(pl.col("voltage_v") - 0.9).otherwise("voltage_v"))
    assert credible_jars(away, jars())[1].is_empty()


@pytest.mark.parametrize(
    ("volts", "term"),
    [(163.2, "/2"), (489.6, "/6"), (13.6, "x6"), (2.27, "x36"), (816.0, "/10"), (0.0816, "kV"), (40.8, "x2")],
)
def test_a_strings_volts_of_another_scale_take_its_current_with_them(volts, term):
    rows, left_out = credible_strings(string_day(volts), jars())
    assert left_out["term"].to_list() == [f"units=telemetry_string_raw.voltage_v:{term}"]
    assert rows["current_a"].null_count() == rows["voltage_v"].null_count() == rows.height


def test_jars_that_nobody_knows_hide_no_other_and_are_passed_over():
    rows = pl.concat([jar_day(136.0, count=3), jar_day(13.6).filter(pl.col("battery_id") == "j5")])
    _, left_out = credible_jars(rows, jars(count=3))
    assert left_out["column"].to_list() == ["voltage_v"]
    assert credible_jars(jar_day(136.0), jars().with_columns(battery_id=pl.lit("other")))[1].is_empty()


def test_a_string_of_which_not_every_jar_is_recorded_is_believed_by_its_own_nominal_voltage():
    few = jars(2).with_columns(batteries_count=pl.lit(24), string_nominal_v=pl.lit(288.0))
    assert credible_strings(string_day(326.0), few)[1].is_empty()


@pytest.mark.parametrize(
    ("amps", "mode", "milli"),
    [(80.0, "float", True), (2.0, "float", False), (80.0, "boost", True), (-80.0, None, True), (80.0, None, True),
     (15.0, "boost", False), (15.0, "float", True)],
)  # fmt: skip
def test_a_current_that_no_jar_could_take_all_day_is_in_milliamperes(amps, mode, milli):
    _, left_out = credible_strings(string_day(amps=amps, mode=mode), jars())
    assert left_out["term"].to_list() == ["units=telemetry_string_raw.current_a:mA"] * milli


def test_charges_and_discharges_that_take_turns_all_day_are_believed():
    turned = pl.when(pl.col("ts").dt.hour() % 2 == 0).then(80.0).otherwise(-80.0)
    rows = string_day(mode=None).with_columns(current_a=turned)
    assert credible_strings(rows, jars())[1].is_empty()


def rounds(of_new: float, count: int = 6, siemens: bool = False) -> pl.DataFrame:
    new = 4.25 * 1.2
    values = [(1000.0 / new if siemens else new * of_new) * (1 + 0.01 * n) for n in range(count)]
    at = [DAY + timedelta(minutes=n) for n in range(count)]
    return pl.DataFrame(
        {"battery_id": [f"j{n}" for n in range(count)], "measured_at": at, "resistance_mohm": values}
    )


@pytest.mark.parametrize(
    ("made", "word"), [(rounds(1000.0), "uohm"), (rounds(0.001), "ohm"), (rounds(1.0, siemens=True), "S")]
)
def test_a_round_of_another_unit_speaks_of_no_jar(made, word):
    kept, left_out = credible_rounds(made, jars())
    assert kept.is_empty()
    assert left_out["term"].to_list() == [f"units=impedance_measurement_raw.resistance_mohm:{word}"]
    assert withheld([left_out.drop("day")], jars()) == set()


@pytest.mark.parametrize("of_new", [0.6, 1.0, 3.0, 6.0])
def test_worn_strings_and_single_broken_jars_are_believed(of_new):
    assert credible_rounds(rounds(of_new), jars())[0].height == 6
    assert credible_rounds(rounds(100.0, count=1), jars())[0].height == 1


@pytest.mark.parametrize(("times", "likely"), [(1000.0, "µΩ"), (0.001, "Ω")])
def test_one_reading_in_another_unit_among_others_opens_no_jar(times, likely):
    made = rounds(1.0)
    one = pl.when(battery_id="j2").then(pl.col("resistance_mohm") * times).otherwise("resistance_mohm")
    kept, left_out = credible_rounds(made.with_columns(resistance_mohm=one), jars())
    assert kept.equals(made.filter(pl.col("battery_id") != "j2"))
    assert left_out["likely"].to_list() == [f"{likely}, of 1 of its readings"]
    assert withheld([left_out.drop("day")], jars()) == set()


def test_only_the_month_whose_unit_is_another_is_left_out():
    before = rounds(1.0).with_columns(pl.col("measured_at").dt.offset_by("-1mo"))
    kept, left_out = credible_rounds(pl.concat([before, rounds(1000.0)]), jars())
    assert kept.sort("measured_at").equals(before.sort("measured_at"))
    assert left_out["day"].to_list() == [DAY.date()]


def test_a_room_is_never_as_hot_as_a_fahrenheit_number():
    rows = pl.DataFrame(
        {"ts": AT * 2, "sensor_id": ["a"] * 96 + ["b"] * 96, "temperature_c": [77.0] * 96 + [38.0] * 96}
    )
    kept, left_out = credible_rooms(rows)
    assert left_out["unit_id"].to_list() == ["a"]
    assert kept["temperature_c"].null_count() == 96
