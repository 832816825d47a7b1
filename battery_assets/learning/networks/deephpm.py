"""DeepHPM: a surrogate of health and a law of its fade, learned together.

Surrogate u(x, t): loss of capacity from features x and cycle t. Its fade follows du/dt = G, where G is a
network of (x, t, u, du/dx), or the law of Verhulst with learned rate, floor and ceiling:
G = r (u - C) (1 - (u - C) / (K - C)). The residual du/dt - G comes by automatic differentiation.
Source: Wen, Ye, Gao, IEEE Trans. Intell. Veh. 2023 (PINN-Battery-Prognostics); Raissi, JMLR 19 (2018) 25.
Losses are summed, or weighted by learned uncertainties: sum of exp(-s) L + s
(Kendall, Gal, Cipolla, CVPR 2018); the s are parameters of the network, so that the optimiser has them.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from battery_assets.learning.networks.baseline import Surrogate
from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.losses import Rows, data_losses
from battery_assets.learning.networks.recipe import Recipe


class Verhulst(nn.Module):
    """Logistic fade between a floor C and a ceiling K above it, at a rate r above 0."""

    def __init__(self) -> None:
        super().__init__()
        self.rate, self.height = nn.Parameter(torch.zeros(())), nn.Parameter(torch.tensor(2.0))
        self.floor = nn.Parameter(torch.tensor(-1.0))

    def forward(self, x: Tensor, t: Tensor, u: Tensor, u_x: Tensor) -> Tensor:
        """du/dt (n, 1)."""
        above = u - self.floor
        return functional.softplus(self.rate) * above * (1.0 - above / functional.softplus(self.height))


class Hidden(nn.Module):
    """An unknown law of fade: a network of features, cycle, loss, and its slope along the features."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(2 * inputs + 2, recipe.width), nn.Tanh(), nn.Linear(recipe.width, 1)
        )

    def forward(self, x: Tensor, t: Tensor, u: Tensor, u_x: Tensor) -> Tensor:
        """du/dt (n, 1)."""
        law: Tensor = self.body(torch.cat([x, t, u, u_x], dim=1))
        return law


class Network(nn.Module):
    """Surrogate, law of fade and weights of the losses."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        super().__init__()
        self.surrogate = Surrogate(inputs, recipe)
        self.law: nn.Module = Verhulst() if recipe.dynamics == "verhulst" else Hidden(inputs, recipe)
        self.log_sigma = nn.Parameter(torch.zeros(()))
        names = [
            *(["health"] if recipe.target != "rul" else []),
            *(["life"] if recipe.target != "soh" else []),
        ]
        self.names = [*names, "physics"]
        adaptive = recipe.weighting == "adaptive"
        self.uncertainty = nn.Parameter(torch.zeros(len(self.names)), requires_grad=adaptive)
        self.recipe = recipe

    def forward(self, rows: Rows) -> Tensor:
        """Health and cycles left, scaled (n, 2)."""
        said: Tensor = self.surrogate(rows.x, rows.t)
        return said

    def residual(self, rows: Rows) -> Tensor:
        """du/dt - G of the rows (n, 1); u is the loss of capacity, scaled, which is minus scaled health."""
        with torch.enable_grad():
            x, t = (one.detach().requires_grad_(True) for one in (rows.x, rows.t))
            u = -self.surrogate(x, t)[:, :1]
            u_x, u_t = torch.autograd.grad(u.sum(), (x, t), create_graph=True)
            if self.recipe.dynamics == "scrambled":
                # A control: the law of another row, which is true of none.
                u_t = u_t[torch.arange(len(u_t) - 1, -1, -1)]
            left_over: Tensor = u_t - self.law(x, t, u, u_x)
            return left_over

    def losses(self, rows: Rows) -> dict[str, Tensor]:
        """What training makes small: the errors of health and of life, and the residual of the law."""
        terms = data_losses(self(rows), self.log_sigma, rows, self.recipe.target)
        terms["physics"] = (rows.weight[:, None] * self.residual(rows) ** 2).mean()
        return terms

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """The losses together, by the recipe's weighting."""
        each = torch.stack([losses[name] for name in self.names])
        if self.recipe.weighting == "sum":
            fixed = [self.recipe.physics_weight if name == "physics" else 1.0 for name in self.names]
            return (each * each.new_tensor(fixed)).sum()
        return (torch.exp(-self.uncertainty) * each + self.uncertainty).sum()


def past(cells: Cells, recipe: Recipe) -> np.ndarray | None:
    """No past: a row stands for itself."""
    return None
