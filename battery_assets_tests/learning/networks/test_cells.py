"""Cycles of cells as arrays: nothing of a later cycle, and errors that say what to do."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.networks.cells import BadCells, Cells, measured, refuse_unfit
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling
from battery_assets.learning.networks.scores import by_cell, naive, overall
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return fading(4, unfinished=(3,))


def test_a_life_that_goes_on_is_a_lower_bound(rows):
    cells = Cells.of(rows, NAMES)
    going_on = cells.cell == 3
    assert not cells.ended[going_on].any()
    assert cells.ended[~going_on].all()
    assert cells.left[going_on].min() == 0.0
    assert cells.left[going_on].max() == going_on.sum() - 1


def test_what_comes_later_changes_no_input(rows):
    early = pl.col("cycle_num") <= 30
    whole, cut = Cells.of(rows, NAMES), Cells.of(rows.filter(early), NAMES)
    twisted = rows.with_columns(feature_1=pl.when(early).then("feature_1").otherwise(99.0))
    recipe = Recipe("bilstm")
    scaling = Scaling.of(whole, recipe)
    kept = whole.cycle <= 30
    expected = scaling.inputs(whole, recipe)[kept]
    assert (scaling.inputs(cut, recipe) == expected).all()
    assert (scaling.inputs(Cells.of(twisted, NAMES), recipe)[kept] == expected).all()


def test_a_window_ends_with_its_row_and_stays_in_its_cell(rows):
    cells = Cells.of(rows, NAMES)
    past = cells.past(5, 3)
    places = np.arange(len(cells.cell))
    assert (past[:, -1] == places).all()
    assert (np.diff(past, axis=1) >= 0).all()
    assert (cells.cell[past] == cells.cell[:, None]).all()
    assert past[20].tolist() == [8, 11, 14, 17, 20]
    assert past[1].tolist() == [0, 0, 0, 0, 1]


def test_every_cell_weighs_the_same(rows):
    cells = Cells.of(rows, NAMES)
    sums = np.bincount(cells.cell, weights=cells.shares)
    assert sums == pytest.approx(np.full(4, len(cells.cell) / 4))


@pytest.mark.parametrize("count", [1, 5, 30, 1000])
def test_starts_and_medians_are_those_of_one_row_after_the_other(rows, count):
    # The last cell is over sooner than its start is.
    short = rows.filter((pl.col("cell_id") != "cell-003") | (pl.col("cycle_num") <= 7))
    cells = Cells.of(short, NAMES)
    values, starts, medians = cells.features, [], []
    for row, first in enumerate(cells.starts):
        total = np.zeros(2)
        upto = min(row, first + count - 1)
        for place in range(first, upto + 1):
            total = total + values[place]
        starts.append(total / (upto + 1 - first))
        before = max(row - count + 1, first)
        again = [values[first]] * (count - (row + 1 - before))
        medians.append(np.median([*again, *values[before : row + 1]], axis=0))
    assert cells.own_start(values, count).tobytes() == np.array(starts).tobytes()
    assert cells.smoothed(values, count).tobytes() == np.array(medians).tobytes()


def test_a_cells_own_start_is_a_mean_of_what_is_past(rows):
    cells = Cells.of(rows, NAMES)
    own, second = cells.own_start(cells.features, 10), np.flatnonzero(cells.cell == 1)
    of_cell = cells.features[second]
    assert own[second[0]] == pytest.approx(of_cell[0])
    assert own[second[3]] == pytest.approx(of_cell[:4].mean(axis=0))
    assert own[second[50]] == pytest.approx(of_cell[:10].mean(axis=0))


def test_what_cannot_be_learned_from_says_why(rows):
    one = Cells.of(rows.filter(cell_id="cell-000"), NAMES)
    two = Cells.of(rows.filter(pl.col("cell_id").is_in(["cell-000", "cell-001"])), NAMES)
    three = Cells.of(rows.filter(cell_id="cell-002"), NAMES)
    with pytest.raises(BadCells, match="1 training cell: at least 2"):
        refuse_unfit(one, three, "both")
    with pytest.raises(BadCells, match="cell cell-000 is in the training and in the validation cells"):
        refuse_unfit(two, one, "both")
    endless = Cells.of(
        rows.with_columns(rul=pl.lit(None, pl.Int64)).filter(pl.col("cell_id") < "cell-002"), NAMES
    )
    with pytest.raises(BadCells, match="no training cell has reached its end of life"):
        refuse_unfit(endless, three, "both")
    refuse_unfit(endless, three, "soh")
    with pytest.raises(BadCells, match="cell cell-000 has features that are NaN"):
        Cells.of(rows.with_columns(feature_1=pl.lit(float("nan"))), NAMES)
    with pytest.raises(BadCells, match="are NULL in the training cells"):
        measured(rows.with_columns(feature_3=pl.lit(None, pl.Float64)), ("feature_3",))


@pytest.mark.parametrize(
    ("given", "words"),
    [({"epochs": 0}, "epochs: 0; at least 1"), ({"dynamics": "magic"}, "dynamics: 'magic' is none of"),
     ({"hidden": 3}, "'hidden' is no term"), ({"features": []}, "features: none"),
     ({"learning_rate": 0.0}, "learning_rate: 0.0 has to be above 0")],
)  # fmt: skip
def test_a_recipe_that_cannot_be_says_which_term(given, words):
    with pytest.raises(ValueError, match=words):
        Recipe.of("deephpm", given)


def test_rules_without_a_model_are_what_they_say(rows):
    cells = Cells.of(rows, NAMES)
    ended = rows.filter(pl.col("rul").is_not_null())
    life = float(ended.group_by("cell_id").agg(pl.len())["len"].mean())
    said = naive(cells, cells)
    _, left = said["mean life - cycle"]
    assert left[0] == pytest.approx(life - 1)
    assert np.all(left[cells.cycle > life] == 0)
    straight = Cells.of(
        rows.with_columns(pcl=0.2 * pl.col("cycle_num") / pl.col("cycle_num").max().over("cell_id")).filter(
            pl.col("rul").is_not_null()
        ),
        NAMES,
    )
    _, left = naive(straight, straight)["linear fade"]
    late = straight.cycle > 10
    assert left[late] == pytest.approx(straight.left[late], abs=1e-6), "a straight fade is met exactly"


def test_scores_are_by_row_and_by_cell(rows):
    cells = Cells.of(rows, NAMES)
    each = by_cell(cells, cells.health + 0.01, cells.left - 5)
    assert each["soh_rmse"].to_list() == pytest.approx([0.01] * 4)
    assert each["rul_rmse"].to_list() == [pytest.approx(5.0)] * 3 + [None]
    assert each["too_short"].to_list() == [None] * 3 + [1.0]
    found = overall(cells, cells.health + 0.01, np.where(cells.cell == 0, cells.left + 9, cells.left))
    share = (cells.cell == 0).sum() / cells.ended.sum()
    assert found["rul_rmse"] == pytest.approx(9 * np.sqrt(share))
    assert found["rul_rmse_by_cell"] == pytest.approx(3.0)
