"""Intervals cover what they promise, cell by cell, and are refused on too few cells."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.conformal import TooFewToCalibrate, calibrated, coverage
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")


def wrong(cells: Cells, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions whose errors hang together within a cell and grow with what is said."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 1, len(cells.names))[cells.cell]
    noise = rng.normal(0, 1, len(cells.cell))
    off = 0.7 * own + 0.7 * noise
    return cells.health + 0.01 * off, cells.left * (1 + 0.1 * off)


@pytest.mark.parametrize("count", [8, 20])
def test_intervals_cover_ninety_percent_of_other_cells(count):
    covered = []
    for seed in range(12):
        known, other = (Cells.of(fading(n, seed + 50 * n, (), 100 * n), NAMES) for n in (count, 12))
        margins = calibrated(known, *wrong(known, seed), life=140.0)
        covered.append(list(coverage(other, margins, *wrong(other, seed + 1000)).values()))
    means = np.mean(covered, axis=0)
    assert means == pytest.approx([0.90, 0.90], abs=0.04)


def test_seven_cells_are_too_few():
    cells = Cells.of(fading(7), NAMES)
    with pytest.raises(TooFewToCalibrate, match="7 cells calibrate, 8 are needed"):
        calibrated(cells, cells.health, cells.left, life=140.0)


def test_lives_that_go_on_calibrate_no_life():
    cells = Cells.of(fading(9, unfinished=(0, 1, 2)), NAMES)
    margins = calibrated(cells, *wrong(cells, 1), life=140.0)
    assert margins.left is None
    assert set(margins.around(cells.health, cells.left)) == {"soh"}


def test_a_long_cell_weighs_as_a_short_one():
    rows = fading(12, seed=2)
    longer = pl.concat([rows, *[rows.filter(cell_id="cell-000")] * 3])
    margins = [
        calibrated(cells, cells.health + 0.01 * (cells.cell == 0), cells.left, 140.0).health
        for cells in (Cells.of(frame, NAMES) for frame in (rows, longer))
    ]
    assert margins == pytest.approx([0.0, 0.0])
