"""A made-up lab: the same bytes in any order, lives that an engineer believes."""

import numpy as np
import polars as pl
import pytest

from battery_assets.physics.lithium_cell import Cell, open_circuit_v, stoichiometry
from battery_assets.synthetic import lab as made
from battery_assets.synthetic.lab import CHARACTERISATION, CYCLE_LIFE, SyntheticLab, session_points, sessions

LAB = SyntheticLab("lab-s", seed=2, cells=10, sample_s=120)


def test_a_session_is_the_same_whatever_was_made_before_it():
    first = session_points(LAB, sessions(LAB, "2025-02")[0])
    for month in ("2025-01", "2025-02"):
        for session in sessions(LAB, month):
            if session.kind == CHARACTERISATION:
                session_points(LAB, session)
    made._fate.cache_clear()
    made._of_cell.cache_clear()
    assert session_points(LAB, sessions(LAB, "2025-02")[0]).equals(first)


def test_every_cell_is_characterised_once_and_then_aged():
    found = [session for month in ("2025-01", "2025-02") for session in sessions(LAB, month)]
    for cell in range(LAB.cells):
        kinds = [session.kind for session in found if session.cell == cell]
        assert kinds == [CHARACTERISATION, CYCLE_LIFE]
    assert len({session.session_id for session in found}) == len(found) == 2 * LAB.cells


@pytest.mark.parametrize(
    ("cells", "start", "last"),
    [(8, "2025-01", "2025-01"), (9, "2025-01", "2025-02"), (12, "2024-12", "2025-01")],
)
def test_eight_channels_are_taken_up_each_month_until_the_last(cells, start, last):
    lab = SyntheticLab("lab-s", cells=cells, start=start)
    assert made.last_month(lab) == last
    began = {
        session.started_at.strftime("%Y-%m") for cell in range(cells) for session in made._of_cell(lab, cell)
    }
    assert max(began) == last


def test_points_keep_to_the_limits_of_the_cell_and_the_charge_is_positive():
    session = next(s for s in sessions(LAB, "2025-01") if s.kind == CYCLE_LIFE)
    rows = session_points(LAB, session).filter(pl.col("cycle_count") <= 5)
    assert rows["voltage_v"].min() > 2.40 and rows["voltage_v"].max() < 4.21
    charging = rows.filter(pl.col("step_index") == 1)
    assert charging["current_a"].min() > 0
    assert (charging.group_by("cycle_count").agg(pl.col("voltage_v").diff().median()))["voltage_v"].min() > 0
    assert rows["ts"].is_sorted()
    assert rows["ts"].n_unique() == rows.height


def test_a_discharge_warms_the_cell_by_a_few_kelvin():
    session = next(s for s in sessions(LAB, "2025-01") if s.kind == CYCLE_LIFE)
    rows = session_points(LAB, session).filter(pl.col("cycle_count") == 3)
    rise = rows.filter(pl.col("step_index") == 4)["temperature_c"].max() - 25.0
    assert 3.0 < rise < 15.0


def test_losing_lithium_shifts_the_electrodes_and_takes_capacity():
    new, worn = Cell.aged(), Cell.aged(lithium_lost=0.1)
    capacity = [
        (stoichiometry(4.2, cell) - stoichiometry(2.5, cell)) * cell.negative_ah for cell in (new, worn)
    ]
    assert capacity[0] == pytest.approx(5.0, rel=0.01)
    assert capacity[1] < 0.93 * capacity[0]


def test_the_inverse_of_the_open_circuit_voltage_is_its_inverse():
    cell = Cell.aged(lithium_lost=0.05, negative_lost=0.02)
    for volts in np.linspace(2.8, 4.15, 8):
        assert open_circuit_v(stoichiometry(volts, cell), cell) == pytest.approx(volts, abs=1e-6)


@pytest.mark.parametrize(
    ("config", "word"), [({"cells": 0}, "cells"), ({"start": "2025"}, "start"), ({"rooms": 3}, "rooms")]
)
def test_a_setting_that_is_not_allowed_is_named(config, word):
    with pytest.raises(ValueError, match=word):
        SyntheticLab.from_config("lab-x", config)
