"""Where a history of charge starts, what a day frame keeps, and what the month before hands over."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.charge.state import (
    QUALITIES,
    carried_charge_state,
    charge_state_day,
    initial_charge_state,
)
from battery_assets_tests.worlds.months.charged import DAY, DISCHARGE_V, FLOAT_V, states
from battery_assets_tests.worlds.months.telemetry_days import instants, jar_rows, string_rows, units


@pytest.mark.parametrize(
    ("mode", "amps", "volts", "soc"),
    [
        ("float", 0.1, 13.6, 100.0),
        (None, 0.1, 13.6, 100.0),
        ("idle", 0.0, 12.196, 40.0),
        (None, 0.0, 12.196, 40.0),
        ("float", 0.9, 12.75, 87.5),
        ("idle", 0.0, 13.2, 100.0),
        ("idle", 0.0, 11.0, 0.0),
    ],
)
def test_where_a_history_starts(mode, amps, volts, soc):
    us = instants(DAY, 60, 1)
    state = initial_charge_state(
        jar_rows("a", us, volts), string_rows("s1", us, amps, mode, volts), units("a")
    )
    assert state.soc_pct[0] == pytest.approx(soc, abs=0.3)


def test_a_string_without_current_is_unknown_until_it_rests():
    us = instants(DAY, 60)
    frame, state = states(us, np.nan, "discharge", 12.3)
    assert frame["soc_pct"].null_count() == frame.height
    assert state.frame()["soc_pct"].to_list() == [None]
    frame, _ = states(us, np.nan, "idle", 12.317)
    assert frame["soc_pct"].null_count() == 180
    assert frame["soc_pct"][-1] == pytest.approx(50.0, abs=0.1)
    known, _ = states(instants(DAY + timedelta(days=1), 60), 0.1, "float", 13.6, state=state)
    assert known["soc_pct"].null_count() == 0


def test_a_string_without_rows_gives_null():
    us = instants(DAY, 60, 1)
    frame, _ = charge_state_day(
        jar_rows("a", us, 13.6), string_rows("s1", us, 0.0).clear(), units("a"), {"a": 100.0}
    )
    assert frame["soc_pct"].null_count() == 60


def test_a_worn_jar_empties_faster_and_never_below_zero():
    us = instants(DAY, 60, 5)
    jars = pl.concat([jar_rows("a", us, 12.2), jar_rows("b", us, 12.0)])
    strings = string_rows("s1", us, np.where(np.arange(300) < 2, 0.0, -30.0), None, 2 * FLOAT_V)
    frame, state = charge_state_day(jars, strings, units("a", "b"), np.array([100.0, 60.0]))
    soc = frame.filter(battery_id="b")["soc_pct"]
    assert frame.filter(battery_id="a")["soc_pct"][150] > soc[150]
    assert soc.min() == 0.0
    assert state.soc_pct[0] == 0.0


def test_jars_with_unequal_rows_take_the_charge_of_their_instants():
    us = instants(DAY, 60, 2)
    jars = pl.concat([jar_rows("a", us, 12.2), jar_rows("b", us[50:60], 12.2)])
    current = np.where(np.arange(120) < 2, 0.0, -30.0)
    strings = string_rows("s1", us, current, None, 2 * FLOAT_V)
    frame, state = charge_state_day(jars, strings, units("a", "b", "c"), {"a": 100.0, "b": 100.0})
    assert frame.height == 130
    some = frame.filter(battery_id="b")["soc_pct"].to_list()
    assert some == frame.filter(battery_id="a")["soc_pct"].to_list()[50:60]
    assert state.soc_pct[0] == pytest.approx(state.soc_pct[1])


def test_the_day_frame_keeps_its_rows_and_is_single_precision():
    us = instants(DAY, 60, 1)
    frame, _ = states(us, 0.0, "float", 13.6)
    assert frame.columns == ["ts", "battery_id", "soc_pct", "soc_quality"]
    assert frame["soc_quality"].dtype == pl.Enum(QUALITIES)
    assert frame["soc_pct"].dtype == pl.Float32
    assert frame["ts"].equals(jar_rows("a", us, 13.6)["ts"])


def test_a_state_of_other_jars_is_refused():
    us = instants(DAY, 60, 1)
    _, state = states(us, 0.0, "float", 13.6)
    with pytest.raises(ValueError, match="other jars"):
        charge_state_day(jar_rows("b", us, 13.6), string_rows("s1", us, 0.0), units("b"), {}, state)


def test_the_quality_says_what_the_charge_rests_on():
    us = instants(DAY, 60, 12)
    hour = (us - us[0]) / 3.6e9
    current = np.select([hour < 1, hour < 2, hour < 9], [0.0, -40.0, 0.0], 0.2)
    mode = np.select([hour < 1, hour < 2, hour < 9], ["float", "discharge", "idle"], "float")
    volts = np.select([hour < 1, hour < 2, hour < 9], [FLOAT_V, DISCHARGE_V, 12.5], FLOAT_V)
    frame, _ = states(us, current, mode, volts)
    quality = frame["soc_quality"].to_list()
    assert quality[30] == "held"
    assert quality[90] == "counted"
    assert quality[150] == "held"
    assert quality[-1] == "open_circuit"
    assert quality.index("open_circuit") == pytest.approx(5 * 60, abs=2)


def test_a_guess_is_called_one_and_an_unknown_charge_has_no_quality():
    us = instants(DAY, 60, 1)
    guess, _ = states(us, -20.0, "discharge", 12.2)
    assert guess["soc_quality"].unique().to_list() == ["guessed"]
    nothing, _ = states(us, np.nan, "discharge", 12.2)
    assert nothing["soc_quality"].null_count() == 60


def test_full_after_three_days_of_float_until_something_is_counted():
    state = None
    for k in range(4):
        day = instants(DAY + timedelta(days=k), 60)
        frame, state = states(day, 0.2, "float", FLOAT_V, state=state)
    assert frame["soc_quality"][-1] == "full_charge"
    frame, _ = states(instants(DAY + timedelta(days=4), 60, 1), -30.0, "discharge", DISCHARGE_V, state=state)
    assert frame["soc_quality"].to_list()[1:] == ["counted"] * 59


def test_the_month_before_hands_over_charge_quality_and_the_clock_of_float():
    days = [instants(DAY + timedelta(days=k), 60) for k in range(5)]
    _, state = states(days[0][-180:-120], 0.2, "float", FLOAT_V)
    _, state = states(days[0][-120:], -30.0, "discharge", DISCHARGE_V, state=state)
    frames = []
    for day in days[1:]:
        frame, state = states(day, 0.2, "float", FLOAT_V, state=state)
        frames.append(frame)
    # Handed over after two of the three days of float: only the clock can know.
    last = frames[1].group_by("battery_id").last().select("battery_id", "soc_pct", "soc_quality")
    strings = [string_rows("s1", day, 0.2, "float", FLOAT_V) for day in days[1:3]]
    begun = carried_charge_state(last, strings, units("a"))
    assert begun.soc_pct[0] == pytest.approx(frames[1]["soc_pct"][-1])
    assert begun.frame()["soc_std_pct"][0] == 5.0
    third, begun = states(days[3], 0.2, "float", FLOAT_V, state=begun)
    fourth, begun = states(days[4], 0.2, "float", FLOAT_V, state=begun)
    assert third["soc_pct"].equals(frames[2]["soc_pct"])
    assert fourth["soc_quality"][-1] == "full_charge"
    assert begun.soc_pct[0] == 100.0


def test_a_jar_that_came_in_since_starts_from_its_own_samples():
    last = pl.DataFrame({"battery_id": ["a"], "soc_pct": [62.0], "soc_quality": ["counted"]})
    state = carried_charge_state(last, [], units("a", "new"))
    us = instants(DAY, 60, 1)
    jars = pl.concat([jar_rows("a", us, FLOAT_V), jar_rows("new", us, FLOAT_V)])
    frame, _ = charge_state_day(
        jars, string_rows("s1", us, 0.1, "float", 2 * FLOAT_V), units("a", "new"), {}, state
    )
    assert frame.filter(battery_id="a")["soc_pct"][0] == 62.0
    assert frame.filter(battery_id="new")["soc_pct"][0] == 100.0


def test_a_place_that_was_refilled_counts_once_in_its_strings_voltage():
    us = instants(DAY, 60, 1)
    jars = units("a", "b", "gone").with_columns(position_in_string=pl.Series([1, 2, 2]))
    strings = string_rows("s1", us, 0.1, None, 2 * FLOAT_V)
    state = initial_charge_state(jar_rows("a", us, FLOAT_V), strings, jars)
    assert state.soc_pct.tolist() == [100.0] * 3


@pytest.mark.parametrize("mode", ["discharge", None])
def test_a_discharge_with_a_positive_current_is_refused_by_name(mode):
    us = instants(DAY, 60, 1)
    with pytest.raises(ValueError, match="string s1: current_a is positive in 60 samples of a discharge"):
        states(us, 40.0, mode, 11.8)


def test_a_recharge_after_a_deep_discharge_is_not_refused():
    us = instants(DAY, 60, 2)
    current = np.where(np.arange(120) < 60, -40.0, 36.0)
    volts = np.where(np.arange(120) < 60, 11.5, np.where(np.arange(120) < 65, 11.9, 12.9))
    frame, _ = states(us, current, np.where(current < 0, "discharge", "boost"), volts)
    assert frame["soc_pct"].null_count() == 0
