"""State of charge of a point from the minutes before it: a BiLSTM over a window, carried on by counting.

    x (n, window, inputs): voltage, rate, capacity last measured, charge since then; temperature where known
    a = head(BiLSTM(x))                                       what the window alone says
    s_t = sum over past k of w^(t-k) (a_k + counted charge from k to t) / sum of w^(t-k)

Both directions run over the past alone. The last line averages what earlier windows of the same record said,
carried to now by the charge that moved. `memory` = 1 / (1 - w) steps; validation cells choose it.
"""

import copy
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from battery_assets.learning.charge.series import Series, joined
from battery_assets.learning.networks.cells import BadCells
from battery_assets.learning.networks.fitting import CHUNK, Epoch, Report, device_of, one_way, spread_places

MEMORIES = (1, 5, 20, 60, 200)
FEWEST_ROWS = 100


@dataclass(frozen=True)
class Recipe:
    """What a run tries. A window has so many steps of `step_s`; `refit` learns validation cells too, then."""

    algorithm: str = "bilstm"
    target: str = "soc"
    step_s: float = 60.0
    window: int = 20
    width: int = 48
    dropout: float = 0.0
    epochs: int = 40
    patience: int = 10
    rows_per_epoch: int = 8192
    rows_of_validation: int = 8192
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    clip: float = 1.0
    refit: bool = False
    seed: int = 7
    threads: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, allowed in (("algorithm", ("bilstm",)), ("target", ("soc",)),
                              ("device", ("auto", "cpu", "cuda"))):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {', '.join(allowed)}")
        for name in ("window", "width", "epochs", "patience", "rows_per_epoch", "rows_of_validation", "batch",
                     "threads"):  # fmt: skip
            if type(getattr(self, name)) is not int or getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)!r}; at least 1 is needed")
        for name in ("learning_rate", "clip", "step_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: {getattr(self, name)!r} has to be above 0")

    @classmethod
    def of(cls, algorithm: str, stated: dict[str, Any]) -> "Recipe":
        """A recipe with what is given changed. Raises ValueError that names a term that is none."""
        strange = sorted(set(stated) - ({one.name for one in fields(cls)} - {"algorithm"}))
        if strange:
            raise ValueError(f"{strange[0]!r} is no term of a recipe of charge")
        return replace(cls(algorithm), **stated)


@dataclass(frozen=True)
class Scaling:
    """Middle and spread of each input over the training rows; `warm`: whether temperature is one."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    warm: bool

    @classmethod
    def of(cls, train: Series) -> "Scaling":
        """The scales of training cells. Temperature is left out where a row lacks it."""
        warm = bool(np.isfinite(train.temperature_c).all())
        values = _columns(train, warm)
        spread = values.std(axis=0)
        return cls(
            tuple(values.mean(axis=0).tolist()), tuple(np.where(spread > 1e-9, spread, 1.0).tolist()), warm
        )

    def inputs(self, series: Series) -> np.ndarray:
        """Standardised inputs (n, f), held within ten spreads."""
        scaled = (_columns(series, self.warm) - np.array(self.mean)) / np.array(self.spread)
        return np.clip(scaled, -10.0, 10.0).astype(np.float32)


def _columns(series: Series, warm: bool) -> np.ndarray:
    columns = [series.voltage_v, series.rate, series.capacity]
    if warm:
        if not np.isfinite(series.temperature_c).all():
            raise BadCells("temperature_c is not known of every row; next step: leave those tests out")
        columns.append(series.temperature_c)
    return np.column_stack(columns)


class Network(nn.Module):
    """Two directions of an LSTM over the window, read at the present step, then the charge."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        super().__init__()
        half = max(recipe.width // 2, 1)
        self.lstm = nn.LSTM(inputs + 1, half, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(
            nn.Linear(2 * half + inputs + 1, recipe.width), nn.Tanh(), nn.Dropout(recipe.dropout),
            nn.Linear(recipe.width, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Charge as a share (n,) of windows x (n, window, inputs + 1), oldest first."""
        _, (last, _) = self.lstm(x)
        said: Tensor = self.head(torch.cat([last[0], last[1], x[:, -1]], dim=1))
        return said[:, 0]


@dataclass(frozen=True)
class Rows:
    """Tensors of rows: inputs (n, f), counted charge (n,), the rows of each window (n, window), targets."""

    inputs: Tensor
    counted: Tensor
    past: Tensor
    soc: Tensor
    weight: Tensor

    @classmethod
    def of(cls, series: Series, scaling: Scaling, recipe: Recipe, device: str) -> "Rows":
        """The series as tensors."""
        arrays = (scaling.inputs(series), counted_of(series), series.past(recipe.window), series.soc,
                  series.shares)  # fmt: skip
        kinds = (np.float32, np.float32, np.int64, np.float32, np.float32)
        return cls(*(torch.as_tensor(one.astype(kind), device=device)
                     for one, kind in zip(arrays, kinds, strict=True)))  # fmt: skip

    def windows(self, places: Tensor) -> Tensor:
        """x (b, window, inputs + 1) of these rows; the last input is the charge that moved since."""
        rows = self.past[places]
        since = self.counted[places][:, None] - self.counted[rows]
        return torch.cat([self.inputs[rows], since[:, :, None] * 10.0], dim=2)


def counted_of(series: Series) -> np.ndarray:
    """Charge counted from the first row of each piece, as a share of what the cell holds (n,)."""
    whole = np.cumsum(np.where(series.first, 0.0, series.moved / series.capacity))
    return whole - whole[series.starts]


@dataclass(frozen=True)
class Fitted:
    """A network with its scales, and how training went."""

    recipe: Recipe
    scaling: Scaling
    network: nn.Module
    epochs: int
    best_epoch: int
    best_loss: float
    memory: int
    stopped: bool

    def windowed(self, series: Series) -> np.ndarray:
        """What each window alone says (n,)."""
        with one_way(self.recipe):
            self.network.to("cpu").eval()
            return _said(self.network, Rows.of(series, self.scaling, self.recipe, "cpu"))

    def predict(self, series: Series) -> np.ndarray:
        """Charge as a share (n,), 0 to 1."""
        return carried(self.windowed(series), series, self.memory)


def carried(said: np.ndarray, series: Series, memory: int) -> np.ndarray:
    """What windows said, averaged over the last `memory` steps of their piece, each counted on to now."""
    from scipy.signal import lfilter

    keep, counted, shares = 1.0 - 1.0 / memory, counted_of(series), np.empty(len(said))
    begins = np.append(np.flatnonzero(series.first), len(said))
    for begin, end in pairwise(begins):
        own = slice(begin, end)
        sums = lfilter([1.0], [1.0, -keep], said[own] - counted[own])
        shares[own] = sums / lfilter([1.0], [1.0, -keep], np.ones(end - begin)) + counted[own]
    return np.clip(shares, 0.0, 1.0)


def fit(train: Series, valid: Series, recipe: Recipe, report: Report) -> Fitted:
    """Train on cells, keep the weights of the least validation loss, then choose how long to carry on.

    `report` hears of each epoch and may end the training with it. Raises BadCells for what cannot be learned.
    """
    _refuse_unfit(train, valid, recipe)
    device = device_of(recipe.device)
    with one_way(recipe):
        scaling = Scaling.of(train)
        held = Rows.of(valid, scaling, recipe, device)
        places = np.flatnonzero(np.isfinite(valid.soc))
        judged = torch.as_tensor(places, device=device)[
            spread_places(len(places), recipe.rows_of_validation, device)
        ]
        best, best_epoch, stopped, kept = float("inf"), 0, False, dict[str, Any]()
        for number, network, loss in _epochs(train, scaling, recipe, device, recipe.epochs):
            off = float(_loss(network, held, judged).detach())
            if off < best or not kept:
                best, best_epoch, kept = off, number, copy.deepcopy(network.state_dict())
            asked = report(Epoch(number, recipe.epochs, loss, off, best, {"charge": loss}))
            if asked or not np.isfinite(off) or number - best_epoch >= recipe.patience:
                stopped = bool(asked)
                break
        network.load_state_dict(kept)
    first = Fitted(recipe, scaling, network.eval(), number, best_epoch, best, 1, stopped)
    first = replace(first, memory=_memory(first, valid))
    if not recipe.refit or stopped:
        return first
    together = joined(train, valid)
    scaling = Scaling.of(together)
    with one_way(recipe):
        *_, (_, network, _) = _epochs(together, scaling, recipe, device, best_epoch)
    return replace(first, scaling=scaling, network=network.eval())


def _epochs(train: Series, scaling: Scaling, recipe: Recipe, device: str, epochs: int):  # type: ignore[no-untyped-def]
    """Train a network of the recipe's seed. Yields, after each epoch, its number, network and mean loss."""
    torch.manual_seed(recipe.seed)
    shuffle = np.random.default_rng(recipe.seed)
    rows = Rows.of(train, scaling, recipe, device)
    with_charge = np.flatnonzero(np.isfinite(train.soc))
    network = Network(rows.inputs.shape[1], recipe).to(device)
    optimiser = torch.optim.Adam(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    for number in range(1, epochs + 1):
        network.train()
        places = shuffle.permutation(with_charge)[: recipe.rows_per_epoch]
        total = 0.0
        for start in range(0, len(places), recipe.batch):
            batch = torch.as_tensor(places[start : start + recipe.batch], device=device)
            loss = _loss(network, rows, batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            optimiser.step()
            total += float(loss.detach()) * len(batch) / len(places)
        network.eval()
        yield number, network, total


def _loss(network: nn.Module, rows: Rows, places: Tensor) -> Tensor:
    """Squared error of the charge, every cell weighing the same."""
    with torch.set_grad_enabled(network.training):
        off = network(rows.windows(places)) - rows.soc[places]
        return (rows.weight[places] * off**2).mean()


@torch.no_grad()
def _said(network: nn.Module, rows: Rows) -> np.ndarray:
    """What the network says of all rows, piece by piece (n,)."""
    count = len(rows.soc)
    pieces = [
        network(rows.windows(torch.arange(start, min(start + CHUNK, count)))).numpy()
        for start in range(0, count, CHUNK)
    ]
    return np.concatenate(pieces).astype(np.float64)


def _memory(fitted: Fitted, valid: Series) -> int:
    """How many steps to carry on, by the validation cells."""
    said, finite = fitted.windowed(valid), np.isfinite(valid.soc)
    errors = [
        np.average((carried(said, valid, one) - valid.soc)[finite] ** 2, weights=valid.shares[finite])
        for one in MEMORIES
    ]
    return MEMORIES[int(np.argmin(errors))]


def _refuse_unfit(train: Series, valid: Series, recipe: Recipe) -> None:
    """Raises BadCells for what cannot be learned from, or judged on."""
    both = sorted(set(train.names) & set(valid.names))
    if both:
        raise BadCells(f"cell {both[0]} is in the training and in the validation cells; next step: part them")
    if len(train.names) + (len(valid.names) if recipe.refit else 0) < 2:
        raise BadCells(f"{len(train.names)} training cell: at least 2 are needed; next step: bring in more")
    for side, series in (("training", train), ("validation", valid)):
        count = int(np.isfinite(series.soc).sum())
        if count < FEWEST_ROWS:
            raise BadCells(
                f"{count} {side} rows of known charge: at least {FEWEST_ROWS} are needed; next step: tests "
                "whose cycles are recorded whole, or a smaller step_s"
            )
