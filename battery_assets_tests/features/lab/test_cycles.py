"""Cycles told from current alone."""

import numpy as np
import pytest

from battery_assets.features.lab.cycles import cycle_of_rows, cycle_starts, flows
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points, square_test


def test_a_cycle_begins_with_its_charge_and_keeps_the_rest_after_its_discharge():
    points = square_test(cycles=3)
    starts = cycle_starts(points.time_s, points.current_a, 2.0)
    per_cycle = points.time_s.size // 3
    assert starts.tolist() == [0, per_cycle, 2 * per_cycle]
    assert (flows(points.current_a[starts], 2.0) == 1).all()


def test_a_test_that_begins_with_a_discharge_has_a_first_cycle_without_charge():
    points = square_test(cycles=2)
    later = points.time_s >= points.time_s[np.argmax(points.current_a < 0)]
    starts = cycle_starts(points.time_s[later], points.current_a[later], 2.0)
    assert starts.size == 2
    assert starts[0] == 0 and points.current_a[later][0] < 0


def test_a_first_charging_row_before_which_the_counter_stood_is_of_the_new_cycle():
    # Drawn for an hour, at rest for another, charged: its step begins at the row where the counter is still 0.
    current = np.repeat([-1.0, 0.0, 1.0], 60)
    moved = np.roll(current, 1) / 60
    moved[[0, 60, 120]] = 0.0, -1 / 60, 0.0
    starts = cycle_starts(60.0 * np.arange(180), current, 1.0, moved_ah=moved)
    assert starts.tolist() == [0, 120]
    moved[121] = 0.0
    assert cycle_starts(60.0 * np.arange(180), current, 1.0, moved_ah=moved).tolist() == [0, 120]


def test_a_charging_row_whose_interval_still_drew_is_of_the_cycle_before():
    current = np.repeat([-1.0, 1.0], 60)
    moved = current / 60
    moved[60] = -0.5 / 60
    starts = cycle_starts(60.0 * np.arange(120), current, 1.0, moved_ah=moved)
    assert starts.tolist() == [0, 61]


def test_pulses_make_no_cycles():
    points = square_test(cycles=1, step_s=1.0)
    current = points.current_a.copy()
    loaded = np.flatnonzero(current < 0)
    # Ten-second charge pulses in the middle of the discharge, as in a power test.
    for pulse in range(600, loaded.size - 600, 600):
        current[loaded[pulse : pulse + 10]] = 1.0
    assert cycle_starts(points.time_s, current, 2.0).size == 1


def test_noise_at_rest_makes_no_cycles():
    rng = np.random.default_rng(3)
    time_s = np.arange(86_400.0)
    assert cycle_starts(time_s, 0.004 * rng.standard_normal(time_s.size), 2.0).size == 1


def test_the_cycles_of_a_simulated_life_are_those_the_cycler_counted():
    rows = life_points(cycles=25)
    starts = cycle_starts(rows["test_time_s"].to_numpy(), rows["current_a"].to_numpy(), NOMINAL_AH)
    counted = rows["cycle_count"].to_numpy()
    assert (cycle_of_rows(starts, rows.height) + 1 == counted).all()


def test_time_that_runs_back_is_named_with_its_row():
    with pytest.raises(ValueError, match=r"time runs back at row 2: from 20\.0 s to 10\.0 s"):
        cycle_starts(np.array([0.0, 20.0, 10.0]), np.array([1.0, 1.0, 1.0]), 2.0)


def test_a_cell_without_a_nominal_capacity_is_refused():
    with pytest.raises(ValueError, match="state that of the cell"):
        cycle_starts(np.array([0.0]), np.array([1.0]), 0.0)
