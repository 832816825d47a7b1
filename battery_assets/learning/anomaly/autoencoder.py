"""A small autoencoder of jar-days: what it cannot draw again from eight numbers is unlike what it learned.

Kept as safetensors; nothing is unpickled. Its error is in steps of the sensors' own scatter. Large ones count
by their size and not its square, so that a day of one bad sample is not the worst of all.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from battery_assets.learning.anomaly.windows import CHANNELS, HOURS

if TYPE_CHECKING:
    from torch import nn

FARTHEST = 50.0  # steps: beyond, a value is merely far
INPUTS = len(CHANNELS) * HOURS
BATCH = 512


@dataclass(frozen=True)
class Recipe:
    """Every number that decides a training."""

    hidden: int = 32
    code: int = 8
    epochs: int = 15
    learning_rate: float = 2e-3
    seed: int = 7


@dataclass(frozen=True)
class Autoencoder:
    """The network and its recipe."""

    network: "nn.Module"
    recipe: Recipe

    def errors(self, values: np.ndarray) -> np.ndarray:
        """Mean error of each day (N,), in steps."""
        import torch

        parts = []
        with torch.no_grad():
            for first in range(0, len(values), 16 * BATCH):
                batch = _inputs(values[first : first + 16 * BATCH])
                parts.append((self.network(batch) - batch).abs().mean(dim=1).numpy())
        return np.concatenate(parts) if parts else np.zeros(0)


def _inputs(values: np.ndarray) -> Any:
    import torch

    flat = np.clip(values.reshape(len(values), INPUTS), -FARTHEST, FARTHEST)
    return torch.from_numpy(np.ascontiguousarray(flat, dtype=np.float32))


def _network(recipe: Recipe) -> "nn.Module":
    from torch import nn

    return nn.Sequential(
        nn.Linear(INPUTS, recipe.hidden), nn.GELU(), nn.Linear(recipe.hidden, recipe.code),
        nn.GELU(), nn.Linear(recipe.code, recipe.hidden), nn.GELU(), nn.Linear(recipe.hidden, INPUTS),
    )  # fmt: skip


def fit_autoencoder(values: np.ndarray, recipe: Recipe) -> tuple[Autoencoder, list[float]]:
    """Learn to draw days (N, channels, 24) again; the network, and the loss of each epoch."""
    import torch
    from torch.nn.functional import huber_loss

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network, inputs = _network(recipe), _inputs(values)
        optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
        losses = []
        for _ in range(recipe.epochs):
            total = 0.0
            for rows in torch.randperm(len(inputs)).split(BATCH):
                optimizer.zero_grad()
                loss = huber_loss(network(inputs[rows]), inputs[rows])
                loss.backward()
                optimizer.step()
                total += float(loss.detach()) * len(rows)
            losses.append(total / max(len(inputs), 1))
    return Autoencoder(network.eval(), recipe), losses


def save_autoencoder(model: Autoencoder, path: Path) -> str:
    """Write weights and recipe; returns the file's sha256."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: one.contiguous() for name, one in model.network.state_dict().items()}
    save_file(state, path, {"recipe": json.dumps(asdict(model.recipe))})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_autoencoder(path: Path) -> Autoencoder:
    """The network of a file."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        recipe = Recipe(**json.loads(file.metadata()["recipe"]))
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    network = _network(recipe)
    network.load_state_dict(state)
    return Autoencoder(network.eval(), recipe)
