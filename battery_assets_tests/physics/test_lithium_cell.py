"""The lithium cell's curves against what the paper states apart from them."""

import pytest

from battery_assets.physics.lithium_cell import Cell, open_circuit_v
from battery_assets.physics.parameters.chen2020 import LG_M50


@pytest.mark.parametrize(
    ("stoichiometry", "limit_v"),
    [(LG_M50.negative_empty, LG_M50.low_v), (LG_M50.negative_full, LG_M50.high_v)],
)
def test_the_limits_of_the_cell_come_out_of_the_paper_s_two_curves(stoichiometry, limit_v):
    # Equations 8 and 9 and the stoichiometries are measurements of their own: a wrong term misses the limits.
    assert open_circuit_v(stoichiometry, Cell.aged()) == pytest.approx(limit_v, abs=0.01)
