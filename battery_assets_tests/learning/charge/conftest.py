"""Cells under a changing load as series."""

import numpy as np
import pytest

from battery_assets.features.lab.cycle_rows import Points
from battery_assets.learning.charge.series import Series, pieces_of
from battery_assets_tests.worlds.lab_files.drives import NOMINAL_AH, driven


def series(seeds, step_s=60.0, cycles=1):
    """Cells that have lost up to an eighth of their lithium, each known to hold what it does."""
    pieces = []
    for seed in seeds:
        lost = (seed % 5) / 40.0
        rows = driven(seed, lost, cycles)
        points = Points.of(rows)
        held = np.full(rows.height, 1.0 - lost)
        soc = rows["soc"].to_numpy()
        pieces += [(f"cell {seed:03d}", NOMINAL_AH, one)
                   for one in pieces_of(points, soc, NOMINAL_AH, step_s, held)]  # fmt: skip
    return Series.of(pieces, step_s)


@pytest.fixture(scope="session")
def driven_cells():
    """Six training cells, two that validate, two that judge."""
    return series(range(1, 7)), series((11, 13)), series((22, 24))
