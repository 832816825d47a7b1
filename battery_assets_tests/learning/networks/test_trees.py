"""Trees as a surrogate: they learn, repeat to the bit, let lives that go on count, and see no later cycle."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from battery_assets.learning.networks import trees
from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.fitting import Fitted, fit
from battery_assets.learning.networks.losses import Rows
from battery_assets.learning.networks.probes import moved_by_the_future
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scores import naive, overall
from battery_assets.learning.networks.stored import load, save
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")
QUICK = {"surrogate": "trees", "epochs": 12, "rows_per_epoch": 1024}
TRAIN, VALID, TEST = (
    Cells.of(fading(count, seed, unfinished, first), NAMES)
    for count, seed, unfinished, first in ((12, 1, (3, 5), 0), (4, 2, (), 20), (5, 3, (), 30))
)


def learned(train: Cells = TRAIN, **more) -> Fitted:
    return fit(train, VALID, NAMES, Recipe.of("baseline", {**QUICK, **more}), lambda epoch: None)


def test_trees_beat_the_rules_on_cells_they_never_saw():
    scores = overall(TEST, *learned().predict(TEST))
    rules = {name: overall(TEST, *said) for name, said in naive(TRAIN, TEST).items()}
    assert scores["soh_rmse"] < 0.5 * min(one["soh_rmse"] for one in rules.values())
    assert scores["rul_rmse"] < 0.6 * rules["mean life - cycle"]["rul_rmse"]


@pytest.mark.parametrize("randomised", [0.0, 0.5, 1.0])
def test_a_seed_gives_its_bits_again_stored_or_not(tmp_path, randomised):
    one, again, other = (
        learned(epochs=2, randomised=randomised, seed=seed).predict(TEST)[1] for seed in (7, 7, 8)
    )
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()
    fitted = learned(epochs=2, randomised=randomised, wear=True, target="rul", see_health=True, smooth=5)
    save(fitted, tmp_path / "weights.safetensors")
    stored = load(tmp_path / "weights.safetensors")
    assert stored.predict(TEST)[1].tobytes() == fitted.predict(TEST)[1].tobytes()
    assert stored.scaling == fitted.scaling


def test_the_trees_of_the_least_validation_loss_are_kept():
    heard = []
    fitted = fit(TRAIN, VALID, NAMES, Recipe.of("baseline", {**QUICK, "epochs": 9}), heard.append)
    losses = [epoch.valid_loss for epoch in heard]
    assert fitted.best_epoch == 1 + int(np.argmin(losses))
    stopped = fit(TRAIN, VALID, NAMES, Recipe.of("baseline", QUICK), lambda epoch: epoch.number == 2)
    assert (stopped.epochs, stopped.stopped) == (2, True)


def test_randomised_trees_say_what_their_maker_says():
    from sklearn.ensemble import ExtraTreesRegressor

    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(500, 4)).astype(np.float32)
    truth = inputs[:, 0] ** 2 + inputs[:, 1]
    made = ExtraTreesRegressor(60, min_samples_leaf=5, max_features=4, random_state=7).fit(inputs, truth)
    nodes = trees._randomised("life", inputs, truth, np.ones(500), Recipe.of("baseline", QUICK))
    asked = rng.normal(size=(200, 4)).astype(np.float32)
    assert trees._mean_of_trees(asked, *nodes.values()) == pytest.approx(made.predict(asked), rel=1e-12)


@pytest.mark.parametrize("rows", [1, 31, 32, 33, 200])
def test_rows_that_go_down_side_by_side_end_where_each_would_alone(rows):
    rng = np.random.default_rng(4)
    inputs, truth = rng.normal(size=(300, 4)).astype(np.float32), rng.normal(size=300)
    nodes = trees._randomised(
        "life", inputs, truth, np.ones(300), Recipe.of("baseline", {**QUICK, "leaf": 2})
    )
    roots, feature, split, below, value = nodes.values()
    # A tree of one leaf, whose rows go nowhere.
    leaf = int(np.flatnonzero(feature < 0)[0])
    roots = np.append(roots, np.int32(leaf))
    asked = rng.normal(size=(rows, 4)).astype(np.float32)
    total = np.zeros(rows)
    for root in roots:
        for row in range(rows):
            node = root
            while feature[node] >= 0:
                node = below[node, 0 if asked[row, feature[node]] <= split[node] else 1]
            total[row] += value[node]
    together = trees._mean_of_trees(asked, roots, feature, split, below, value)
    assert together.tobytes() == (total / len(roots)).tobytes()


def test_a_share_of_one_half_is_the_mean_of_both_kinds():
    columns = [torch.rand(300, 1, generator=torch.Generator().manual_seed(k)) for k in range(4)]
    one = torch.ones(300)
    rows = Rows(torch.cat(columns[:3], 1), columns[3], columns[0][:, 0], columns[1][:, 0], one, one)
    half, boosted, randomised = (
        [network for _, network, _ in trees.grown(rows, Recipe.of("baseline", {**QUICK, **share}), 3)][-1]
        for share in ({}, {"randomised": 0.0}, {"randomised": 1.0})
    )
    mean = (boosted(rows) + randomised(rows)) / 2
    assert torch.allclose(half(rows), mean, atol=1e-6)
    assert not torch.allclose(boosted(rows), randomised(rows), atol=1e-3)


def test_lives_that_go_on_make_the_expected_ones_longer():
    # The longer half of thirty cells was seen over nine tenths of their lives, and go on.
    rows = fading(30, 5, first=60)
    longest = rows.group_by("cell_id").len().sort("len", "cell_id")["cell_id"].tail(15).to_list()
    goes_on = pl.col("cell_id").is_in(longest)
    seen = rows.filter(~goes_on | (pl.col("rul") > 0.1 * pl.col("cycle_num").max().over("cell_id")))
    seen = seen.with_columns(rul=pl.when(goes_on).then(None).otherwise(pl.col("rul")))
    asked = Cells.of(rows.filter(goes_on), NAMES)
    with_them, only_ended = (
        learned(Cells.of(one, NAMES), target="rul").predict(asked)[1]
        for one in (seen, seen.drop_nulls("rul"))
    )
    assert with_them.mean() > only_ended.mean() + 2
    errors = [float(np.sqrt(np.mean((one - asked.left) ** 2))) for one in (with_them, only_ended)]
    assert errors[0] < errors[1]


def test_nothing_of_a_later_cycle_moves_an_earlier_prediction():
    fitted = learned(target="rul", see_health=True, wear=True, smooth=5, trend=20, epochs=3)
    assert moved_by_the_future(fitted.predict, TEST) == 0.0


def test_what_was_not_learned_is_not_known():
    assert np.isnan(learned(target="soh", epochs=1).predict(TEST)[1]).all()
    assert np.isnan(learned(target="rul", epochs=1).predict(TEST)[0]).all()


@pytest.mark.parametrize(
    ("algorithm", "terms", "fault"),
    [
        ("bilstm", {"surrogate": "trees"}, "surrogate: trees are those of baseline"),
        ("baseline", {"surrogate": "forest"}, "surrogate: 'forest' is none of network, trees"),
        ("baseline", {"randomised": 1.5}, "randomised: 1.5 is no share"),
        ("baseline", {"wear": True, "own_start": 0}, "own_start: wear is counted from it"),
        ("baseline", {"depth": 0}, "depth: 0; at least 1 is needed"),
    ],
)
def test_a_recipe_that_cannot_be_is_named(algorithm, terms, fault):
    with pytest.raises(ValueError, match=fault):
        Recipe.of(algorithm, terms)


def test_validation_cells_move_no_tree():
    other = replace(VALID, left=VALID.left + 500.0, health=VALID.health - 0.3)
    one, two = (
        fit(TRAIN, valid, NAMES, Recipe.of("baseline", {**QUICK, "epochs": 1}), lambda epoch: None)
        for valid in (VALID, other)
    )
    assert one.predict(TEST)[1].tobytes() == two.predict(TEST)[1].tobytes()
