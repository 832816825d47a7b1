"""A small one-dimensional convolutional network on waveforms, trained flat from top to bottom.

Validation is by the split's own side, and decides when to stop and which weights are kept.
"""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from battery_assets.errors import BadInput
from battery_assets.learning.signals.bursts import CLASSES, Bursts
from battery_assets.learning.signals.channels_last import features_of, keep_heap, laid_out

CHUNK = 64


@dataclass(frozen=True)
class Stage:
    """One stage: `width` channels, `kernel` samples, every `stride`-th kept, `separable` by channel first."""

    width: int
    kernel: int
    stride: int
    separable: bool = False


@dataclass(frozen=True)
class Recipe:
    """Every number that decides a training. pool: mean, max or both, over time.

    centred: waveforms lose their means, as ripple does; of a curve the level is what says most.
    """

    stages: tuple[Stage, ...] = (Stage(16, 31, 4), Stage(32, 15, 4), Stage(32, 7, 2))
    pool: str = "both"
    epochs: int = 30
    patience: int = 6
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    seed: int = 1
    threads: int = 1
    centred: bool = True

    def __post_init__(self) -> None:
        if self.epochs < 1 or not self.stages:
            raise BadInput(f"{self.epochs} epochs of {len(self.stages)} stages; next step: one at least")
        if self.pool not in ("mean", "max", "both"):
            raise BadInput(f"{self.pool!r} is no pool: mean, max, both")


def recipe_of(numbers: dict[str, Any]) -> Recipe:
    """The recipe that plain numbers describe, as JSON holds them. Raises BadInput for what cannot be."""
    settings = dict(numbers)
    try:
        if "stages" in settings:
            settings["stages"] = tuple(
                one if isinstance(one, Stage) else Stage(**one) for one in settings["stages"]
            )
        return Recipe(**settings)
    except TypeError as error:
        raise BadInput(f"{error}; next step: name terms of the recipe") from error


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to."""

    number: int
    of: int
    train_loss: float
    val_loss: float
    train_accuracy: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    best: bool


Report = Callable[[Epoch], bool | None]


class Network(nn.Module):
    """Waveforms (K, 2, n) to logits (K, classes)."""

    def __init__(self, recipe: Recipe, channels: int = 2, classes: int = len(CLASSES)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for stage in recipe.stages:
            layers += [*_convolution(channels, stage), nn.BatchNorm1d(stage.width), nn.ReLU()]
            channels = stage.width
        self.stages, self.pool = nn.Sequential(*layers), recipe.pool
        self.head = nn.Linear(channels * (2 if recipe.pool == "both" else 1), classes)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        """Logits of waveforms."""
        return self.spoken(self.stages(waves))

    def logits(self, laid: torch.Tensor) -> torch.Tensor:
        """The same of waveforms as `laid_out` gives them, in another order of sums, and sooner."""
        return self.spoken(features_of(self.stages, laid))

    def spoken(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of what the last stage computed (K, width, places)."""
        parts = []
        if self.pool in ("mean", "both"):
            parts.append(features.mean(dim=-1))
        if self.pool in ("max", "both"):
            parts.append(features.amax(dim=-1))
        said: torch.Tensor = self.head(torch.cat(parts, dim=1))
        return said


def _convolution(channels: int, stage: Stage) -> list[nn.Module]:
    terms: dict[str, Any] = {"stride": stage.stride, "padding": stage.kernel // 2, "bias": False}
    if not stage.separable:
        return [nn.Conv1d(channels, stage.width, stage.kernel, **terms)]
    by_channel = nn.Conv1d(channels, channels, stage.kernel, groups=channels, **terms)
    return [by_channel, nn.Conv1d(channels, stage.width, 1, bias=False)]


@dataclass(frozen=True)
class Fitted:
    """A network with the scales of its two channels, and how training went."""

    recipe: Recipe
    scale: tuple[float, float]
    network: Network
    epochs: int
    best_epoch: int
    best_loss: float
    stopped: bool
    state: dict[str, torch.Tensor] = field(repr=False, default_factory=dict)
    classes: tuple[str, ...] = CLASSES

    def predict(self, bursts: Bursts) -> np.ndarray:
        """Probability of each fault, (N, classes)."""
        with one_way(self.recipe):
            return _said(self.network, _laid(bursts, self.scale, self.recipe))


def fit(train: Bursts, valid: Bursts, recipe: Recipe, report: Report) -> Fitted:
    """Train on bursts, keep the weights of the least validation loss.

    `report` hears of each epoch and may end the training with it. Raises BadInput for empty sides.
    """
    if not len(train) or not len(valid):
        raise BadInput("training and validation need bursts; next step: more systems")
    keep_heap()
    with one_way(recipe):
        torch.manual_seed(recipe.seed)
        shuffle = np.random.default_rng(recipe.seed)
        scale = (_spread(train.volts, recipe.centred), _spread(train.amps, recipe.centred))
        (shown, true), (held, held_true) = (
            (_laid(one, scale, recipe), torch.as_tensor(one.labels, dtype=torch.float32))
            for one in (train, valid)
        )
        network = Network(recipe, classes=len(train.classes))
        loss_of = nn.BCEWithLogitsLoss()
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        steps = recipe.epochs * -(-len(train) // recipe.batch)
        pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
        best, best_epoch, stopped = float("inf"), 0, False
        kept = copy.deepcopy(network.state_dict())
        for number in range(1, recipe.epochs + 1):
            network.train()
            begun = time.monotonic()
            total, right, rate = 0.0, 0.0, float(optimiser.param_groups[0]["lr"])
            for rows in torch.as_tensor(shuffle.permutation(len(train))).split(recipe.batch):
                said = network.logits(shown[rows])
                loss = loss_of(said, true[rows])
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                pace.step()
                total += float(loss.detach()) * len(rows)
                right += float(((said.detach() > 0) == (true[rows] > 0.5)).all(dim=1).sum())
            valid_loss, valid_right = _valid(network, held, held_true)
            if better := valid_loss < best:
                best, best_epoch, kept = valid_loss, number, copy.deepcopy(network.state_dict())
            count = len(train)
            asked = report(Epoch(number, recipe.epochs, total / count, valid_loss, right / count, valid_right,
                                 rate, time.monotonic() - begun, better))  # fmt: skip
            if asked or not np.isfinite(valid_loss) or number - best_epoch >= recipe.patience:
                stopped = bool(asked)
                break
        network.load_state_dict(kept)
        return Fitted(recipe, scale, network.eval(), number, best_epoch, best, stopped, kept, train.classes)


@contextmanager
def one_way(recipe: Recipe) -> Iterator[None]:
    """So many threads as the recipe says, those of before after it: more than one give other bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(recipe.threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _spread(waves: np.ndarray, centred: bool) -> float:
    spread = (waves - waves.mean(axis=1, keepdims=True)).std() if centred else np.sqrt((waves**2).mean())
    return max(float(spread), 1e-6)


def _laid(bursts: Bursts, scale: tuple[float, float], recipe: Recipe) -> torch.Tensor:
    first = recipe.stages[0]
    channels = (bursts.volts, bursts.amps)
    return laid_out(channels, scale, first.kernel, first.stride, centred=recipe.centred)


def _waves(bursts: Bursts, scale: tuple[float, float], centred: bool) -> torch.Tensor:
    """Waveforms (N, 2, n) without their means, in units of the training's spread, large ones tamed."""
    parts = [
        np.arcsinh((waves - waves.mean(axis=1, keepdims=True) if centred else waves) / spread * 3)
        for waves, spread in zip((bursts.volts, bursts.amps), scale, strict=True)
    ]
    return torch.as_tensor(np.stack(parts, axis=1), dtype=torch.float32)


def curves_of(fitted: Fitted, curves: Bursts) -> torch.Tensor:
    """Curves, as `Bursts.for_networks` gives them, as a network's input (N, 2, n)."""
    return _waves(curves, fitted.scale, fitted.recipe.centred)


def _said(network: Network, laid: torch.Tensor) -> np.ndarray:
    network.eval()
    with torch.no_grad():
        said = [torch.sigmoid(network.logits(part)) for part in laid.split(CHUNK)]
    shares: np.ndarray = torch.cat(said).numpy()
    return shares


def _valid(network: Network, laid: torch.Tensor, true: torch.Tensor) -> tuple[float, float]:
    """Loss, and share of bursts of which every label is right."""
    network.eval()
    with torch.no_grad():
        said = torch.cat([network.logits(part) for part in laid.split(CHUNK)])
    loss = float(nn.functional.binary_cross_entropy_with_logits(said, true))
    return loss, float(((said > 0) == (true > 0.5)).all(dim=1).float().mean())
