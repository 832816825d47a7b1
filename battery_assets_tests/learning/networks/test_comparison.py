"""Two models on the same cells: a difference is shown where there is one, and not where there is none."""

import numpy as np
import pytest

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.comparison import compared
from battery_assets_tests.worlds.lab_files.fading import fading

CELLS = Cells.of(fading(15, seed=4, unfinished=(0, 1)), ("feature_1", "feature_2"))


def said(error: float, seed: int):
    """A training that is wrong by about so many cycles and thousandths; easy and hard cells are the same."""
    hard = np.random.default_rng(0).uniform(0.5, 4.0, len(CELLS.names))[CELLS.cell]
    own = error * hard * (1 + 0.1 * np.random.default_rng(seed).normal(0, 1, len(CELLS.names))[CELLS.cell])
    return CELLS.health + own / 1000, CELLS.left + own


def line(found, error="rul_rmse", part="all"):
    [row] = found.summary.filter(error=error, slice=part).to_dicts()
    return row


def test_a_small_difference_is_shown_since_cells_are_paired():
    found = compared(CELLS, [said(10, k) for k in range(5)], [said(10.6, 10 + k) for k in range(5)])
    whole = line(found)
    assert whole["verdict"] == "one is better"
    assert whole["low"] < whole["difference"] < whole["high"] < 0
    spread = found.cells.filter(error="rul_rmse")["one"].std()
    assert spread > 5 * abs(whole["difference"]), "unpaired, the cells' own spread would hide it"
    assert line(compared(CELLS, [said(11, 1)], [said(10, 2)]))["verdict"] == "other is better"


def test_no_difference_is_shown_between_a_model_and_itself():
    found = compared(CELLS, [said(10, k) for k in range(5)], [said(10, k) for k in range(5, 10)])
    assert line(found)["verdict"] == "no difference shown"
    assert line(found)["one_sd"] > 0


def test_slices_hold_every_cell_once_and_small_ones_have_no_interval():
    found = compared(CELLS, [said(10, 1)], [said(11, 2)])
    parts = found.summary.filter(error="soh_rmse")
    assert parts.filter(slice="all")["cells"].item() == 15
    assert parts.filter(parts["slice"] != "all")["cells"].sum() == 15
    going_on = line(found, "soh_rmse", "going on")
    assert going_on["cells"] == 2
    assert np.isnan(going_on["low"])
    assert going_on["verdict"] == "no difference shown"
    assert found.summary.filter(error="rul_rmse", slice="going on").is_empty()
    assert found.cells.filter(error="rul_rmse")["cell_id"].n_unique() == 13


def test_the_mean_of_paired_differences_is_that_of_the_means():
    found = compared(CELLS, [said(10, 1)], [said(12, 1)])
    whole = line(found)
    assert whole["difference"] == pytest.approx(whole["one"] - whole["other"])
    assert whole["one_better"] == 1.0
