"""Networks learn, stop, keep their best weights, and repeat to the bit."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from battery_assets.learning.networks import deephpm
from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.fitting import MODULES, fit
from battery_assets.learning.networks.losses import Rows, data_losses, rows_of
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling
from battery_assets.learning.networks.scores import naive, overall
from battery_assets.learning.networks.stored import load, save
from battery_assets_tests.worlds.lab_files.fading import fading

NAMES = ("feature_1", "feature_2")
SMALL = {"width": 24, "layers": 2, "epochs": 25, "rows_per_epoch": 1024, "batch": 128, "window": 6,
         "window_step": 2, "learning_rate": 5e-3}  # fmt: skip


@pytest.fixture(scope="module")
def sides():
    """Training, validation and test cells; two of the training cells go on."""
    return tuple(
        Cells.of(fading(count, seed, unfinished, first), NAMES)
        for count, seed, unfinished, first in ((12, 1, (3, 5), 0), (4, 2, (), 20), (5, 3, (), 30))
    )


def recipe(algorithm: str, **more) -> Recipe:
    return Recipe.of(algorithm, {**SMALL, **more})


@pytest.mark.parametrize("algorithm", sorted(MODULES))
def test_a_network_beats_the_rules_on_cells_it_never_saw(sides, algorithm):
    train, valid, test = sides
    fitted = fit(train, valid, NAMES, recipe(algorithm), lambda epoch: None)
    scores = overall(test, *fitted.predict(test))
    rules = {name: overall(test, *said) for name, said in naive(train, test).items()}
    assert scores["soh_rmse"] < 0.5 * min(one["soh_rmse"] for one in rules.values())
    assert scores["rul_rmse"] < 0.6 * rules["mean life - cycle"]["rul_rmse"]


@pytest.mark.parametrize("algorithm", sorted(MODULES))
def test_the_same_seed_gives_the_same_bits_and_another_others(sides, algorithm, tmp_path):
    train, valid, test = sides
    short = recipe(algorithm, epochs=2)
    one, again, other = (
        fit(train, valid, NAMES, each, lambda epoch: None) for each in (short, short, replace(short, seed=8))
    )
    first, second, third = (fitted.predict(test)[1] for fitted in (one, again, other))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != third.tobytes()
    save(one, tmp_path / "weights.safetensors")
    assert load(tmp_path / "weights.safetensors").predict(test)[1].tobytes() == first.tobytes()


def test_a_stored_network_predicts_the_same_bits_in_a_fresh_process(sides, tmp_path):
    train, valid, test = sides
    fitted = fit(train, valid, NAMES, recipe("bilstm", epochs=1), lambda epoch: None)
    save(fitted, tmp_path / "w.safetensors")
    code = (
        "import sys, hashlib\nfrom pathlib import Path\n"
        "from battery_assets.learning.networks.stored import load\n"
        "from battery_assets.learning.networks.cells import Cells\n"
        "from battery_assets_tests.worlds.lab_files.fading import fading\n"
        f"cells = Cells.of(fading(5, 3, (), 30), {NAMES!r})\n"
        "found = load(Path(sys.argv[1])).predict(cells)\n"
        "print(hashlib.sha256(found[0].tobytes() + found[1].tobytes()).hexdigest())"
    )
    import hashlib

    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "w.safetensors")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    health, left = fitted.predict(test)
    assert said.stdout.strip() == hashlib.sha256(health.tobytes() + left.tobytes()).hexdigest()


def test_the_best_weights_are_kept_not_the_last(sides):
    train, valid, _ = sides
    wild, heard = recipe("baseline", learning_rate=0.3, clip=1e6, epochs=8, patience=8), []
    fitted = fit(train, valid, NAMES, wild, lambda epoch: heard.append(epoch.valid_loss))
    assert fitted.best_loss == min(heard)
    assert heard[-1] > min(heard), "the last epoch is not the best, or this proves nothing"
    again = fit(train, valid, NAMES, replace(wild, epochs=fitted.best_epoch), lambda epoch: None)
    for name, weight in fitted.network.state_dict().items():
        assert torch.equal(weight, again.network.state_dict()[name])


def test_training_ends_where_the_report_asks_for_it(sides):
    train, valid, _ = sides
    fitted = fit(train, valid, NAMES, recipe("baseline"), lambda epoch: epoch.number == 3)
    assert (fitted.epochs, fitted.stopped) == (3, True)
    patient = fit(train, valid, NAMES, recipe("baseline", patience=1, learning_rate=0.3), lambda epoch: None)
    assert patient.epochs < SMALL["epochs"]
    assert not patient.stopped


def test_weights_of_losses_are_learned_where_they_are_adaptive(sides):
    train, valid, _ = sides
    moved = fit(train, valid, NAMES, recipe("deephpm", epochs=2), lambda epoch: None).network
    still = fit(train, valid, NAMES, recipe("deephpm", epochs=2, weighting="sum"), lambda epoch: None).network
    assert (moved.uncertainty.abs() > 0).all()
    assert (still.uncertainty == 0).all()


def test_the_residual_is_the_derivative_by_cycle_less_the_law(sides):
    train, _, _ = sides
    asked = recipe("deephpm", dynamics="verhulst")
    scaling = Scaling.of(train, asked)
    rows = rows_of(train, scaling, asked, "cpu", None).only(torch.arange(16))
    torch.manual_seed(0)
    network = deephpm.Network(rows.x.shape[1], asked).double()
    rows = Rows(*(getattr(rows, name).double() for name in rows.__dataclass_fields__))
    step, u = 1e-5, lambda t: -network.surrogate(rows.x, t)[:, :1]
    slope = (u(rows.t + step) - u(rows.t - step)) / (2 * step)
    law = network.law(rows.x, rows.t, u(rows.t), torch.zeros(()))
    assert torch.allclose(network.residual(rows), slope - law, atol=1e-6)
    floor = network.law.floor.item()
    height = torch.nn.functional.softplus(network.law.height).item()
    ends = torch.tensor([[floor], [floor + height]])
    assert torch.allclose(
        network.law(rows.x, rows.t, ends.double(), None), torch.zeros(2, 1).double(), atol=1e-6
    )


def test_a_life_that_goes_on_only_pulls_upwards():
    left, ended = torch.tensor([1.0, 1.0]), torch.tensor([0.0, 1.0])
    rows = Rows(torch.zeros(2, 1), torch.zeros(2, 1), torch.zeros(2), left, ended, torch.ones(2))

    def pull(said: float) -> list[float]:
        life = torch.full((2,), said, requires_grad=True)
        data_losses(torch.stack([torch.zeros(2), life], dim=1), torch.zeros(()), rows, "rul")[
            "life"
        ].backward()
        return life.grad.tolist()

    assert pull(0.0)[0] < 0
    assert pull(0.0)[1] < 0
    assert pull(6.0)[0] == pytest.approx(0.0, abs=1e-5)
    assert pull(6.0)[1] > 1


def test_censored_cells_lengthen_what_is_said_of_long_lives():
    """Long lives were seen to their middle only: left out, a model learns from the short-lived alone."""
    rows = fading(30, seed=5).with_columns(life=pl.col("cycle_num").max().over("cell_id"))
    seen = rows.filter((pl.col("life") < 130) | (pl.col("cycle_num") <= pl.col("life") * 0.6)).with_columns(
        rul=pl.when(pl.col("life") < 130).then("rul")
    )
    short = seen.filter(pl.col("rul").is_not_null())
    test = Cells.of(fading(8, seed=6, first=50).with_columns(feature_1=pl.lit(0.55)), NAMES)
    valid = Cells.of(fading(4, seed=7, first=80), NAMES)
    terms = recipe("baseline", epochs=12, target="rul", use_cycle=False)
    with_them, without = (
        np.mean(fit(Cells.of(one, NAMES), valid, NAMES, terms, lambda epoch: None).predict(test)[1])
        for one in (seen, short)
    )
    assert with_them > without + 2
