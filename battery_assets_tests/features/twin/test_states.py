"""The twin against a circuit that the tests simulate on their own."""

import json

import numpy as np
import polars as pl
import pytest

from battery_assets.features.twin.two_rc import Window, fit_two_rc, unseen_rmse_v
from battery_assets.features.windows.discharges import discharge_windows
from battery_assets_tests.worlds.months.telemetry_days import (
    telemetry,
    units,
)
from battery_assets_tests.worlds.months.twinned import DAY, TRUE, circuit_v, discharge_day, known, twins


def pulse(minutes: float = 15.0, rest: float = 2.0, amps: float = -60.0) -> tuple[np.ndarray, np.ndarray]:
    seconds = np.arange(0.0, 60 * (minutes + rest), 5.0)
    return seconds, np.where(seconds < 60 * minutes, amps, 0.0)


def ocv_along(seconds: np.ndarray, current: np.ndarray) -> np.ndarray:
    moved = np.concatenate([[0.0], np.cumsum(0.5 * (current[1:] + current[:-1]) * np.diff(seconds))])
    return 12.89 + 1.24 * moved / 3600 / 120


def test_the_fit_recovers_a_known_circuit():
    seconds, current = pulse(30.0, 10.0)
    volts = circuit_v(seconds, current)
    fit = fit_two_rc([Window(seconds, current, volts, ocv_along(seconds, current))], r0_ohm=1.0)
    assert fit.r0_from_step
    assert fit.rmse_v < 0.002
    assert fit.r0_ohm == pytest.approx(TRUE["r0"], rel=0.05)
    assert fit.r1_ohm == pytest.approx(TRUE["r1"], rel=0.15)
    assert fit.tau1_s == pytest.approx(TRUE["tau1"], rel=0.25)
    assert fit.r2_ohm == pytest.approx(TRUE["r2"], rel=0.10)
    assert fit.tau2_s == pytest.approx(TRUE["tau2"], rel=0.15)


def test_the_fit_explains_a_pybamm_discharge_to_a_millivolt_a_cell(shared_data):
    record = pl.read_csv(shared_data / "pybamm_lead_acid" / "Full_1C_15min_rest.csv")
    window = record.filter(pl.col("time_s") <= 1020).unique("time_s", keep="first").sort("time_s")
    # There a positive current discharges; 17 Ah there are 120 Ah here.
    current = -window["current_A"].to_numpy() * 120 / 17
    seconds, volts = window["time_s"].to_numpy(), window["v_battery6_V"].to_numpy()
    fit = fit_two_rc([Window(seconds, current, volts, 6 * window["ocv_cell_V"].to_numpy())], r0_ohm=1.0)
    assert fit.rmse_v / 6 < 0.001
    # Ohmic and kinetic part together: 6 (0.357 + 3.36) mΩ per cell of 17 Ah, kinetics smaller at 1C.
    assert 2.5e-3 < fit.r0_ohm + fit.r1_ohm < 4.5e-3


def test_windows_are_fitted_together_and_a_weak_one_does_not_decide():
    long, flow = pulse(30.0, 10.0)
    short, brief = pulse(1.5, 2.0, amps=-100.0)
    windows = [
        Window(long, flow, circuit_v(long, flow), ocv_along(long, flow)),
        Window(short, brief, circuit_v(short, brief) + 0.1, ocv_along(short, brief)),
    ]
    both, alone = fit_two_rc(windows, r0_ohm=6e-3), fit_two_rc(windows[1:], r0_ohm=6e-3)
    assert both.r2_ohm == pytest.approx(TRUE["r2"], rel=0.1)
    # Each window has an offset of its own: the second is 0.1 V higher.
    assert both.offset_v == pytest.approx(alone.offset_v, abs=0.02)
    assert unseen_rmse_v(fit_two_rc(windows[:1], r0_ohm=6e-3), windows[1]) < 0.01
    assert unseen_rmse_v(alone, windows[0]) > 0.03


def test_a_prior_decides_where_the_window_shows_nothing():
    short, brief = pulse(1.5, 0.0, amps=-20.0)
    rng = np.random.default_rng(2)
    volts = circuit_v(short, brief) + 0.004 * rng.standard_normal(len(short))
    window = Window(short, brief, volts, ocv_along(short, brief))
    held = fit_two_rc([window], TRUE["r0"], prior=(2e-3, 12e-3))
    assert held.r2_ohm == pytest.approx(12e-3, rel=0.1)
    # Left to the noise alone, the fit finds less than half of it.
    assert fit_two_rc([window], TRUE["r0"]).r2_ohm < 6e-3


def test_the_rmse_is_that_of_a_window_that_the_fit_has_not_seen():
    days = [discharge_day(30.0), discharge_day(20.0)]
    later = [frame.with_columns(pl.col("ts").dt.offset_by("2d")) for frame in (days[1].jars, days[1].strings)]
    two = discharge_windows([days[0], telemetry(DAY, *later)], units("a", "b"))
    one = discharge_windows(days[:1], units("a", "b"))
    both, single = (twins(known("a", "b"), windows, soh=100.0).to_dicts()[0] for windows in (two, one))
    assert json.loads(both["ocv_params_json"])["rmse_of"] == "held_out_window"
    assert json.loads(single["ocv_params_json"])["rmse_of"] == "fitted_window"
    assert both["last_calibrated_at"] > single["last_calibrated_at"]


def test_sensor_noise_leaves_the_fast_part_recognisable():
    rng = np.random.default_rng(3)
    seconds, current = pulse(30.0, 10.0)
    volts = circuit_v(seconds, current) + 0.004 * rng.standard_normal(len(seconds))
    fit = fit_two_rc([Window(seconds, current, volts, ocv_along(seconds, current))], r0_ohm=1.0)
    assert fit.rmse_v == pytest.approx(0.004, rel=0.2)
    assert fit.r0_ohm + fit.r1_ohm == pytest.approx(TRUE["r0"] + TRUE["r1"], rel=0.15)


def test_without_a_step_the_ohmic_resistance_is_taken_as_given():
    seconds, current = pulse(20.0, 0.0)
    volts = circuit_v(seconds, current)
    fit = fit_two_rc([Window(seconds, current, volts, ocv_along(seconds, current))], r0_ohm=TRUE["r0"])
    assert not fit.r0_from_step
    assert fit.r0_ohm == TRUE["r0"]
    assert fit.r2_ohm == pytest.approx(TRUE["r2"], rel=0.2)


def test_a_short_or_empty_window_is_not_fitted():
    seconds, current = pulse(0.5, 0.0)
    assert fit_two_rc([Window(seconds, current, current * np.nan, current)], 1.0) is None
    assert fit_two_rc([Window(seconds, current, circuit_v(seconds, current), current)], 1.0) is None
