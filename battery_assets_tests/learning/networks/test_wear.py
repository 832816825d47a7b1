"""Wear on logarithms: what wears is read off training cells, and lives of other lengths are alike."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling
from battery_assets.learning.networks.wear import RATES_OVER, Course
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")
CELLS = Cells.of(fading(8, seed=1), NAMES)


def straight(life: int, name: str = "one") -> Cells:
    """A cell whose one feature falls from 1 to 0 on a straight line."""
    cycle = np.arange(1, life + 1, dtype=np.float64)
    one = np.ones(life)
    return Cells((name,), np.zeros(life, int), cycle, (1 - cycle / life)[:, None], one, life - cycle, one > 0)


def test_only_what_changes_the_same_way_in_the_cells_is_wear():
    course = Course.of(CELLS, CELLS.features)
    assert course.columns == (1,), "feature_1 tells how fast a cell fades, and stays"
    assert course.change[0] < 0
    assert course.end[0] == pytest.approx(0.83, abs=0.03)
    rising = Course.of(CELLS, -CELLS.features)
    assert (rising.columns, rising.change[0] > 0) == ((1,), True)
    steady = replace(CELLS, features=np.ones_like(CELLS.features))
    assert Course.of(steady, steady.features) == Course((), (), ())
    assert Course((), (), ()).logs(CELLS, CELLS.features, CELLS.features).shape == (len(CELLS.cell), 1)


def test_a_life_of_twice_the_length_is_the_same_but_for_its_pace():
    course = Course((0,), (-1.0,), (0.0,))
    short, long = straight(400), straight(800)
    logs = [
        course.logs(cells, cells.features, np.broadcast_to(cells.features[:1], cells.features.shape))[at]
        for cells, at in ((short, 199), (long, 399))
    ]
    apart = logs[1] - logs[0]
    worn, *rates, to_go = apart[: 2 + len(RATES_OVER) + 1]
    assert worn == pytest.approx(0, abs=0.01)
    assert to_go == pytest.approx(0, abs=0.01)
    assert rates == pytest.approx([-np.log(2)] * 3, abs=0.05)
    assert apart[-4:-1] == pytest.approx([np.log(2)] * 3, abs=0.05), "cycles to the end on a straight line"


def test_on_a_straight_line_the_cycles_to_the_end_are_those_that_are_left():
    cells = straight(600)
    started = np.broadcast_to(cells.features[:1], cells.features.shape)
    logs = Course((0,), (-1.0,), (0.0,)).logs(cells, cells.features, started)
    assert np.exp(logs[300, 5]) == pytest.approx(cells.left[300], rel=0.01)


def test_the_course_is_that_of_the_training_cells():
    recipe = Recipe.of("baseline", {"target": "rul", "see_health": True, "wear": True})
    scaling = Scaling.of(CELLS, recipe)
    other = Cells.of(fading(3, seed=9, first=40), NAMES)
    inputs = scaling.inputs(other, recipe)
    assert inputs.shape[1] == 2 * 3 + 8 * 2 + 1
    assert np.isfinite(inputs).all()
    first = inputs[other.cell == 0]
    alone = scaling.inputs(Cells.of(fading(1, seed=9, first=40), NAMES), recipe)
    assert (alone == first).all()
