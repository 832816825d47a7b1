"""Numbers of a network equal those by hand and those of torch; only what can see far finds what lies far."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from battery_assets.errors import BadInput
from battery_assets.learning.search import architectures as a
from battery_assets.learning.signals.bursts import Bursts
from battery_assets.learning.signals.convolution import Network, fit, recipe_of
from battery_assets.learning.signals.scores import auroc
from battery_assets.learning.signals.stored import state_checksum

ONE = {
    "stages": [
        {"width": 8, "kernel": 7, "stride": 4, "separable": False},
        {"width": 16, "kernel": 15, "stride": 2, "separable": True},
    ],
    "pool": "both",
}  # fmt: skip


def test_weights_and_operations_by_hand():
    # 2*8*7 + 16; 8*(15+16) + 32; 32*4 + 4
    assert a.parameters(ONE) == 128 + 280 + 132
    # 656 places of the first stage, 328 of the second.
    assert a.flops(ONE, 2624) == 2 * (2 * 8 * 7 * 656 + 8 * (15 + 16) * 328) + 2 * 32 * 4
    assert a.receptive_field(ONE) == 1 + 6 + 14 * 4


@pytest.mark.parametrize("seed", range(6))
def test_weights_and_operations_are_those_that_torch_counts(seed):
    one = a.next_architecture("random", a.SPACE, [], 1, seed, 2624)
    network = Network(recipe_of(one)).eval()
    assert sum(values.numel() for values in network.parameters()) == a.parameters(one)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 2, 2624))
    assert counter.get_total_flops() == a.flops(one, 2624)


def test_no_network_is_tried_twice_and_none_breaks_the_limits():
    tiny = a.checked({"stages": [2], "width": [8], "kernel": [7, 15], "stride": [4], "separable": [False]})
    seen: list = []
    while one := a.next_architecture("random", tiny, seen, len(seen) + 1, 3, 2624):
        seen.append((one, 0.5))
    assert len(seen) == 2 * 2 * 3
    assert len({a.canonical(one) for one, _ in seen}) == len(seen)
    assert all(a.parameters(one) <= tiny["most_parameters"] for one, _ in seen)


def test_the_order_of_words_makes_no_other_network():
    turned = {"pool": "both", "stages": [dict(reversed(stage.items())) for stage in ONE["stages"]]}
    assert a.canonical(turned) == a.canonical(ONE)


def test_evolution_changes_one_thing_of_a_good_network():
    seen = [(a.next_architecture("random", a.SPACE, [], k, 1, 2624), k / 10) for k in range(1, 7)]
    child = a.next_architecture("evolution", a.SPACE, seen, 7, 1, 2624)
    apart = min(
        abs(len(child["stages"]) - len(one["stages"]))
        + sum(left != right for left, right in zip(child["stages"], one["stages"], strict=False))
        + (child["pool"] != one["pool"])
        for one, _ in seen
    )
    assert apart <= 3


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"width": []}, "width has no choices"),
        ({"kernel": [8]}, "even number"),
        ({"most_parameters": 10}, "smallest"),
    ],
)
def test_a_space_without_a_network_is_refused(space, words):
    with pytest.raises(BadInput, match=words):
        a.checked(space)


def pulses(seed: int, apart: int, count: int = 160, samples: int = 384) -> Bursts:
    """Two equal pulses; of the fault they lie `apart` samples from each other, otherwise half as far again.

    Both distances are multiples of every stride: else the phase of the pulses would tell.
    """
    rng = np.random.default_rng(seed)
    faulty = rng.random(count) < 0.5
    first = rng.integers(samples, size=count)
    waves = 0.05 * rng.standard_normal((count, samples))
    shape = np.hanning(7)
    for row, (place, far) in enumerate(zip(first, np.where(faulty, apart, 3 * apart // 2), strict=True)):
        # Around a ring, so that no place tells anything.
        for begin in (place, place + far):
            waves[row, (begin + np.arange(7)) % samples] += shape
    labels = np.zeros((count, 4), bool)
    labels[:, 0] = faulty
    unknown = np.full(count, np.nan)
    group = np.arange(count)
    return Bursts(waves, waves.copy(), 12_800.0, labels, group, group, np.zeros(count, bool), np.full(count, 6),
                  unknown, unknown)  # fmt: skip


def learned(stages: list[dict], apart: int) -> float:
    recipe = recipe_of({"stages": stages, "pool": "max", "epochs": 40, "patience": 40, "learning_rate": 0.01})
    fitted = fit(pulses(1, apart, 400), pulses(2, apart), recipe, lambda _: False)
    held = pulses(3, apart, 300)
    return auroc(fitted.predict(held)[:, 0], held.labels[:, 0])


def test_only_a_network_that_sees_far_enough_solves_what_lies_far():
    short = [{"width": 8, "kernel": 7, "stride": 2}, {"width": 8, "kernel": 7, "stride": 2}]
    far = [{"width": 8, "kernel": 7, "stride": 4}, {"width": 16, "kernel": 31, "stride": 2}]
    assert a.receptive_field({"stages": short}) < 60 < a.receptive_field({"stages": far})
    assert learned(far, 64) > 0.9
    assert learned(short, 64) < 0.7


def test_a_network_trained_again_from_its_architecture_and_seed_has_the_same_bits():
    data = pulses(1, 20, 64), pulses(2, 20, 32)
    recipe = recipe_of({**ONE, "epochs": 2, "seed": 5})
    states = {state_checksum(fit(*data, recipe, lambda _: False).network) for _ in range(2)}
    other = fit(*data, dataclasses.replace(recipe, seed=6), lambda _: False)
    assert len(states) == 1
    assert state_checksum(other.network) not in states
