"""Trees as the surrogate of (features, cycle): boosted ones and randomised ones, averaged.

Boosted trees (Prokhorenkova et al., NeurIPS 2018) correct each other; randomised ones (Geurts et al., Machine
Learning 63 (2006) 3) stand for themselves and err otherwise. An epoch is ten boosted trees. Everything is
kept as arrays: CatBoost's own bytes, and the nodes of the others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numba import njit
from scipy.stats import norm
from torch import Tensor, nn

from battery_assets.learning.networks.losses import Rows
from battery_assets.learning.networks.recipe import Recipe

TREES_AN_EPOCH, RANDOMISED_TREES = 10, 60
# A randomised tree looks at half of the inputs for each split, at six where there are so many.
FEWEST_TRIED = 6
# Rows that go down a tree side by side.
ABREAST = 32
NAMES, NODES = ("health", "life"), ("roots", "feature", "split", "next", "value")


class Network(nn.Module):
    """u(x, t) as trees: health and cycles left, both scaled, of inputs x (n, inputs) and cycle t (n, 1)."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.share = recipe.randomised
        self.log_sigma: Tensor
        self.register_buffer("log_sigma", torch.zeros(()))

    def forward(self, rows: Rows) -> Tensor:
        """(n, 2); 0 for a target that was not learned."""
        inputs = inputs_of(rows)
        return torch.as_tensor(
            np.column_stack([self._of_target(name, inputs) for name in NAMES]).astype(np.float32)
        )

    def _of_target(self, name: str, inputs: np.ndarray) -> np.ndarray:
        arrays = dict(self.named_buffers())
        if f"{name}_middle" not in arrays:
            return np.zeros(len(inputs))
        said = np.full(len(inputs), float(arrays[f"{name}_middle"]))
        if self.share < 1:
            said += (1 - self.share) * np.asarray(self._boosted(name).predict(inputs, thread_count=1))
        if self.share > 0:
            nodes = (arrays[f"{name}_{one}"].numpy() for one in NODES)
            said += self.share * _mean_of_trees(inputs, *nodes)
        return said

    def _boosted(self, name: str) -> Any:
        """CatBoost's model of a target; it is read from its bytes once."""
        from catboost import CatBoostRegressor

        read: dict[str, Any] = self.__dict__.setdefault("_read", {})
        if name not in read:
            kept = dict(self.named_buffers())[f"{name}_boosted"]
            read[name] = CatBoostRegressor().load_model(blob=kept.numpy().tobytes())
        return read[name]

    def keep(self, arrays: Mapping[str, Any]) -> None:
        """Keep arrays, those of the same names before them forgotten."""
        for name, one in arrays.items():
            self.register_buffer(name, torch.as_tensor(one).clone())
        self.__dict__["_read"] = {}

    def load_state_dict(self, state_dict: Mapping[str, Any], *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Take the arrays of another network, whatever their length."""
        self.keep(state_dict)


def inputs_of(rows: Rows) -> np.ndarray:
    """Inputs and cycle together (n, inputs + 1)."""
    return np.ascontiguousarray(torch.cat([rows.x, rows.t], dim=1).cpu().numpy(), np.float32)


def grown(rows: Rows, recipe: Recipe, epochs: int) -> Iterator[tuple[int, Network, dict[str, float]]]:
    """Ten more boosted trees an epoch, randomised ones from the first on: number, network, mean losses."""
    network, inputs = Network(recipe), inputs_of(rows)
    weight = rows.weight.cpu().numpy().astype(np.float64)
    targets = _targets(rows, recipe, inputs, weight)
    boosted: dict[str, Any] = dict.fromkeys(targets)
    for number in range(1, epochs + 1):
        losses: dict[str, float] = {}
        arrays: dict[str, Any] = {}
        for name, (usable, middle, truth) in targets.items():
            if number == 1:
                arrays[f"{name}_middle"] = np.float32(middle)
                if recipe.randomised > 0:
                    arrays |= _randomised(name, inputs[usable], truth, weight[usable], recipe)
            if recipe.randomised < 1:
                learned = (inputs[usable], truth, weight[usable])
                boosted[name] = _boosted_on(boosted[name], learned, recipe, number)
                arrays[f"{name}_boosted"] = np.frombuffer(boosted[name]._serialize_model(), np.uint8).copy()
        network.keep(arrays)
        for name, (usable, middle, truth) in targets.items():
            off = network._of_target(name, inputs[usable]) - middle - truth
            losses[name] = float(np.average(off**2, weights=weight[usable]))
        yield number, network, {**losses, "total": float(sum(losses.values()))}


def _targets(
    rows: Rows, recipe: Recipe, inputs: np.ndarray, weight: np.ndarray
) -> dict[str, tuple[np.ndarray, float, np.ndarray]]:
    """The rows that teach each target, its mean, and how far each row is from that.

    A life that goes on teaches what it may be expected to have left, given that it outlasts what was seen: a
    step of expectation under a normal law (Tobin, Econometrica 26 (1958) 24), from trees of ended lives.
    """
    taught = {}
    health, left, ended = (
        one.cpu().numpy().astype(np.float64) for one in (rows.health, rows.left, rows.ended)
    )
    if recipe.target != "rul":
        usable = np.isfinite(health)
        middle = float(np.average(health[usable], weights=weight[usable]))
        taught["health"] = (usable, middle, health[usable] - middle)
    if recipe.target != "soh":
        over = ended > 0
        middle = float(np.average(left[over], weights=weight[over]))
        if not over.all():
            left = _outlasting(inputs, left - middle, over, weight, recipe) + middle
        taught["life"] = (np.ones(len(left), bool), middle, left - middle)
    return taught


def _outlasting(
    inputs: np.ndarray, left: np.ndarray, over: np.ndarray, weight: np.ndarray, recipe: Recipe
) -> np.ndarray:
    """left (n,) with lives that go on as long as may be expected of them."""
    nodes = _randomised("life", inputs[over], left[over], weight[over], recipe)
    said = _mean_of_trees(inputs, *nodes.values())
    sigma = max(float(np.sqrt(np.average((said - left)[over] ** 2, weights=weight[over]))), 1e-6)
    beyond = np.clip((left - said) / sigma, -8.0, 8.0)
    expected = said + sigma * np.exp(norm.logpdf(beyond) - norm.logsf(beyond))
    return np.where(over, left, np.maximum(expected, left))


def _boosted_on(before: Any, rows: tuple[np.ndarray, ...], recipe: Recipe, number: int) -> Any:
    """Ten trees on top of those before."""
    from catboost import CatBoostRegressor

    inputs, truth, weight = rows
    model = CatBoostRegressor(
        iterations=TREES_AN_EPOCH, depth=recipe.depth, learning_rate=recipe.shrinkage, verbose=False,
        random_seed=recipe.seed * 1000 + number, thread_count=recipe.threads, allow_writing_files=False,
        boost_from_average=False,
    )  # fmt: skip
    return model.fit(inputs, truth, sample_weight=weight, init_model=before)


def _randomised(
    name: str, inputs: np.ndarray, truth: np.ndarray, weight: np.ndarray, recipe: Recipe
) -> dict[str, np.ndarray]:
    """Nodes of all trees one after the other: roots, feature (-1 a leaf), split, next pair, value."""
    from sklearn.ensemble import ExtraTreesRegressor

    tried = max(-(-inputs.shape[1] // 2), min(inputs.shape[1], FEWEST_TRIED))
    forest = ExtraTreesRegressor(
        RANDOMISED_TREES, min_samples_leaf=recipe.leaf, max_features=tried, random_state=recipe.seed,
        n_jobs=recipe.threads,
    ).fit(inputs, truth, weight)  # fmt: skip
    trees = [one.tree_ for one in forest.estimators_]
    roots = np.cumsum([0, *(one.node_count for one in trees)])[:-1]
    below = [
        np.column_stack([one.children_left, one.children_right]) + root
        for one, root in zip(trees, roots, strict=True)
    ]
    return {
        f"{name}_roots": roots.astype(np.int32),
        f"{name}_feature": np.concatenate(
            [np.where(one.children_left < 0, -1, one.feature) for one in trees]
        ).astype(np.int32),
        f"{name}_split": np.concatenate([one.threshold for one in trees]),
        f"{name}_next": np.concatenate(below).astype(np.int32),
        f"{name}_value": np.concatenate([one.value[:, 0, 0] for one in trees]),
    }


@njit(cache=True)
def _mean_of_trees(
    inputs: np.ndarray, roots: np.ndarray, feature: np.ndarray, split: np.ndarray, below: np.ndarray,
    value: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Mean over the trees of the leaf that each row of inputs (n, f) falls into (n,)."""
    said, at = np.zeros(len(inputs)), np.empty(ABREAST, np.int64)
    # Tree by tree: the nodes of one stay in the processor's cache.
    for root in roots:
        for start in range(0, len(inputs), ABREAST):
            rows = min(ABREAST, len(inputs) - start)
            at[:] = root
            inner = rows
            # A level at a time for some rows: the next row's node is fetched while the last one's is awaited.
            while inner > 0:
                inner = 0
                for k in range(rows):
                    node = at[k]
                    if feature[node] >= 0:
                        higher = not (inputs[start + k, feature[node]] <= split[node])
                        at[k] = below[node, np.int64(higher)]
                        inner += 1
            for k in range(rows):
                said[start + k] += value[at[k]]
    return said / len(roots)
