"""Baseline: a surrogate network of (features, cycle), as plain as the two that have to beat it."""

import numpy as np
import torch
from torch import Tensor, nn

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.losses import Rows, data_losses
from battery_assets.learning.networks.recipe import Recipe


class Surrogate(nn.Module):
    """u(x, t): health and cycles left, both scaled, of inputs x (n, inputs) and scaled cycle t (n, 1)."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for place in range(recipe.layers):
            layers += [
                nn.Linear(inputs + 1 if place == 0 else recipe.width, recipe.width),
                nn.Tanh(),
                nn.Dropout(recipe.dropout),
            ]
        self.body = nn.Sequential(*layers, nn.Linear(recipe.width, 2))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """(n, 2)."""
        said: Tensor = self.body(torch.cat([x, t], dim=1))
        return said


class Network(nn.Module):
    """The surrogate with the spread of its lives."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        super().__init__()
        self.surrogate = Surrogate(inputs, recipe)
        self.log_sigma = nn.Parameter(torch.zeros(()))
        self.target = recipe.target

    def forward(self, rows: Rows) -> Tensor:
        """Health and cycles left, scaled (n, 2)."""
        said: Tensor = self.surrogate(rows.x, rows.t)
        return said

    def losses(self, rows: Rows) -> dict[str, Tensor]:
        """What training makes small: the errors of health and of life."""
        return data_losses(self(rows), self.log_sigma, rows, self.target)

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """Their sum."""
        return torch.stack(list(losses.values())).sum()


def past(cells: Cells, recipe: Recipe) -> np.ndarray | None:
    """No past: a row stands for itself."""
    return None
