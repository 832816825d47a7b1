"""What a network is judged by: squared error of health, likelihood of a life that may not have ended."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling


@dataclass(frozen=True)
class Rows:
    """Tensors of rows: x (n, inputs) or (n, window, inputs), t (n, 1) scaled cycle, and their targets.

    health and left are scaled; `ended` says that left is an end; weight makes cells weigh alike.
    """

    x: Tensor
    t: Tensor
    health: Tensor
    left: Tensor
    ended: Tensor
    weight: Tensor

    def only(self, places: Tensor) -> "Rows":
        """The rows at these places."""
        return Rows(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


def rows_of(cells: Cells, scaling: Scaling, recipe: Recipe, device: str, past: np.ndarray | None) -> Rows:
    """The cells as tensors; `past` (n, window) gives the rows that each row's window consists of."""
    inputs = scaling.inputs(cells, recipe)
    t = (cells.cycle / scaling.cycle).astype(np.float32)[:, None] * (1.0 if recipe.use_cycle else 0.0)
    x = inputs if past is None else np.concatenate([inputs, t], axis=1)[past]
    health = (cells.health - scaling.health_mean) / scaling.health_spread
    arrays = (x, t, health, scaling.of_life(cells.left, cells.cycle), cells.ended, cells.shares)
    return Rows(*(torch.as_tensor(np.asarray(one, dtype=np.float32), device=device) for one in arrays))


def data_losses(said: Tensor, log_sigma: Tensor, rows: Rows, target: str) -> dict[str, Tensor]:
    """said (n, 2): health and cycles left, scaled. Each loss is a mean over rows, weighted by cell.

    An ended life counts by its normal likelihood, one that goes on by the probability of lasting longer
    (Tobin, Econometrica 26 (1958) 24); log_sigma is learned with the network.
    """
    losses: dict[str, Tensor] = {}
    if target != "rul":
        finite = torch.isfinite(rows.health)
        error = torch.where(finite, said[:, 0] - torch.nan_to_num(rows.health), 0.0)
        losses["health"] = (rows.weight * error**2).mean()
    if target != "soh":
        sigma = log_sigma.clamp(-4.0, 2.0)
        beyond = (said[:, 1] - rows.left) * torch.exp(-sigma)
        ended = 0.5 * beyond**2 + sigma
        going_on = -torch.special.log_ndtr(beyond)
        losses["life"] = (rows.weight * torch.where(rows.ended > 0, ended, going_on)).mean()
    return losses
