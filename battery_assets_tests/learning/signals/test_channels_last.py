"""A network computed with its channels last says what its layers say, and teaches its weights the same."""

import numpy as np
import pytest
import torch

from battery_assets.learning.search import architectures
from battery_assets.learning.signals.channels_last import laid_out
from battery_assets.learning.signals.convolution import Network, Recipe, recipe_of

SAMPLES = 656
OWN = [
    {},
    {"stages": [{"width": 8, "kernel": 7, "stride": 2, "separable": True}], "pool": "max"},
    # A kernel shorter than its stride, and one without a middle.
    {"stages": [{"width": 8, "kernel": 3, "stride": 4}, {"width": 8, "kernel": 4, "stride": 1}]},
]
DRAWN = [
    architectures.next_architecture("random", architectures.SPACE, [], 1, seed, SAMPLES) for seed in range(6)
]


def waves(count: int = 70, samples: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return 324 + rng.standard_normal((count, samples)), rng.standard_normal((count, samples))


def laid_as(recipe: Recipe, burst: tuple[np.ndarray, np.ndarray]) -> torch.Tensor:
    first = recipe.stages[0]
    return laid_out(burst, (0.5, 2.0), first.kernel, first.stride, centred=recipe.centred)


def prepared(volts: np.ndarray, amps: np.ndarray, recipe: Recipe) -> torch.Tensor:
    """The same numbers as `laid_out`, channel by channel, (N, 2, n)."""
    centred = (one - one.mean(axis=1, keepdims=True) if recipe.centred else one for one in (volts, amps))
    scaled = np.stack([
        one / spread * 3 for one, spread in zip(centred, (0.5, 2.0), strict=True)
    ], axis=1)  # fmt: skip
    return torch.as_tensor(np.arcsinh(scaled), dtype=torch.float32)


@pytest.mark.parametrize("samples", [SAMPLES, SAMPLES + 1, SAMPLES + 2, SAMPLES + 3])
@pytest.mark.parametrize("one", [*OWN, *DRAWN])
def test_it_says_what_its_layers_say(one, samples):
    recipe, burst = recipe_of(one), waves(samples=samples)
    torch.manual_seed(1)
    network = Network(recipe)
    laid = laid_as(recipe, burst)
    # Training first: it moves the batch norms' means, which the second look stands on.
    for training in (True, False):
        network.train(training)
        by_layer = network(prepared(*burst, recipe))
        torch.testing.assert_close(network.logits(laid), by_layer, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("one", [*OWN, *DRAWN])
def test_its_weights_learn_what_those_of_its_layers_do(one):
    recipe, burst = recipe_of({**one, "centred": False}), waves()
    torch.manual_seed(1)
    network, other = Network(recipe).double(), Network(recipe).double()
    other.load_state_dict(network.state_dict())
    truth = (torch.rand(len(burst[0]), 4) > 0.5).double()
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    laid = laid_as(recipe, burst)
    loss(network.logits(laid.double()), truth).backward()
    loss(other(prepared(*burst, recipe).double()), truth).backward()
    for mine, usual in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, usual.grad, rtol=1e-4, atol=1e-6)
    for mine, usual in zip(network.buffers(), other.buffers(), strict=True):
        if mine.is_floating_point():
            torch.testing.assert_close(mine, usual, rtol=1e-5, atol=1e-6)


def test_bursts_are_prepared_alike_whatever_stands_beside_them():
    recipe, (volts, amps) = Recipe(), waves()
    whole = laid_as(recipe, (volts, amps))
    alone = laid_as(recipe, (volts[69:], amps[69:]))
    assert torch.equal(whole[69:], alone)
