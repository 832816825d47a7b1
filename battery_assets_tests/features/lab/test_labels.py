"""Labels of lives: when they end, how certain that is, and the SOC of points."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.lab import labels as lab
from battery_assets.features.lab.cycle_rows import Points
from battery_assets.features.lab.cycles import cycle_starts
from battery_assets.features.lab.labels import EndOfLife, life_of, soh_labels
from battery_assets.features.lab.state_of_charge import counted_soc_pct, open_circuit_curve, rested_soc_pct
from battery_assets.physics.lithium_cell import Cell, open_circuit_v, stoichiometry
from battery_assets.synthetic.lab import CHARACTERISATION, session_points, sessions
from battery_assets_tests.worlds.lab_files.cells import LAB, NOMINAL_AH, life_points


def test_a_life_ends_with_the_first_cycle_at_the_criterion():
    life = life_of(np.arange(1, 6), np.array([1.0, 0.9, 0.8, 0.85, 0.7]), 0.8)
    assert (life.cycles, life.censoring) == (3, lab.OBSERVED)


def test_one_short_discharge_ends_no_life_where_confirmation_is_asked_for():
    soh = np.array([1.0, 0.5, 0.95, 0.9, 0.79, 0.78])
    assert life_of(np.arange(1, 7), soh, 0.8, confirmed=2).cycles == 5


def test_a_cell_that_never_wore_out_is_censored_and_has_no_remaining_cycles():
    rows = pl.DataFrame(
        {
            "cycle_index": [1, 2, 3],
            "discharge_capacity_ah": [5.0, 4.9, 4.8],
            "internal_resistance_mohm": [None] * 3,
        },
        schema_overrides={"internal_resistance_mohm": pl.Float64},
    )
    found = soh_labels(rows, NOMINAL_AH, EndOfLife())
    assert found["censoring"].unique().to_list() == [lab.RIGHT_CENSORED]
    assert found["rul_cycles"].null_count() == found.height == 3


def test_a_cell_that_arrived_worn_out_is_said_to_be_so():
    assert life_of(np.array([1, 2]), np.array([0.7, 0.6]), 0.8).censoring == lab.STARTED_BELOW


def test_both_definitions_stand_side_by_side_with_their_version():
    rows = pl.DataFrame(
        {
            "cycle_index": list(range(1, 11)),
            "discharge_capacity_ah": np.linspace(5.0, 3.9, 10),
            "internal_resistance_mohm": np.linspace(20.0, 50.0, 10),
        }
    )
    found = soh_labels(rows, NOMINAL_AH, EndOfLife())
    assert set(found["definition"]) == {lab.CAPACITY, lab.RESISTANCE}
    assert found["version"].unique().to_list() == [lab.VERSION]
    capacity = found.filter(pl.col("definition") == lab.CAPACITY)
    assert capacity["rul_cycles"].to_list()[-1] == 0
    assert (capacity["pcl"] - (1 - capacity["soh_pct"] / 100)).abs().max() < 1e-12


def test_the_severson_lives_and_losses_follow_from_their_capacities(shared_data):
    """84 cells: RUL = life - cycle on every row, and the published lives. Of 13 the capacity passes 80 % within
    the record, and there the life told from it is the published one; of the other 71 the record ends first, at
    80.0 to 80.5 %, and they are said to be censored."""
    rows = pl.read_parquet(shared_data / "severson_cycles" / "cycles_84_cells.parquet")
    with np.load(shared_data / "severson_early_life" / "qv_train_and_primary.npz") as early:
        published = sorted([*early["train_life"].tolist(), *early["primary_life"].tolist()])
    lives, observed = [], []
    for _, cell in rows.sort("cycle_num").group_by("battery_code", maintain_order=True):
        life = int(cell["rul"][-1] + cell["cycle_num"][-1])
        lives.append(life)
        assert (cell["rul"] == life - cell["cycle_num"]).all()
        told = life_of(cell["cycle_num"].to_numpy(), 1 - cell["pcl"].to_numpy(), 0.80)
        if told.censoring == lab.OBSERVED:
            observed.append(told.cycles - life)
        else:
            assert told.censoring == lab.RIGHT_CENSORED
            assert 0.8 < 1 - cell["pcl"][-1] < 0.805
    assert sorted(lives) == published
    assert len(lives) == 84
    assert len(observed) == 13
    assert np.abs(observed).max() <= 1


def test_counted_soc_is_empty_and_full_where_the_cycle_is():
    rows = life_points(cycles=3)
    points = Points.of(rows)
    starts = cycle_starts(points.time_s, points.current_a, NOMINAL_AH)
    soc = counted_soc_pct(points, starts, NOMINAL_AH)
    second = rows["cycle_count"].to_numpy() == 2
    step = rows["step_index"].to_numpy()
    assert soc[second & (step == 1)][0] == pytest.approx(0.0, abs=0.5)
    assert soc[second & (step == 3)] == pytest.approx(100.0, abs=0.1)
    assert soc[second & (step == 5)] == pytest.approx(0.0, abs=0.1)
    half = np.argmin(np.abs(soc - 50) + 1e3 * ~(second & (step == 4)))
    assert 0.4 < (points.time_s[half] - points.time_s[second & (step == 4)][0]) / 3600 < 0.6


def test_a_rested_cell_shows_the_charge_of_its_own_slow_discharge():
    session = next(s for s in sessions(LAB, "2025-01") if s.kind == CHARACTERISATION)
    points = Points.of(session_points(LAB, session))
    starts = cycle_starts(points.time_s, points.current_a, NOMINAL_AH)
    curve = open_circuit_curve(points, starts, NOMINAL_AH)
    assert curve is not None
    cell = Cell.aged()
    empty, full = (stoichiometry(v, cell) for v in (2.5, 4.2))
    for soc in (25.0, 50.0, 75.0):
        volts = open_circuit_v(empty + soc / 100 * (full - empty), cell)
        resting = Points(np.array([0.0, 3600.0]), np.zeros(2), np.array([3.0, volts]), np.full(2, 25.0))
        found = rested_soc_pct(resting, NOMINAL_AH, curve)
        assert np.isnan(found[0])
        # A C/20 discharge lies some 10 mV under the open-circuit curve, and the drawn cell is not the mean one.
        assert found[1] == pytest.approx(soc, abs=4.0)


def test_without_a_slow_discharge_there_is_no_open_circuit_label():
    points = Points.of(life_points(cycles=3))
    starts = cycle_starts(points.time_s, points.current_a, NOMINAL_AH)
    assert open_circuit_curve(points, starts, NOMINAL_AH) is None
    assert np.isnan(rested_soc_pct(points, NOMINAL_AH, None)).all()


def test_one_cold_day_ends_no_life_whose_crossing_has_to_be_confirmed():
    soh = np.array([1.0, 0.98, 0.72, 0.97, 0.96, 0.95, 0.94])
    end = EndOfLife()
    assert life_of(np.arange(1, 8), soh, 0.8, end.confirmed).censoring == lab.RIGHT_CENSORED
    twice = np.array([1.0, 0.98, 0.72, 0.97, 0.79, 0.81, 0.79, 0.78, 0.77, 0.76])
    assert life_of(np.arange(1, 11), twice, 0.8, end.confirmed) == lab.Life(7, lab.OBSERVED)


def test_a_test_that_stops_at_its_end_of_life_has_seen_it():
    # As Severson's cells: the record ends with the first cycle below.
    soh = np.array([0.815, 0.810, 0.8057, 0.8003, 0.7998])
    assert life_of(np.arange(1, 6), soh, 0.8, confirmed=3) == lab.Life(5, lab.OBSERVED)
    jumped = np.array([0.95, 0.945, 0.94, 0.935, 0.62])
    assert life_of(np.arange(1, 6), jumped, 0.8, confirmed=3).censoring == lab.RIGHT_CENSORED


def test_an_end_of_life_is_told_in_percent_or_as_a_share():
    assert [lab.percent_of_nominal(given) for given in (None, 70, 0.7, 82.5)] == [None, 70.0, 70.0, 82.5]
    for wrong in (0, 1, 100, 250, -5, "80", True):
        with pytest.raises(ValueError, match="no percentage of the nominal capacity"):
            lab.percent_of_nominal(wrong)
    assert EndOfLife.at(70.0).capacity_share == pytest.approx(0.7)
    assert EndOfLife.at(None) == EndOfLife()


def test_a_crossing_from_which_the_cell_recovers_ends_no_life():
    """Five cold cycles amid good ones, thrice; then the end itself."""
    good, cold, worn = [0.95] * 30, [0.72] * 5, [0.78, 0.81, 0.78, 0.77, 0.79, 0.76]
    series = np.array([*good, *cold, *good, *cold, *good, *worn])
    assert life_of(np.arange(1, series.size + 1), series, 0.8, 3) == lab.Life(103, lab.OBSERVED)
    series = series[: -len(worn)]
    assert life_of(np.arange(1, series.size + 1), series, 0.8, 3) == lab.Life(100, lab.RIGHT_CENSORED)


def test_one_low_discharge_alone_is_no_cell_that_arrived_worn_out():
    assert life_of(np.array([1]), np.array([0.5]), 0.8, 3) == lab.Life(1, lab.RIGHT_CENSORED)
    assert life_of(np.array([1, 2, 3]), np.array([0.7, 0.69, 0.69]), 0.8, 3).censoring == lab.STARTED_BELOW
