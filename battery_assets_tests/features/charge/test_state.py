"""State of charge, against a simulation that counts every ampere-second in plain Python."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets_tests.worlds.months.charged import DAY, DISCHARGE_V, FLOAT_V, states
from battery_assets_tests.worlds.months.telemetry_days import instants


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
