"""Life from the first hundred cycles: published figures as known answers, and ours beside them."""

import numpy as np
import pytest

from battery_assets.learning.cycles import early_life as early

NOMINAL_AH = 1.1


@pytest.fixture(scope="module")
def severson(shared_data):
    held = np.load(shared_data / "severson_early_life" / "qv_train_and_primary.npz")
    return {side: (held[f"{side}_Q"].astype(float), held[f"{side}_life"]) for side in ("train", "primary")}


def scores(line, make, sides):
    return [early.errors(line(make(curves, NOMINAL_AH)), life) for curves, life in sides.values()]


def test_the_variance_model_gives_the_published_figures(severson):
    curves, life = severson["train"]
    line = early.least_squares(early.variance(curves, NOMINAL_AH), life)
    (train, train_pct), (primary, primary_pct) = scores(line, early.variance, severson)
    assert (train, primary) == pytest.approx((103.6, 137.9), abs=0.2)
    assert (train_pct, primary_pct) == pytest.approx((14.1, 14.7), abs=0.2)


def test_the_discharge_model_is_near_the_published_one(severson):
    """Published 76 and 91 cycles, with features that are told in words only."""
    curves, life = severson["train"]
    line = early.elastic_net(early.discharge(curves, NOMINAL_AH), life)
    (train, _), (primary, _) = scores(line, early.discharge, severson)
    assert train < 85
    assert primary < 108


def test_ours_is_better_than_the_variance_model_and_chosen_on_training_cells_alone(severson):
    curves, life = severson["train"]
    ours = early.fit_ours(curves, life, NOMINAL_AH)
    rmse, pct = early.errors(ours.predict(severson["primary"][0]), severson["primary"][1])
    assert (rmse, pct) == pytest.approx((109.2, 10.9), abs=0.2)
    assert early.fit_ours(curves, life, NOMINAL_AH).penalties == ours.penalties


def test_impossible_curves_move_no_feature():
    rng = np.random.default_rng(0)
    volts = np.linspace(0, 1, 200)[None, :, None]
    fade = np.arange(99)[None, None, :] * rng.uniform(1e-5, 1e-4, (5, 1, 1))
    sound = volts * (1.05 - fade * volts) + rng.normal(0, 1e-5, (5, 200, 99))
    spoiled = sound.copy()
    spoiled[0, 50, 92], spoiled[1, 10, 7], spoiled[2, 150, 30] = 48.8, -9.7, 31.0
    for make in early.OURS:
        assert make(spoiled, NOMINAL_AH) == pytest.approx(make(sound, NOMINAL_AH), rel=0.1, abs=1e-2)
    moved = np.abs(early.variance(spoiled, NOMINAL_AH) - early.variance(sound, NOMINAL_AH))
    assert moved.max() == 0, "cycles 10 and 100 are sound here: only the medians' cycles were spoiled"


def test_each_cell_is_held_out_once_in_a_round():
    asked = []
    found = early.cross_validated(
        lambda train, held: asked.append((train, held)) or held, 11, seed=1, times=2
    )
    assert (found == np.arange(11)).all()
    assert all(not set(train) & set(held) for train, held in asked)
