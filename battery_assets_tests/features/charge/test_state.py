"""State of charge, against a simulation that counts every ampere-second in plain Python."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.charge.state import (
    QUALITIES,
    carried_charge_state,
    charge_state_day,
    initial_charge_state,
)
from battery_assets_tests.worlds.telemetry_days import instants, jar_rows, string_rows, units

DAY = date(2026, 3, 1)
FLOAT_V, DISCHARGE_V = 13.6, 12.2


def states(us: np.ndarray, current, mode, jar_v, soh=100.0, state=None, string_v=None):
    """One jar on one string of one jar."""
    volts = jar_v if string_v is None else string_v
    rows = string_rows("s1", us, current, mode, volts)
    return charge_state_day(jar_rows("a", us, jar_v), rows, units("a"), {"a": soh}, state)


def simulated(us: np.ndarray, current: np.ndarray, capacity_ah: float, soc: float) -> np.ndarray:
    """The truth: each second's ampere counts, charge at 1/1.05, between 0 and 100 %."""
    out = [soc]
    for k in range(1, len(us)):
        for second in range(int((us[k] - us[k - 1]) // 1_000_000)):
            share = (second + 0.5) / ((us[k] - us[k - 1]) / 1e6)
            amps = current[k - 1] + share * (current[k] - current[k - 1])
            soc += (amps / 1.05 if amps > 0 else amps) / 36.0 / capacity_ah
            soc = min(max(soc, 0.0), 100.0)
        out.append(soc)
    return np.array(out)


def test_positive_current_charges_so_a_discharge_lowers_the_charge():
    us = instants(DAY, 5, 1)
    for amps, mode in ((-30.0, "discharge"), (30.0, "boost")):
        frame, _ = states(us, amps, mode, 12.2)
        soc = frame["soc_pct"].to_numpy()
        assert np.sign(soc[-1] - soc[0]) == np.sign(amps)


def test_a_known_discharge_and_recharge_are_followed():
    us = instants(DAY, 5, 6)
    hour = (us - us[0]) / 3.6e9
    current = np.select([hour < 1, hour < 2.5, hour < 4.5], [0.0, -40.0, 25.0], 0.0)
    mode = np.select([hour < 1, hour < 2.5, hour < 4.5], ["float", "discharge", "boost"], "float")
    volts = np.where((hour >= 1) & (hour < 2.5), DISCHARGE_V, FLOAT_V)
    frame, state = states(us, current, mode, volts, soh=90.0)
    truth = simulated(us, current, 0.9 * 120.0, 100.0)
    assert truth.min() == pytest.approx(100 - 60 / 1.08, abs=0.1)
    np.testing.assert_allclose(frame["soc_pct"].to_numpy(), truth, atol=0.1)
    assert state.soc_pct[0] == pytest.approx(truth[-1], abs=0.1)
    assert state.uncounted_s.tolist() == [0.0]


def test_a_day_cut_in_two_gives_the_same_charge():
    us = np.concatenate([instants(DAY, 60), instants(DAY + timedelta(days=1), 60)])
    current = np.where(np.abs(np.arange(2880) - 1440) < 60, -30.0, 0.2)
    mode = np.where(current < 0, "discharge", "float")
    volts = np.where(current < 0, DISCHARGE_V, FLOAT_V)
    whole, _ = states(us, current, mode, volts)
    morning, state = states(us[:1440], current[:1440], mode[:1440], volts[:1440])
    evening, _ = states(us[1440:], current[1440:], mode[1440:], volts[1440:], state=state)
    np.testing.assert_allclose(pl.concat([morning, evening])["soc_pct"], whole["soc_pct"], atol=1e-4)


def test_a_hall_offset_on_float_is_not_charge():
    us = instants(DAY, 60)
    _, state = states(us[:60], -30.0, "discharge", DISCHARGE_V)
    before = state.soc_pct[0]
    for offset in (-0.5, 0.5):
        _, after = states(us[60:], offset, "float", FLOAT_V, state=state)
        assert after.soc_pct[0] == pytest.approx(before, abs=0.3)


def test_three_days_of_stable_float_mean_full():
    us = instants(DAY, 60)
    _, state = states(us[:120], -30.0, "discharge", DISCHARGE_V)
    assert state.soc_pct[0] < 60
    for k in range(4):
        day = instants(DAY + timedelta(days=1 + k), 60)
        _, state = states(day, 0.2, "float", FLOAT_V, state=state)
        assert (state.soc_pct[0] == 100.0) == (k == 3) or k == 2
    assert state.frame()["soc_std_pct"][0] < 2


def test_float_below_the_setpoint_does_not_mean_full():
    _, state = states(instants(DAY, 60)[:120], -30.0, "discharge", DISCHARGE_V)
    for k in range(4):
        _, state = states(instants(DAY + timedelta(days=1 + k), 60), 0.2, "float", 12.7, state=state)
    assert state.soc_pct[0] < 60


def test_boost_is_complete_after_three_hours_of_small_current():
    us = instants(DAY, 60, 4)
    _, state = states(us[:1], -30.0, "discharge", 12.3)
    _, state = states(us[1:], 1.5, "boost", 14.5, state=state)
    assert state.soc_pct[0] == 100.0


def test_a_rested_jar_shows_its_open_circuit_voltage():
    us = instants(DAY, 60, 5)
    _, state = states(us, 0.0, "idle", 12.317)
    assert state.soc_pct[0] == pytest.approx(50.0, abs=0.1)
    _, unknown = states(us[:30], -20.0, "discharge", 12.2)
    _, rested = states(us[30:], 0.0, "idle", 12.665, state=unknown)
    # Three hours of rest outweigh a guess under load.
    assert rested.soc_pct[0] == pytest.approx(80.0, abs=1.5)
    assert rested.frame()["soc_std_pct"][0] < 6


def test_rest_moves_a_well_known_charge_only_a_little():
    us = instants(DAY, 60, 6)
    _, state = states(us[:30], 0.0, "float", FLOAT_V)
    _, state = states(us[30:90], -24.0, "discharge", DISCHARGE_V, state=state)
    counted = state.soc_pct[0]
    _, state = states(us[90:], 0.0, "idle", 12.435, state=state)
    assert counted == pytest.approx(80.0, abs=0.5)
    assert 60 < state.soc_pct[0] < counted
    assert state.soc_pct[0] > 70


def test_a_gap_is_not_counted_but_told():
    us = instants(DAY, 5, 2)
    _, full = states(us[:1], 0.0, "float", FLOAT_V)
    keep = (np.arange(len(us)) < 300) | (np.arange(len(us)) >= 600)
    _, whole = states(us, -40.0, "discharge", DISCHARGE_V, state=full)
    _, gap = states(us[keep], -40.0, "discharge", DISCHARGE_V, state=full)
    assert gap.uncounted_s.tolist() == [301 * 5.0]
    assert gap.soc_pct[0] == pytest.approx(whole.soc_pct[0] + 40 * 1505 / 36 / 120, abs=0.05)
    assert gap.variance[0] > whole.variance[0]


def test_missing_single_samples_are_bridged():
    us = instants(DAY, 5, 1)
    current = np.where(np.arange(len(us)) % 7 == 3, np.nan, -40.0)
    _, holes = states(us, current, "discharge", DISCHARGE_V)
    _, whole = states(us, -40.0, "discharge", DISCHARGE_V)
    assert holes.soc_pct[0] == pytest.approx(whole.soc_pct[0], abs=1e-6)


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
