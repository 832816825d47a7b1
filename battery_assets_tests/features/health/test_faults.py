"""Faults that end a jar's duty, from made days, and what is left of the jar at its terminals."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.faults import (
    BROKEN,
    OPEN,
    SHORT_V,
    SHORTED,
    float_signs,
    handed_on,
    known_faults,
    share_at_terminals,
    with_faults,
)
from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.physics.discharge import Jars, discharge
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets_tests.worlds.months.telemetry_days import instants, jar_rows, string_rows, units

DAY = date(2026, 3, 1)
END = datetime(2026, 3, 2, tzinfo=UTC)
NO_READINGS = pl.DataFrame(
    schema={"battery_id": pl.String, "measured_at": pl.Datetime("us", "UTC"), "resistance_mohm": pl.Float64}
)


def jars(*ids: str, **columns) -> pl.DataFrame:
    plain = {"installed_date": pl.lit(date(2022, 4, 1), pl.Date), "initial_resistance_mohm": pl.lit(4.0)}
    return units(*ids).with_columns(**(plain | columns))


def a_day(below: dict[str, object], mode: str | None = "float", amps: float = 0.05) -> pl.DataFrame:
    us = instants(DAY, 60)
    rows = pl.concat(
        [jar_rows(name, us, 13.6 - np.asarray(low) * np.ones(len(us))) for name, low in below.items()]
    )
    return float_signs(rows, string_rows("s1", us, amps, mode), jars(*below))


def faults(signs: pl.DataFrame, ids: str = "abcd", **more) -> dict[str, str]:
    found = known_faults(jars(*ids), [signs], more.pop("readings", NO_READINGS), more.pop("at", END), **more)
    return dict(found.select("battery_id", "fault").iter_rows())


def readings(*values: float, jar: str = "a") -> pl.DataFrame:
    at = [END - timedelta(days=len(values) - k) for k in range(len(values))]
    return pl.DataFrame(
        {"battery_id": jar, "measured_at": at, "resistance_mohm": values}, schema_overrides=NO_READINGS.schema
    )


def test_a_shorted_cell_is_seen_by_the_voltage_that_it_takes():
    signs = a_day({"a": 2.25, "b": 0.0, "c": -0.1, "d": 0.05})
    assert faults(signs) == {"a": SHORTED}
    assert signs.filter(battery_id="a")["below_v"].item() == pytest.approx(2.25, abs=0.03)


def test_a_partial_short_is_one_from_the_alerts_critical_limit_on():
    [rule] = [r for r in thresholds() if r.signal == "float_below_median" and r.severity == "critical"]
    assert rule.value == SHORT_V
    assert faults(a_day({"a": 0.62, "b": 0.58, "c": 0.0, "d": 0.0})) == {"a": SHORTED}


def test_a_jar_that_was_low_for_an_hour_or_under_load_has_no_fault():
    us = instants(DAY, 60)
    late = np.where(us >= us[-90], 2.0, 0.0)
    assert faults(a_day({"a": late, "b": 0.0, "c": 0.0, "d": 0.0})) == {}
    assert faults(a_day({"a": 2.0, "b": 0.0, "c": 0.0, "d": 0.0}, mode="discharge", amps=-60.0)) == {}
    assert faults(a_day({"a": 2.0, "b": 0.0, "c": 0.0, "d": 0.0}, mode="float", amps=30.0)) == {}


def test_without_a_mode_the_string_s_own_voltage_tells_that_it_floats():
    assert faults(a_day({"a": 2.0, "b": 0.0, "c": 0.0, "d": 0.0}, mode=None)) == {"a": SHORTED}
    assert faults(a_day({"a": 3.0, "b": 1.0, "c": 1.0, "d": 1.0}, mode=None)) == {}


def test_of_two_jars_the_higher_is_the_sound_one():
    assert faults(a_day({"a": 2.2, "b": 0.0}), "ab") == {"a": SHORTED}


def test_what_was_seen_last_counts_and_what_came_later_is_not_known_yet():
    bad, good = (a_day({"a": low, "b": 0.0, "c": 0.0}) for low in (2.2, 0.0))
    later = good.with_columns(pl.col("until") + timedelta(days=1))
    assert faults(pl.concat([bad, later]), "abc", at=END + timedelta(days=1)) == {}
    assert faults(pl.concat([bad, later]), "abc") == {"a": SHORTED}
    assert faults(bad, "abc", at=END - timedelta(hours=1)) == {}


def test_blocks_of_other_sizes_are_judged_by_their_cells():
    us = instants(DAY, 60)
    rows = pl.concat([jar_rows(name, us, volts) for name, volts in (("a", 4.6), ("b", 6.8), ("c", 6.55))])
    of_three = jars("a", "b", "c", cells=pl.lit(3))
    signs = float_signs(rows, string_rows("s1", us, 0.05, "float"), of_three)
    found = known_faults(of_three, [signs], NO_READINGS, END)
    assert found["battery_id"].to_list() == ["a"]
    health = with_faults(healthy("a", "b", "c"), found, of_three)
    assert health["soh_pct"].to_list() == pytest.approx([0.0, 96.0, 96.0], abs=0.5)


def test_a_doubled_resistance_is_read_twice_before_it_is_a_broken_connection():
    none = a_day({"a": 0.0, "b": 0.0})
    assert faults(none, "ab", readings=readings(4.1, 4.2, 9.0)) == {}
    assert faults(none, "ab", readings=readings(4.1, 9.0, 9.5)) == {"a": BROKEN}
    assert faults(none, "ab", readings=readings(9.0, 9.5, 4.2)) == {}
    assert faults(none, "ab", readings=readings(25.0, 45.0)) == {"a": BROKEN}, "beyond only once"
    assert faults(none, "ab", readings=readings(45.0, 60.0)) == {"a": OPEN}


def test_without_a_baseline_the_string_s_jars_tell_what_is_usual():
    of_string = jars("a", "b", "c", initial_resistance_mohm=pl.lit(None, pl.Float64))
    read = pl.concat([readings(9.0, 9.1), readings(4.0, 4.1, jar="b"), readings(4.2, 4.1, jar="c")])
    assert known_faults(of_string, [], read, END)["battery_id"].to_list() == ["a"]


def test_a_fault_goes_over_the_month_s_edge_until_something_else_is_seen():
    twins = pl.DataFrame({
        "battery_id": ["a", "a", "b", "c"], "captured_at": [END - timedelta(days=31), END, END, END],
        "fault": [None, SHORTED, OPEN, None], "lost_v": [None, 2.2, None, None],
    }, schema_overrides={"captured_at": pl.Datetime("us", "UTC"), "lost_v": pl.Float64})  # fmt: skip
    told, at = handed_on(twins), END + timedelta(days=2)
    nothing = a_day({"a": 0.0, "b": 0.0, "c": 0.0}).clear()
    assert faults(nothing, "abc", at=at, before=told) == {"a": SHORTED, "b": OPEN}
    later = a_day({"a": 0.0, "b": 0.0, "c": 0.0}).with_columns(pl.col("until") + timedelta(days=1))
    again = readings(4.0, 4.1, jar="b").with_columns(pl.col("measured_at") + timedelta(days=3))
    assert faults(later, "abc", at=at, before=told) == {"b": OPEN}
    assert faults(later, "abc", at=at + timedelta(days=1), before=told, readings=again) == {}


def healthy(*ids: str) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": list(ids)}).with_columns(
        soh_pct=pl.lit(96.0), soh_std_pct=pl.lit(5.0), soh_lower_pct=pl.lit(88.0), soh_upper_pct=pl.lit(101.0),
        evidence=pl.lit("age"),
    )  # fmt: skip


def test_health_is_the_capacity_at_the_terminals():
    known = pl.DataFrame(
        [("a", SHORTED, 2.25), ("b", SHORTED, 0.6), ("c", BROKEN, None), ("d", OPEN, None)],
        schema={"battery_id": pl.String, "fault": pl.String, "lost_v": pl.Float64}, orient="row",
    )  # fmt: skip
    rows = with_faults(healthy(*"abcde"), known, jars(*"abcde"))
    soh = rows["soh_pct"].to_list()
    assert soh[0] < 1.0 and soh[3] == 0.0
    assert 80.0 < soh[1] < 90.0
    assert soh[2] == soh[4] == 96.0
    assert rows["working_soh_pct"].to_list() == [96.0] * 5
    assert rows["evidence"].to_list() == ["age+fault"] * 4 + ["age"]
    assert (rows["soh_lower_pct"] <= rows["soh_pct"]).all() and (
        rows["soh_pct"] <= rows["soh_upper_pct"]
    ).all()


def test_what_five_cells_give_is_what_the_discharge_model_gives_for_five_cells():
    def hours(cells: float) -> float:
        jar = Jars.new(1, HX12_120.acceptance_scale)
        jar = type(jar)(
            *(
                np.array([cells]) if name == "cells" else getattr(jar, name)
                for name in jar.__dataclass_fields__
            )
        )
        ran = discharge(jar, np.arange(0.0, 14 * 3600.0, 60.0), current_a=-12.0, stop_jar_v=10.8)
        return float(ran.time_s[-1]) / 3600.0

    assert hours(5.0) < 0.1 < hours(6.0)
    # A part of a cell's 2.27 V: the model takes it as a part of every voltage, less at the end.
    lost = 2.27 * (6.0 - 5.75)
    assert share_at_terminals(np.array([lost]))[0] == pytest.approx(hours(5.75) / hours(6.0), abs=0.05)
    shares = share_at_terminals(np.array([0.0, 0.2, 0.45, 1.0, 2.0, 3.0]))
    assert shares[0] == 1.0 and (np.diff(shares) <= 0).all() and shares[-1] == 0.0
