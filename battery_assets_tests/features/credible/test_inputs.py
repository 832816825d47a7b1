"""Inputs that no sensor feeds, and channels that are shown twice."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.credible.days import credible_jars, credible_strings, emptied, withheld
from battery_assets_tests.features.credible.test_scales import AT, jar_day, jars, string_day


def changed(rows: pl.DataFrame, jar: str, **values: object) -> pl.DataFrame:
    mine = pl.col("battery_id") == jar
    return rows.with_columns(
        pl.when(mine).then(value).otherwise(name).alias(name) for name, value in values.items()
    )


@pytest.mark.parametrize("code", [0.0, 85.0, -40.0])
def test_a_temperature_that_is_a_code_all_day_is_no_temperature(code):
    rows, left_out = credible_jars(changed(jar_day(), "j1", temperature_c=code), jars())
    assert left_out.select("unit_id", "column", "code").rows() == [("j1", "temperature_c", "no_sensor")]
    assert rows.filter(battery_id="j1")["temperature_c"].null_count() == len(AT)
    assert rows.filter(battery_id="j1")["voltage_v"].null_count() == 0


def test_every_jar_at_0_degrees_all_day_has_no_sensor_even_where_few_samples_are_sent():
    rows = jar_day().with_columns(temperature_c=0.0).gather_every(24)
    kept, left_out = credible_jars(rows, jars())
    assert left_out["code"].to_list() == ["no_sensor"] * 6
    assert kept["temperature_c"].null_count() == kept.height


@pytest.mark.parametrize("volts", [10.0, 0.0, 16.383])
def test_a_voltage_that_does_not_move_and_is_no_neighbours_is_no_voltage(volts):
    rows, left_out = credible_jars(changed(jar_day(), "j3", voltage_v=volts), jars())
    assert left_out.select("unit_id", "column", "code").rows() == [("j3", "voltage_v", "no_sensor")]
    assert rows.filter(battery_id="j3")["voltage_v"].null_count() == len(AT)


def test_a_steady_room_and_a_cold_one_are_believed():
    assert credible_jars(jar_day().with_columns(temperature_c=25.0), jars())[1].is_empty()
    cold = jar_day(celsius=0.2)
    assert (cold["temperature_c"] == 0.0).any()
    rows, left_out = credible_jars(cold, jars())
    assert left_out.is_empty()
    assert rows.equals(cold)


def test_codes_amid_values_are_left_out_one_by_one():
    now_and_then = pl.when(pl.int_range(pl.len()) % 10 == 0).then(85.0).otherwise("temperature_c")
    rows, left_out = credible_jars(changed(jar_day(), "j0", temperature_c=now_and_then), jars())
    assert left_out.select("unit_id", "code", "rows").rows() == [("j0", "fault_code", 10)]
    assert rows["temperature_c"].max() < 30
    amps = string_day().with_columns(
        current_a=pl.when(pl.int_range(pl.len()) == 7).then(655.35).otherwise("current_a")
    )
    strings, told = credible_strings(amps, jars())
    assert strings["current_a"].null_count() == 1
    assert told["code"].to_list() == ["fault_code"]


def test_two_jars_that_agree_to_the_last_digit_show_one_channel():
    rows = jar_day()
    copy = rows.filter(battery_id="j1")["voltage_v"]
    twice = pl.concat([changed(rows, "j4", voltage_v=0.0).filter(pl.col("battery_id") != "j4"),
                       rows.filter(battery_id="j4").with_columns(voltage_v=copy)]).sort("battery_id", "ts")  # fmt: skip
    gap = twice.filter(~((pl.col("battery_id") == "j4") & pl.col("ts").is_in(AT[3:6])))
    kept, left_out = credible_jars(gap, jars())
    assert dict(left_out.select("unit_id", "likely").iter_rows()) == {"j1": "J4", "j4": "J1"}
    assert withheld([left_out], jars()) == {"j1", "j4"}
    mine = kept.filter(pl.col("battery_id").is_in(["j1", "j4"]))
    assert mine["voltage_v"].null_count() == mine.height


def with_copy(rows: pl.DataFrame, volts, jar: str = "j4") -> pl.DataFrame:
    """A day on which a jar shows these volts."""
    own = rows.filter(battery_id=jar).with_columns(voltage_v=pl.Series(volts).round(3))
    return pl.concat([rows.filter(pl.col("battery_id") != jar), own]).sort("battery_id", "ts")


@pytest.mark.parametrize(("offset", "noise"), [(0.012, 0.0), (-0.31, 0.0), (0.0, 0.001), (0.05, 0.001)])
def test_one_channel_through_two_converters_is_one_channel(offset, noise):
    rows = jar_day()
    shown = rows.filter(battery_id="j1")["voltage_v"].to_numpy()
    flicker = noise * np.random.default_rng(3).choice([-0.5, 0.0, 0.5], len(shown))
    _, left_out = credible_jars(with_copy(rows, shown + offset + flicker), jars())
    assert left_out.select("unit_id", "code", "likely").rows() == [
        ("j1", "copied_channel", "J4"), ("j4", "copied_channel", "J1")
    ]  # fmt: skip


@pytest.mark.parametrize("jars_of_one", [5, 6])
def test_a_string_whose_voltage_is_shared_out_among_its_jars_is_no_jars(jars_of_one):
    rows = jar_day()
    shown = rows.filter(battery_id="j0")["voltage_v"].to_numpy()
    for n in range(jars_of_one):
        rows = with_copy(rows, shown, f"j{n}")
    kept, left_out = credible_jars(rows, jars())
    assert left_out["unit_id"].to_list() == [f"j{n}" for n in range(jars_of_one)]
    assert kept["voltage_v"].null_count() == jars_of_one * len(AT)


@pytest.mark.parametrize("step", [0.01, 0.005, 0.001])
def test_quiet_jars_that_move_with_their_charger_are_as_many_as_they_are(step):
    """Noise of their own is below a step: the charger alone moves them."""
    rng = np.random.default_rng(5)
    common = 13.6 + 0.03 * np.sin(np.arange(len(AT)) / 9) + 0.01 * rng.standard_normal(len(AT))
    rows = jar_day()
    for n in range(6):
        own = common + 0.037 * n + 0.3 * step * rng.standard_normal(len(AT))
        rows = with_copy(rows, np.round(own / step) * step, f"j{n}")
    assert credible_jars(rows, jars())[1].is_empty()


def test_coarse_monitors_agree_by_chance_and_are_believed():
    coarse = jar_day().with_columns(pl.col("voltage_v").round(1))
    common = np.round(13.6 + 0.1 * np.sin(np.arange(96) / 5), 1)
    same = pl.concat(
        of.with_columns(voltage_v=pl.Series(common))
        for (_,), of in coarse.group_by("battery_id", maintain_order=True)
    )
    assert credible_jars(coarse, jars())[1].is_empty()
    assert credible_jars(same, jars())[1].is_empty()


def test_without_jars_or_rows_nothing_is_judged():
    assert credible_jars(jar_day().clear(), jars())[1].is_empty()
    rows, left_out = credible_jars(jar_day(), jars().clear())
    assert left_out.is_empty()
    assert rows.height == 6 * len(AT)


def test_an_overflow_among_the_volts_of_a_jar_is_left_out_and_a_modules_volts_are_not():
    spiked = pl.when((pl.col("battery_id") == "j2") & (pl.col("ts").dt.hour() == 3)).then(65.535)
    rows = jar_day().with_columns(voltage_v=spiked.otherwise("voltage_v"))
    kept, left_out = credible_jars(rows, jars())
    assert left_out.select("unit_id", "column", "code", "shown").rows() == [
        ("j2", "voltage_v", "fault_code", 65.535)
    ]
    assert kept["voltage_v"].null_count() == left_out["rows"].item() == 4
    modules = jars(nominal=48.0, chemistry="Li-ion")
    assert credible_jars(jar_day(54.0), modules)[1].is_empty()


def test_units_that_are_codes_are_emptied_as_those_that_are_texts():
    rows = pl.DataFrame({"battery_id": ["a", "b", None, "c", "b"], "voltage_v": [1.0, 2.0, 3.0, 4.0, 5.0]})
    coded = rows.with_columns(pl.col("battery_id").cast(pl.Enum(["a", "b", "c"])))
    expected = [1.0, None, None, 4.0, None]
    for of in (rows, coded):
        left = emptied(of, "battery_id", ["b", "of another site"], ("voltage_v", "absent"))
        assert left["voltage_v"].to_list() == expected
        assert left.schema == of.schema
        assert emptied(of, "battery_id", [], ("voltage_v",)).equals(of)
