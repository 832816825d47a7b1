"""The twin against a circuit that the tests simulate on their own."""

import json
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.twin.jar_model import prior_parameters
from battery_assets.features.twin.states import SCHEMA as TWIN
from battery_assets.features.twin.states import twin_states
from battery_assets.features.twin.two_rc import Window, fit_two_rc, unseen_rmse_v
from battery_assets.features.windows.discharges import SCHEMA, discharge_windows
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.months.telemetry_days import (
    instants,
    jar_rows,
    string_rows,
    telemetry,
    units,
)

DAY = date(2026, 3, 1)
AT = datetime(2026, 4, 1, tzinfo=UTC)
TRUE = {"r0": 6.0e-3, "r1": 2.0e-3, "tau1": 30.0, "r2": 12.0e-3, "tau2": 1500.0}


def circuit_v(seconds: np.ndarray, current: np.ndarray, ah: float = 120.0, **change: float) -> np.ndarray:
    """Terminal voltage of a two-RC jar from full, stepped by 0.1 s; the current holds between samples."""
    p = TRUE | change
    soc, v1, v2, out = 1.0, 0.0, 0.0, []
    for k in range(len(seconds)):
        out.append(11.65 + 1.24 * soc + p["r0"] * current[k] + v1 + v2)
        if k + 1 < len(seconds):
            for _ in range(round((seconds[k + 1] - seconds[k]) * 10)):
                v1 += 0.1 / p["tau1"] * (p["r1"] * current[k] - v1)
                v2 += 0.1 / p["tau2"] * (p["r2"] * current[k] - v2)
                soc += 0.1 * current[k] / 3600 / ah
    return np.array(out)


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


def discharge_day(minutes: float = 15.0, step_s: int = 5, **change: float):
    """Two jars that float, discharge at 60 A from 10:00 and float again; jar b has twice the R0 of jar a."""
    us = instants(DAY, step_s)
    start = 10 * 3600
    seconds = (us - us[0]) / 1e6 - start
    during = (seconds >= 0) & (seconds < 60 * minutes)
    current = np.where(during, -60.0, 0.05)
    inside = (seconds >= 0) & (seconds < 60 * minutes + 900)
    frames = []
    for name, factor in (("a", 1.0), ("b", 2.0)):
        volts = np.full(len(us), 13.6)
        flow = np.where(during, -60.0, 0.0)[inside]
        volts[inside] = circuit_v(seconds[inside], flow, r0=factor * TRUE["r0"], **change)
        frames.append(jar_rows(name, us, volts))
    strings = string_rows("s1", us, current, np.where(during, "discharge", "idle"))
    return telemetry(DAY, pl.concat(frames), strings)


def known(*ids: str, **columns) -> pl.DataFrame:
    plain = {
        "installed_date": pl.lit(date(2022, 4, 1), pl.Date),
        "initial_capacity_ah": pl.lit(122.0),
        "initial_resistance_mohm": pl.lit(4.0),
    }
    return units(*ids).with_columns(**(plain | columns))


def features(*ids: str, mohm: float | None = 4.4, temp_c: float = 25.0) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": list(ids)}).with_columns(
        feature_ts=pl.lit(AT, pl.Datetime("us", "UTC")),
        r_internal_latest=pl.lit(mohm, pl.Float64),
        t_mean=pl.lit(temp_c),
    )


def twins(
    jars: pl.DataFrame, discharges: pl.DataFrame, soc: float = 100.0, soh: float = 95.0, **kw
) -> pl.DataFrame:
    ids = jars["battery_id"].to_list()
    charge = jars.select("battery_id", soc_pct=pl.lit(soc), soc_std_pct=pl.lit(2.0))
    health = jars.select(
        "battery_id", soh_pct=pl.lit(soh), soh_std_pct=pl.lit(5.0), soh_lower_pct=pl.lit(soh - 6),
        soh_upper_pct=pl.lit(soh + 4), evidence=pl.lit("age"), evidence_age_days=pl.lit(None, pl.Float64),
    )  # fmt: skip
    parameters = prior_parameters(
        tuple(ids), np.full(len(ids), 120.0), np.full(len(ids), soh), np.full(len(ids), 4.4)
    )
    return twin_states(jars, charge, health, features(*ids, **kw), discharges, parameters, AT)


NO_DISCHARGE = pl.DataFrame(schema=SCHEMA)


def test_discharge_windows_hold_the_discharge_and_the_two_minutes_after_it():
    rows = discharge_windows([discharge_day()], units("a", "b"))
    assert dict(rows.schema) == SCHEMA
    for _, jar in rows.group_by("battery_id"):
        assert jar.height == 15 * 12 + 24
        assert (jar["current_a"] < 0).sum() == 180
    assert rows["window_start"].unique().to_list() == [datetime(2026, 3, 1, 10, tzinfo=UTC)]


def test_short_transfers_are_no_windows_and_only_the_largest_discharges_are_kept():
    assert discharge_windows([discharge_day(0.75)], units("a", "b")).height == 0
    days = [discharge_day(minutes) for minutes in (5.0, 2.0, 10.0)]
    rows = discharge_windows(days, units("a", "b"), per_string=1)
    assert rows.filter(battery_id="a").height == 10 * 12 + 24


def test_a_jar_sample_far_from_any_string_sample_is_left_out():
    day = discharge_day()
    sparse = day.strings.filter(pl.int_range(pl.len()) % 4 == 0)
    some = discharge_windows([telemetry(DAY, day.jars, sparse)], units("a", "b"))
    assert some["current_a"].null_count() == 0
    gone = day.strings.filter(
        ~pl.col("ts").is_between(
            datetime(2026, 3, 1, 10, 5, tzinfo=UTC), datetime(2026, 3, 1, 10, 10, tzinfo=UTC)
        )
    )
    fewer = discharge_windows([telemetry(DAY, day.jars, gone)], units("a", "b"))
    assert fewer.height < discharge_windows([day], units("a", "b")).height - 100


def test_the_twin_finds_the_circuit_of_each_jar():
    discharges = discharge_windows([discharge_day(30.0)], units("a", "b"))
    rows = twins(known("a", "b"), discharges, soh=100.0)
    a, b = rows.to_dicts()
    assert a["r0_mohm"] == pytest.approx(6.0, rel=0.08)
    assert b["r0_mohm"] == pytest.approx(12.0, rel=0.08)
    assert a["r1_mohm"] == pytest.approx(2.0, rel=0.3)
    assert a["c1_f"] == pytest.approx(30.0 / 2.0e-3, rel=0.5)
    assert a["calibration_rmse_v"] < 0.01
    assert a["last_calibrated_at"] == datetime(2026, 3, 1, 10, 31, 55, tzinfo=UTC)
    told = json.loads(a["ocv_params_json"])
    assert (told["source"], told["r0_source"]) == ("fit", "discharge_step")


def test_the_columns_are_those_of_the_reference_and_the_id_is_stable():
    rows = twins(known("a", "b"), NO_DISCHARGE)
    assert dict(rows.schema) == TWIN
    assert {**TWIN, "filter_json": pl.String} == polars_schema(t.digital_twin_state)
    assert rows.equals(twins(known("a", "b"), NO_DISCHARGE))
    assert rows["state_id"].n_unique() == 2


def test_without_a_discharge_the_circuit_is_the_prior_and_says_so():
    full, half = (twins(known("a"), NO_DISCHARGE, soc).to_dicts()[0] for soc in (100.0, 50.0))
    assert full["r0_mohm"] == pytest.approx(4.4 * 1.3)
    assert half["r1_mohm"] > full["r1_mohm"]
    assert full["r2_mohm"] == pytest.approx(12.9 * 4.4 / 4.25)
    assert (full["calibration_rmse_v"], full["last_calibrated_at"]) == (None, None)
    told = json.loads(full["ocv_params_json"])
    assert (told["source"], told["r0_source"]) == ("prior", "ohmic_reading")
    unread = twins(known("a"), NO_DISCHARGE, mohm=None).to_dicts()[0]
    assert unread["r0_mohm"] == pytest.approx(4.0 * 1.3)
    assert json.loads(unread["ocv_params_json"])["r0_source"] == "initial_resistance"


def test_a_jar_of_which_nothing_was_ever_read_has_no_circuit():
    bare = known("a", initial_resistance_mohm=pl.lit(None, pl.Float64))
    row = twins(bare, NO_DISCHARGE, mohm=None).to_dicts()[0]
    assert [row[name] for name in ("r0_mohm", "r1_mohm", "c1_f", "r2_mohm", "c2_f", "power_fade_pct")] == [
        None
    ] * 6


def test_values_that_no_jar_can_have_give_way_to_the_prior():
    discharges = discharge_windows([discharge_day(30.0, r2=0.1e-3)], units("a", "b"))
    row = twins(known("a", "b"), discharges, soh=100.0).to_dicts()[0]
    told = json.loads(row["ocv_params_json"])
    # 1500 s through 0.1 mΩ are 15 MF, which no jar has; the branch falls whole, and the others stand.
    assert told["not_valid"] == ["c2_f"]
    assert row["r2_mohm"] == pytest.approx(12.9 * 4.4 / 4.25)
    assert row["c2_f"] == pytest.approx(4740.0 / row["r2_mohm"] * 1e3)
    assert row["r0_mohm"] == pytest.approx(6.0, rel=0.1)
    assert row["r1_mohm"] == pytest.approx(2.0, rel=0.3)


def test_a_window_that_no_circuit_explains_keeps_its_rmse_only():
    day = discharge_day(30.0)
    rng = np.random.default_rng(5)
    wild = day.jars.with_columns(voltage_v=pl.Series(12.0 + 0.5 * rng.standard_normal(day.jars.height)))
    discharges = discharge_windows([telemetry(DAY, wild, day.strings)], units("a", "b"))
    row = twins(known("a", "b"), discharges).to_dicts()[0]
    assert row["calibration_rmse_v"] > 0.1
    assert json.loads(row["ocv_params_json"])["source"] == "prior"


def test_fade_is_told_against_the_jars_own_beginning():
    row = twins(known("a"), NO_DISCHARGE, soh=90.0).to_dicts()[0]
    assert row["capacity_fade_pct"] == pytest.approx(100 * (1 - 0.9 * 120 / 122))
    assert row["power_fade_pct"] == pytest.approx(100 * (1 - 4.0 / 4.4))
    # The same reading on a cold jar means less wear.
    assert twins(known("a"), NO_DISCHARGE, temp_c=10.0)["power_fade_pct"][0] < row["power_fade_pct"]


def test_the_corrosion_layer_grows_with_thermal_age_and_stays_within_its_column():
    layer = [twins(known("a"), NO_DISCHARGE, temp_c=c)["sei_thickness_nm"][0] for c in (20.0, 25.0, 30.0)]
    assert layer == sorted(layer)
    assert layer[1] == pytest.approx(20_000 * 4**0.8, rel=0.01)
    old = known("a", installed_date=pl.lit(date(2006, 4, 1), pl.Date))
    row = twins(old, NO_DISCHARGE).to_dicts()[0]
    assert row["sei_thickness_nm"] == 99_999.999
    assert json.loads(row["ocv_params_json"])["film_nm"] > 100_000
