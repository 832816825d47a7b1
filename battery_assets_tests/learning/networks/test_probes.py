"""Each probe is green on sound cells, and red where its leak was planted."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.learning.networks import probes
from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.fitting import Fitted, fit
from battery_assets.learning.networks.recipe import Recipe
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")
SMALL = {"width": 24, "layers": 2, "epochs": 25, "rows_per_epoch": 1024, "batch": 128, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def sides() -> tuple[Cells, Cells, Cells]:
    """Training, validation and test cells."""
    return tuple(
        Cells.of(fading(count, seed, (), first), NAMES)
        for count, seed, first in ((12, 1, 0), (4, 2, 20), (5, 3, 30))
    )


@pytest.fixture(scope="module")
def fitted(sides) -> Fitted:
    return fit(*sides[:2], NAMES, Recipe.of("baseline", SMALL), lambda _: None)


@pytest.fixture(scope="module")
def shuffled(sides) -> Fitted:
    return probes.fit_shuffled(*sides[:2], NAMES, Recipe.of("baseline", SMALL))


def red(found) -> list[str]:
    return [one.name for one in found if one.red]


def with_feature(cells: Cells, column: np.ndarray) -> Cells:
    return replace(cells, features=np.column_stack([cells.features, column]))


def life_share(cells: Cells) -> np.ndarray:
    return cells.cycle / (cells.cycle + cells.left)


def test_a_sound_model_is_green(sides, fitted, shuffled):
    train, _, test = sides
    found = probes.probes_of(fitted.predict, train, test, shuffled.predict)
    assert red(found) == []
    assert len(found) == 5
    assert all(np.isfinite(one.value) for one in found)


def test_a_look_ahead_is_red(sides, fitted, shuffled):
    train, _, test = sides

    def ahead(cells: Cells):
        """Features of the cell's last row: what a smoothing over the whole life brings in."""
        last = np.searchsorted(cells.cell, cells.cell, side="right") - 1
        mean = (cells.features + cells.features[last]) / 2
        return fitted.predict(replace(cells, features=mean))

    assert "moved_by_the_future" in red(probes.probes_of(ahead, train, test, shuffled.predict))


def test_health_that_is_not_yet_measured_is_red(sides, fitted):
    def ahead(cells: Cells):
        last = np.searchsorted(cells.cell, cells.cell, side="right") - 1
        health, left = fitted.predict(cells)
        return health, left + cells.health[last]

    assert probes.moved_by_the_future(fitted.predict, sides[2]) == 0
    assert probes.moved_by_the_future(ahead, sides[2]) > 0


def test_a_cycle_number_that_tells_how_far_a_life_has_come_is_red(sides, shuffled):
    train, _, test = (
        replace(one, cycle=np.ceil(1000 * life_share(one)), left=1000 - np.ceil(1000 * life_share(one)))
        for one in sides
    )
    alone = probes.cycle_index_only(train, test)
    again = probes.over_cycle_index_only(lambda cells: (alone[0], alone[1] + 30.0), train, test)
    assert probes.Probe("error_over_cycle_index_only", again, 1.0).red
    sound = probes.cycle_index_only(sides[0], sides[2])
    assert np.sqrt(np.mean((sound[1] - sides[2].left) ** 2)) > 20 * np.sqrt(
        np.mean((alone[1] - test.left) ** 2)
    )


def test_a_feature_that_is_the_share_of_life_is_red(sides, fitted, shuffled):
    train, _, test = (with_feature(one, 3.0 - 2.0 * life_share(one) ** 2) for one in sides)
    assert probes.life_told_by_one_feature(train, test) < probes.TOLD_LIFE
    assert probes.life_told_by_one_feature(sides[0], sides[2]) > probes.TOLD_LIFE


@pytest.mark.parametrize("way", ["extremes", "moments"])
def test_a_feature_scaled_over_whole_lives_is_red(sides, way):
    train = sides[0]

    def scaled(values: np.ndarray) -> np.ndarray:
        if way == "extremes":
            return (values - values.min()) / (values.max() - values.min())
        return (values - values.mean()) / values.std()

    noise = np.random.default_rng(0).normal(0, 1, len(train.cell)) + train.cycle / 50
    column = np.concatenate([scaled(noise[train.cell == one]) for one in range(len(train.names))])
    assert probes.scaled_over_whole_lives(with_feature(train, column)) == [2]
    assert probes.scaled_over_whole_lives(with_feature(train, noise)) == []
    steps = np.minimum(train.cycle % 3, 2)
    assert probes.scaled_over_whole_lives(with_feature(train, steps)) == [], "few values are no scale"


def test_labels_that_reach_the_prediction_are_red_when_labels_are_shuffled(sides, fitted, shuffled):
    train, _, test = sides

    def peeks(cells: Cells):
        health, left = shuffled.predict(cells)
        return health, 0.3 * left + 0.7 * cells.left

    found = probes.probes_of(fitted.predict, train, test, peeks)
    assert red(found) == ["error_of_shuffled_labels"]


def test_shuffled_labels_are_those_of_another_cell(sides):
    train = sides[0]
    found = probes.shuffled_labels(train, seed=3)
    lives = {(cells.cycle + cells.left)[cells.cell == 0][0] for cells in (train, found)}
    assert len(lives) == 2
    assert sorted((found.cycle + found.left)[found.starts == np.arange(len(found.cell))]) == sorted(
        (train.cycle + train.left)[train.starts == np.arange(len(train.cell))]
    )
    assert (found.features == train.features).all()
