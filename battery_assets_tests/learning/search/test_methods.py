"""Each method of a search does what its name says, and none ignores it."""

import numpy as np
import pytest
from scipy.stats import kstest

from battery_assets.errors import BadInput
from battery_assets.learning.search.methods import METHODS, Seen, is_cut, next_point
from battery_assets.learning.search.space import checked, checksum, grid

BRANIN = {"x": {"low": -5.0, "high": 10.0}, "y": {"low": 0.0, "high": 15.0}}
MIXED = {
    "rate": {"low": 1e-4, "high": 1e-1, "log": True, "steps": 4}, "width": {"choices": [8, 16, 32]},
    "trees": {"low": 10, "high": 20, "type": "int", "steps": 2},
}  # fmt: skip


def branin(x: float, y: float) -> float:
    """Branin's function; three minima of 0.397887 (Dixon and Szego, 1978)."""
    return (
        (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2
        + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x)
        + 10
    )


def best_of(method: str, seed: int, trials: int) -> float:
    seen: list[Seen] = []
    for number in range(1, trials + 1):
        point = next_point(method, BRANIN, seen, number, seed)
        seen.append(Seen(number, point, -branin(**point)))
    return -max(one.value for one in seen)


def test_bayesian_beats_random_on_branin():
    """Median of the best of 30 over 20 seeds; the minimum is 0.398."""
    bayesian, random = (
        np.median([best_of(kind, seed, 30) for seed in range(20)]) for kind in METHODS[2:0:-1]
    )
    assert bayesian < random
    assert bayesian < 1.0


def test_random_points_are_spread_evenly():
    points = [next_point("random_search", MIXED, [], number, 5) for number in range(1, 401)]
    assert kstest([np.log10(one["rate"]) for one in points], "uniform", args=(-4, 3)).pvalue > 0.01
    assert {one["width"] for one in points} == {8, 16, 32}
    assert {one["trees"] for one in points} == set(range(10, 21))


def test_a_grid_has_each_point_once_and_then_no_more():
    points = grid(checked(MIXED))
    assert len(points) == 4 * 3 * 2 == len({checksum(one) for one in points})
    assert [next_point("grid_search", MIXED, [], number + 1, 0) for number in range(24)] == points
    assert next_point("grid_search", MIXED, [], 25, 0) is None


def test_no_method_is_ignored():
    """From one seed and one past, each method goes on in another way."""
    past = [Seen(k, next_point("random_search", MIXED, [], k, 3), float(k % 7)) for k in range(1, 13)]
    following = {method: next_point(method, MIXED, past, 13, 3) for method in METHODS[:3]}
    assert len({checksum(point) for point in following.values()}) == 3
    leading = Seen(13, past[0].point, by_epoch={1: 0.5})
    others = [Seen(k, past[0].point, 0.9, {1: 0.9}) for k in (1, 3, 5)]
    assert [is_cut(method, others, leading, 9) for method in METHODS] == [False, False, False, True]


def test_a_search_goes_on_alike_after_its_worker_was_killed():
    past = [Seen(k, next_point("random_search", MIXED, [], k, 3), float(k)) for k in range(1, 10)]
    assert next_point("bayesian", MIXED, past, 10, 3) == next_point("bayesian", MIXED, past[::-1], 10, 3)


def test_hyperband_cuts_what_falls_behind_and_never_what_leads():
    """Of 18 trials the worst end early, and their epochs are saved."""
    seen, spent = [], 0
    for number in range(1, 19):
        quality = float(np.random.default_rng(number).random())
        trial = Seen(number, {"quality": quality})
        for epoch in range(1, 10):
            trial.by_epoch[epoch] = quality * (1 - 0.5**epoch)
            spent += 1
            if is_cut("hyperband", seen, trial, 9):
                break
        cut = len(trial.by_epoch) < 9
        seen.append(Seen(number, trial.point, max(trial.by_epoch.values()), dict(trial.by_epoch), cut))
    cut = [one.point["quality"] for one in seen if one.pruned]
    kept = [one.point["quality"] for one in seen if not one.pruned]
    assert cut
    assert spent < 18 * 9
    assert np.mean(cut) < np.mean(kept)
    assert max(seen, key=lambda one: one.point["quality"]).pruned is False


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "no point to try"),
        ({"a": {"choices": []}}, "a has no choices"),
        ({"a": {"low": 2, "high": 1}}, "a goes from 2 to 1"),
        ({"a": {"low": 0, "high": 1, "log": True}}, "logarithmic"),
        ({"a": {"low": float("nan"), "high": 1}}, "a goes from nan"),
        ({"a": {"low": 0, "high": 1, "type": "word"}}, "of type 'word'"),
    ],
)
def test_a_space_without_a_point_is_refused(space, words):
    with pytest.raises(BadInput, match=words):
        checked(space)


def test_a_grid_of_a_range_needs_steps():
    with pytest.raises(BadInput, match="x has no steps"):
        grid(BRANIN)
