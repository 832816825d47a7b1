"""An explanation is kept with what its method is worth, and shown only where it points at what a fault changes."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from battery_assets.errors import BadInput
from battery_assets.experiments.making.files import bursts_of
from battery_assets.experiments.making.generation import frame_of
from battery_assets.experiments.trying import explaining as kept
from battery_assets.learning.signals import explaining
from battery_assets.learning.signals.convolution import Recipe, Stage, fit
from battery_assets.learning.signals.split import sides
from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts
from battery_assets_tests.experiments.test_datasets import rows


@pytest.fixture(scope="module")
def taught():
    """A network of 16 systems, their bursts, and grave faults of systems that it never saw."""
    campaign = Campaign(systems=16, references=8, sound=4, each_fault=5, mixed=0, seed=2)
    bursts = bursts_of(pl.concat([frame_of(one) for one in system_bursts(campaign)]))
    side = sides(bursts, "system", 1)
    train, valid = (bursts.only(np.flatnonzero(side == one)) for one in ("train", "val"))
    recipe = Recipe(stages=(Stage(16, 31, 4), Stage(16, 15, 4), Stage(16, 7, 2)), epochs=16)
    network = fit(train, valid, recipe, lambda _: False)
    grave = (bursts.loss > 0.5) | ~bursts.labels[:, 0]
    places = np.flatnonzero((side != "train") & grave & (bursts.labels.sum(axis=1) == 1))
    return network, bursts, places


def test_shares_of_all_lines_sum_to_what_the_fault_added(taught):
    network, bursts, places = taught
    seen, kinds = explaining.spectrum_of(bursts).only(places), bursts.labels[places].argmax(axis=1)
    assert np.median(explaining.completeness_gap(network, seen, kinds)) < 0.05


@pytest.mark.parametrize("method", explaining.METHODS)
def test_a_method_points_at_what_the_fault_changes_though_a_foreign_tone_is_louder(taught, method):
    found = explaining.scores(*taught, method)
    assert found["decoy_pointing"] >= 0.75
    assert found["no_model_decoy_pointing"] < found["decoy_pointing"] - 0.2
    assert found["deletion"] >= 0.5 > found["random_deletion"]
    assert explaining.earns_its_place(found)


@pytest.mark.parametrize("method", explaining.METHODS)
def test_of_capacitors_and_phases_a_network_points_where_the_spectrum_alone_does_not(taught, method):
    """Known answer: beside a foreign tone at least 0.75 of both kinds; the largest change has 0.3 at most."""
    network, bursts, places = taught
    both = places[bursts.labels[places][:, :2].any(axis=1)]
    assert len(both) > 30
    pointed = explaining.scores(network, bursts, both, method)
    assert pointed["decoy_pointing"] >= 0.75
    assert pointed["no_model_decoy_pointing"] <= 0.3


def test_random_weights_earn_no_place(taught):
    import torch

    from battery_assets.learning.signals.convolution import Network

    network, bursts, places = taught
    torch.manual_seed(3)
    scrambled = replace(network, network=Network(network.recipe).eval())
    assert not explaining.earns_its_place(explaining.scores(scrambled, bursts, places, "occlusion"))


def test_labels_that_mean_nothing_point_at_nothing(taught):
    """The same network taught with labels shuffled among the bursts: beside a foreign tone it points less."""
    network, bursts, places = taught
    side, rng = sides(bursts, "system", 1), np.random.default_rng(1)
    labels = bursts.labels.copy()
    for one in ("train", "val"):
        mine = np.flatnonzero((side == one) & ~bursts.reference)
        labels[mine] = labels[rng.permutation(mine)]
    shuffled = replace(bursts, labels=labels)
    train, valid = (shuffled.only(np.flatnonzero(side == one)) for one in ("train", "val"))
    taught_nothing = fit(train, valid, replace(network.recipe, epochs=6), lambda _: False)
    found = explaining.scores(taught_nothing, bursts, places, "integrated_gradients")
    right = explaining.scores(network, bursts, places, "integrated_gradients")
    assert found["decoy_pointing"] < right["decoy_pointing"] - 0.2
    assert not explaining.earns_its_place(found)


def test_explanations_are_kept_with_the_scores_of_their_method(place, small):
    hyper = {"epochs": 2, "stages": [{"width": 8, "kernel": 15, "stride": 8}]}
    assert place.run("experiment", "seen", dataset=small, model_type="cnn1d", hyperparameters=hyper).success
    assert place.run("explanation", "seen").success
    own = "(SELECT id FROM experiments.experiment WHERE name = 'seen')"
    found = rows(place, f"SELECT * FROM experiments.explanations WHERE experiment_id = {own}")
    assert {one["method"] for one in found} == set(explaining.METHODS)
    told = found[0]["explanation_data"]
    assert len(told["shares"]) == len(told["hz"]) == 40
    assert {"decoy_pointing", "deletion", "random_weights_pointing", "shown"} <= set(told["scores"])
    for one in kept.shown(place.warehouse, "seen"):
        assert explaining.earns_its_place(one["explanation_data"]["scores"])


def test_what_has_no_network_has_no_explanation(place, small):
    assert place.run("experiment", "unseen", dataset=small, model_type="rule").success
    with pytest.raises(BadInput, match="unseen is rule, completed"):
        kept.explain(place.warehouse, place.tracking, "unseen")
