"""Training of a network on cells, flat, from top to bottom.

Validation is by cell, and decides when to stop and which weights are kept; it never moves a weight.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import torch

from battery_assets.learning.networks import baseline, bilstm, deephpm, trees
from battery_assets.learning.networks.cells import Cells, joined, refuse_unfit
from battery_assets.learning.networks.conformal import FEWEST_CELLS, Margins, calibrated
from battery_assets.learning.networks.losses import Rows, data_losses, rows_of
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling

MODULES: dict[str, ModuleType] = {"baseline": baseline, "bilstm": bilstm, "deephpm": deephpm}
# Rows that are computed together where nothing is learned.
CHUNK = 4096


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to; `losses` are means of training, by name, `best` the least validation so far."""

    number: int
    of: int
    train_loss: float
    valid_loss: float
    best: float
    losses: dict[str, float]


# A report returns True where training is to end after this epoch.
Report = Callable[[Epoch], bool | None]


@dataclass(frozen=True)
class Fitted:
    """A network with its scales, and how training went."""

    recipe: Recipe
    features: tuple[str, ...]
    scaling: Scaling
    network: torch.nn.Module
    epochs: int
    best_epoch: int
    best_loss: float
    stopped: bool
    margins: Margins | None = None

    def predict(self, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
        """Health, a share (n,), and cycles left, none below 0 (n,); NaN for what was not learned."""
        with one_way(self.recipe):
            self.network.eval()
            module = MODULES[self.recipe.algorithm]
            rows = rows_of(cells, self.scaling, self.recipe, "cpu", module.past(cells, self.recipe))
            said = _said(self.network.to("cpu"), rows)
        scales, unknown = self.scaling, np.full(len(said), np.nan)
        health = said[:, 0] * scales.health_spread + scales.health_mean
        left = scales.to_life(said[:, 1].astype(np.float64), cells.cycle)
        target = self.recipe.target
        return (unknown if target == "rul" else health), (unknown if target == "soh" else left)


def fit(train: Cells, valid: Cells, features: tuple[str, ...], recipe: Recipe, report: Report) -> Fitted:
    """Train on cells, keep the weights of the least validation loss.

    `report` hears of each epoch and may end the training with it. With `refit` a network of the same seed
    then learns from training and validation cells for as many epochs as were best; its margins stay those of
    the network that had not seen the validation cells. Raises BadCells for what cannot be learned.
    """
    refuse_unfit(train, valid, recipe.target, recipe.refit)
    module, device = MODULES[recipe.algorithm], device_of(recipe.device)
    with one_way(recipe):
        scaling = Scaling.of(train, recipe)
        held = rows_of(valid, scaling, recipe, device, module.past(valid, recipe))
        judged = held.only(spread_places(len(held.t), recipe.rows_of_validation, device))
        best, best_epoch, stopped, kept = float("inf"), 0, False, dict[str, Any]()
        for number, network, parts in _epochs(train, scaling, recipe, device, recipe.epochs):
            loss = _valid_loss(network, judged, recipe)
            if loss < best or not kept:
                best, best_epoch, kept = loss, number, copy.deepcopy(network.state_dict())
            asked = report(Epoch(number, recipe.epochs, parts.pop("total"), loss, best, parts))
            if asked or not np.isfinite(loss) or number - best_epoch >= recipe.patience:
                stopped = bool(asked)
                break
        network.load_state_dict(kept)
        first = Fitted(recipe, features, scaling, network.eval(), number, best_epoch, best, stopped)
    first = replace(first, margins=_margins(first, valid, scaling.life))
    return _refitted(first, joined(train, valid), device) if recipe.refit and not stopped else first


def _refitted(first: Fitted, cells: Cells, device: str) -> Fitted:
    """The network of as many epochs as were best, trained on all of the cells."""
    scaling = Scaling.of(cells, first.recipe)
    with one_way(first.recipe):
        *_, (_, network, _) = _epochs(cells, scaling, first.recipe, device, first.best_epoch)
    return replace(first, scaling=scaling, network=network.eval())


def _epochs(
    train: Cells, scaling: Scaling, recipe: Recipe, device: str, epochs: int
) -> Iterator[tuple[int, torch.nn.Module, dict[str, float]]]:
    """Train a network of the recipe's seed. Yields, after each epoch, its number, network and mean losses."""
    torch.manual_seed(recipe.seed)
    shuffle, module = np.random.default_rng(recipe.seed), MODULES[recipe.algorithm]
    learned = rows_of(train, scaling, recipe, device, module.past(train, recipe))
    if recipe.surrogate == "trees":
        yield from trees.grown(
            learned.only(spread_places(len(learned.t), recipe.rows_per_epoch, device)), recipe, epochs
        )
        return
    network: Any = empty_network(learned.x.shape[-1] - (learned.x.dim() - 2), recipe).to(device)
    moved = [one for one in network.parameters() if one.requires_grad]
    optimiser = torch.optim.Adam(moved, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    for number in range(1, epochs + 1):
        network.train()
        places = shuffle.permutation(len(learned.t))[: recipe.rows_per_epoch]
        sums: dict[str, float] = {}
        for start in range(0, len(places), recipe.batch):
            batch = learned.only(torch.as_tensor(places[start : start + recipe.batch], device=device))
            losses = network.losses(batch)
            total = network.total(losses)
            optimiser.zero_grad()
            total.backward()
            torch.nn.utils.clip_grad_norm_(moved, recipe.clip)
            optimiser.step()
            for name, loss in {**losses, "total": total}.items():
                sums[name] = sums.get(name, 0.0) + float(loss.detach()) * len(batch.t) / len(places)
        network.eval()
        yield number, network, sums


def empty_network(inputs: int, recipe: Recipe) -> torch.nn.Module:
    """The recipe's network before it has learned; it takes the weights of one that has."""
    if recipe.surrogate == "trees":
        return trees.Network(recipe)
    made: torch.nn.Module = MODULES[recipe.algorithm].Network(inputs, recipe)
    return made


def _margins(fitted: Fitted, valid: Cells, life: float) -> Margins | None:
    """What the validation cells say of how far a prediction may be off; None where they are too few."""
    if len(valid.names) < FEWEST_CELLS:
        return None
    return calibrated(valid, *fitted.predict(valid), life=life)


class OneWay(Protocol):
    """What a recipe says of how it is computed."""

    @property
    def threads(self) -> int: ...

    @property
    def device(self) -> str: ...


@contextmanager
def one_way(recipe: OneWay) -> Iterator[None]:
    """So many threads as the recipe says, those of before after it; nothing that differs between runs."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(recipe.device == "cpu")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def device_of(asked: str) -> str:
    """Torch's word for the device that a recipe asks for. Raises ValueError where there is none."""
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: cuda is asked for, and there is none; next step: device cpu or auto")
    return asked


def spread_places(rows: int, most: int, device: str) -> torch.Tensor:
    """Places of at most so many rows, evenly over all."""
    places = np.unique(np.linspace(0, rows - 1, min(rows, most)).round().astype(np.int64))
    return torch.as_tensor(places, device=device)


@torch.no_grad()
def _valid_loss(network: torch.nn.Module, rows: Rows, recipe: Recipe) -> float:
    """The losses of health and life of cells that training does not see, every cell weighing the same."""
    said = torch.as_tensor(_said(network, rows), device=rows.t.device)
    losses = data_losses(said, network.log_sigma, rows, recipe.target)  # type: ignore[arg-type]
    return float(sum(float(loss) for loss in losses.values()))


@torch.no_grad()
def _said(network: torch.nn.Module, rows: Rows) -> np.ndarray:
    """What the network says of the rows, piece by piece (n, 2)."""
    device = rows.t.device
    pieces = [
        network(rows.only(torch.arange(start, min(start + CHUNK, len(rows.t)), device=device)))
        for start in range(0, len(rows.t), CHUNK)
    ]
    return torch.cat(pieces).cpu().numpy()
