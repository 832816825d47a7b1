"""What cycles moved, the shape of their discharges, and that none of it looks ahead."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from battery_assets.features.lab import cycle_features as shapes
from battery_assets.features.lab.causal import causal_line, causal_mean
from battery_assets.features.lab.cycle_features import cycle_features
from battery_assets.features.lab.cycle_rows import Points, cycle_rows
from battery_assets.features.lab.cycles import cycle_starts
from battery_assets.features.lab.incremental_capacity import incremental_capacity, voltage_grid
from battery_assets.features.lab.labels import EndOfLife
from battery_assets.features.lab.training_table import cycle_data
from battery_assets.physics.lithium_cell import Cell, open_circuit_v
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points, square_test


def features_of(rows: pl.DataFrame) -> pl.DataFrame:
    points = Points.of(rows)
    starts = cycle_starts(points.time_s, points.current_a, NOMINAL_AH)
    return cycle_features(points, starts, NOMINAL_AH, 2.5)


def test_charge_energy_and_times_of_a_square_test_are_known_by_hand():
    points = square_test(cycles=2, ah=2.0, amps=1.0)
    rows = cycle_rows(points, cycle_starts(points.time_s, points.current_a, 2.0), 2.0)
    assert rows["charge_capacity_ah"].to_list() == pytest.approx([2.0, 2.0], abs=0.003)
    assert rows["discharge_capacity_ah"].to_list() == pytest.approx([2.0, 2.0], abs=0.003)
    # 3 to 4 V evenly, 50 mV above on charge and below on discharge.
    assert rows["charge_energy_wh"][0] == pytest.approx(2.0 * 3.55, abs=0.02)
    assert rows["discharge_energy_wh"][0] == pytest.approx(2.0 * 3.45, abs=0.02)
    assert rows["coulombic_efficiency_pct"][0] == pytest.approx(100.0, abs=0.2)
    assert rows["energy_efficiency_pct"][0] == pytest.approx(100 * 3.45 / 3.55, abs=0.3)


def test_a_cycle_that_one_sample_charges_shows_no_efficiency():
    # As a real coin cell's first cycle: 5 pAh of charge before 0.2 mAh of discharge, a ratio of 4e9 %.
    whole = square_test(cycles=2, ah=2.0, amps=1.0, step_s=10.0)
    begun = Points(*(part[719:] for part in whole))
    rows = cycle_rows(begun, cycle_starts(begun.time_s, begun.current_a, 2.0), 2.0)
    assert rows["charge_capacity_ah"][0] == pytest.approx(0.5 * 10 / 3600)
    assert rows["coulombic_efficiency_pct"][0] is rows["energy_efficiency_pct"][0] is None
    assert rows["coulombic_efficiency_pct"][1] == pytest.approx(100.0, abs=0.2)
    assert rows["discharge_time_s"][0] == pytest.approx(7200, abs=20)
    assert rows["voltage_mean_v"][0] == pytest.approx(3.45, abs=0.01)


def test_resistance_is_that_of_the_step_into_discharge():
    points = square_test(cycles=1, step_s=1.0)
    rows = cycle_rows(points, np.array([0]), 2.0)
    assert rows["internal_resistance_mohm"][0] == pytest.approx(50.0, rel=0.02)
    assert rows["resistance_step_s"][0] == 1.0
    slow = Points(*(part[::60] for part in points))
    assert cycle_rows(slow, np.array([0]), 2.0)["internal_resistance_mohm"][0] is None


def test_a_capacity_counts_to_the_cut_off_voltage():
    points = square_test(cycles=1)
    whole = cycle_rows(points, np.array([0]), 2.0)["discharge_capacity_ah"][0]
    to_half = cycle_rows(points, np.array([0]), 2.0, cutoff_v=3.45)["discharge_capacity_ah"][0]
    assert to_half == pytest.approx(whole / 2, abs=0.01)


def test_a_charge_is_told_apart_into_constant_current_and_constant_voltage():
    rows = life_points(cycles=3)
    found = features_of(rows)
    steps = (
        rows.filter(pl.col("cycle_count") == 2)
        .group_by("step_index")
        .agg(lasts=pl.col("test_time_s").max() - pl.col("test_time_s").min())
    )
    lasts = dict(steps.iter_rows())
    assert found["cc_charge_time_s"][1] == pytest.approx(lasts[1], rel=0.05)
    assert found["cv_charge_time_s"][1] == pytest.approx(lasts[2], rel=0.10)


def test_the_area_under_dqdv_is_the_capacity():
    found = features_of(life_points(cycles=12))
    ratio = found["dqdv_area_ah"] / found["discharge_capacity_ah"]
    assert ratio.to_list() == pytest.approx([1.0] * 12, abs=0.005)


def test_dqdv_finds_the_plateau_of_the_cell_where_its_open_circuit_curve_has_it():
    cell = Cell.aged()
    x = np.linspace(0.03, 0.90, 20_000)
    volts = np.array([open_circuit_v(value, cell) for value in x])[::-1]
    drawn = (x[-1] - x[::-1]) * cell.negative_ah
    grid = voltage_grid(volts.min(), volts.max())
    curve = incremental_capacity(volts, drawn, np.zeros(x.size), 1, grid)[0]
    exact = np.interp(grid, volts[::-1], -np.gradient(drawn, volts)[::-1])
    # The stated smoothing, done here point by point.
    weight = np.exp(-0.5 * ((grid[:, None] - grid) / 0.010) ** 2)
    inside = (grid > 3.2) & (grid < 4.1)
    wanted = ((weight @ exact) / weight.sum(axis=1))[inside]
    assert curve[inside] == pytest.approx(wanted, rel=0.01)
    assert grid[inside][np.argmax(curve[inside])] == pytest.approx(grid[inside][np.argmax(wanted)], abs=0.02)


@pytest.mark.parametrize("changed", ["voltage_v", "current_a", "temperature_c"])
def test_no_feature_of_a_cycle_looks_at_a_later_one(changed):
    rows = life_points(cycles=20)
    later = pl.col("cycle_count") > 14
    factor = {"voltage_v": 1.05, "current_a": 0.7, "temperature_c": 1.5}[changed]
    perturbed = rows.with_columns(pl.when(later).then(pl.col(changed) * factor).otherwise(pl.col(changed)))
    before, after = (features_of(part).filter(pl.col("cycle_index") <= 14) for part in (rows, perturbed))
    assert_frame_equal(before, after, rel_tol=1e-9, abs_tol=1e-9)
    tables = [cycle_data(part, NOMINAL_AH, EndOfLife()).drop("rul") for part in (before, after)]
    assert_frame_equal(*tables, rel_tol=1e-9, abs_tol=1e-9)
    # The perturbation is seen where it is: the test can fail.
    assert not features_of(rows).equals(features_of(perturbed), null_equal=True)


def test_the_variance_of_delta_q_grows_as_the_cell_wears():
    found = features_of(life_points(cycles=120))["delta_q_log_variance"]
    assert found[:10].null_count() == 10
    assert found[110] > found[30] > found[12]


def test_causal_means_and_lines_are_those_of_the_last_ten():
    values = np.arange(30.0) ** 2
    assert causal_mean(values, 10)[20] == pytest.approx(values[11:21].mean())
    slope, now = causal_line(values, 10)
    wanted = np.polyfit(np.arange(-9.0, 1.0), values[11:21], 1)
    assert (slope[20], now[20]) == pytest.approx(tuple(wanted))


def test_causal_means_pass_over_what_is_not_known():
    values = np.array([1.0, np.nan, 3.0, np.nan])
    assert causal_mean(values, 2)[:3].tolist() == [1.0, 1.0, 3.0]
    assert causal_mean(np.full(3, np.nan), 2).tolist() == pytest.approx([np.nan] * 3, nan_ok=True)


def test_a_cell_without_a_discharge_has_no_training_rows():
    nothing = features_of(life_points(cycles=3)).with_columns(discharge_capacity_ah=pl.lit(None, pl.Float64))
    assert cycle_data(nothing, NOMINAL_AH, EndOfLife()).height == 0


def test_features_keep_the_order_of_the_training_schema():
    found = cycle_data(features_of(life_points(cycles=30)), NOMINAL_AH, EndOfLife())
    source = features_of(life_points(cycles=30))
    assert found.columns == ["cycle_num", *(f"feature_{k}" for k in range(1, 9)), "pcl", "rul"]
    assert found["feature_3"][29] == pytest.approx(source["temperature_mean_c"][20:30].mean())
    assert found["feature_4"][29] == pytest.approx(source["internal_resistance_mohm"][20:30].mean())
    assert found["feature_6"][29] == pytest.approx(source["dqdv_max_ah_per_v"][20:30].mean())
    assert found["pcl"][29] == pytest.approx(1 - source["discharge_capacity_ah"][29] / NOMINAL_AH)


def test_a_discharge_of_few_samples_has_no_shape():
    rows = life_points(cycles=2)
    thin = rows.filter((pl.col("step_index") != 4) | (pl.int_range(pl.len()) % 20 == 0))
    found = features_of(thin)
    assert found["dqdv_max_ah_per_v"].null_count() == found.height
    assert set(shapes.SHAPES) <= set(found.columns)


def test_a_pulse_that_draws_next_to_nothing_has_no_slope_over_its_charge():
    rows = cycle_features(pulse(least := 0.0101 * NOMINAL_AH), np.array([0]), NOMINAL_AH)
    assert rows["dvdq_peak_v_per_ah"][0] == pytest.approx(0.4 / least, rel=0.02)
    short = cycle_features(pulse(0.0099 * NOMINAL_AH), np.array([0]), NOMINAL_AH)
    assert short["dqdv_area_ah"][0] == pytest.approx(0.0099 * NOMINAL_AH, rel=0.02)
    assert short["dvdq_peak_v_per_ah"][0] is short["dvdq_peak_ah"][0] is None


def pulse(ah: float) -> Points:
    """A discharge of 1 A through 0.4 V in 200 samples."""
    time_s = np.linspace(0.0, 3600.0 * ah, 200)
    return Points(time_s, np.full(200, -1.0), np.linspace(3.9, 3.5, 200), np.full(200, 25.0))
