"""What a network is given: nothing of a later cycle, on scales that single wild cycles do not move."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.learning.networks.cells import Cells, joined
from battery_assets.learning.networks.fitting import fit
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling, raw_inputs
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")
ALL = {"target": "rul", "see_health": True, "life_scale": "ratio", "smooth": 5, "own_start": 12, "trend": 20}
CELLS = Cells.of(fading(5, seed=1), NAMES)


def test_no_input_looks_at_a_later_cycle():
    recipe = Recipe.of("baseline", ALL)
    early = CELLS.cycle <= 40
    later = replace(
        CELLS,
        features=np.where(early[:, None], CELLS.features, 9.0),
        health=np.where(early, CELLS.health, 0.1),
    )
    before, after = (raw_inputs(cells, recipe)[early] for cells in (CELLS, later))
    assert (before == after).all()
    assert before.shape[1] == 3 * 3 + 5
    assert np.isfinite(raw_inputs(CELLS, recipe)).all()


def test_one_cell_does_not_enter_the_inputs_of_another():
    recipe = Recipe.of("baseline", ALL)
    own = raw_inputs(Cells.of(fading(5, seed=1).filter(cell_id="cell-003"), NAMES), recipe)
    assert (raw_inputs(CELLS, recipe)[CELLS.cell == 3] == own).all()


def test_a_wild_cycle_moves_no_scale():
    recipe = Recipe.of("baseline", {})
    wild = CELLS.features.copy()
    wild[50] = 1e6
    sound, spoiled = (Scaling.of(one, recipe) for one in (CELLS, replace(CELLS, features=wild)))
    assert spoiled.spread == pytest.approx(sound.spread, rel=0.2)
    assert spoiled.mean == pytest.approx(sound.mean, abs=0.05)
    assert np.abs(spoiled.inputs(replace(CELLS, features=wild), recipe)).max() <= 10.0


@pytest.mark.parametrize("scale", ["cycles", "ratio"])
def test_lives_come_back_from_their_scale(scale):
    scaling = Scaling.of(CELLS, Recipe.of("baseline", {"life_scale": scale}))
    there = scaling.of_life(CELLS.left, CELLS.cycle)
    assert scaling.to_life(there, CELLS.cycle) == pytest.approx(CELLS.left, abs=1e-9)
    assert scaling.to_life(np.array([1e3, -1e3]), np.array([1.0, 1.0])).tolist() == [20 * scaling.life, 0.0]


def test_health_so_far_is_the_last_known_one_of_the_cell():
    health = CELLS.health.copy()
    first = np.searchsorted(CELLS.cell, 2)
    health[first : first + 3] = np.nan
    health[first + 10] = np.nan
    found = replace(CELLS, health=health).health_so_far
    assert found[first : first + 3].tolist() == [1.0] * 3
    assert found[first + 10] == health[first + 9]


def test_health_is_seen_by_a_model_of_life_alone():
    with pytest.raises(ValueError, match="see_health: health is learned with target both"):
        Recipe.of("baseline", {"see_health": True})
    with pytest.raises(ValueError, match="trend: -1; a number of cycles"):
        Recipe.of("baseline", {"trend": -1})


def test_a_refit_learns_from_validation_cells_for_as_many_epochs_as_were_best():
    train, valid = (Cells.of(fading(count, seed, (), first), NAMES) for count, seed, first in
                    ((6, 1, 0), (8, 2, 20)))  # fmt: skip
    terms = {"width": 8, "layers": 1, "epochs": 4, "rows_per_epoch": 512}
    once, again = (
        fit(train, valid, NAMES, Recipe.of("baseline", {**terms, "refit": refit}), lambda _: None)
        for refit in (False, True)
    )
    assert (again.best_epoch, again.best_loss) == (once.best_epoch, once.best_loss)
    assert again.margins == once.margins is not None
    assert again.scaling == Scaling.of(joined(train, valid), again.recipe)
    assert again.predict(train)[1].tobytes() != once.predict(train)[1].tobytes()
    stopped = fit(train, valid, NAMES, again.recipe, lambda epoch: epoch.number == 2)
    assert stopped.stopped
    assert stopped.scaling == once.scaling, "a stop does not begin anew"
