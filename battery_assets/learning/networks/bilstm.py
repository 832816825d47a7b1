"""BiLSTM: a sequence model over the past cycles of a cell; what comes later is in no window.

Both directions run over cycles that are past, so that the later of them may explain the earlier ones.
"""

import numpy as np
import torch
from torch import Tensor, nn

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.losses import Rows, data_losses
from battery_assets.learning.networks.recipe import Recipe


class Network(nn.Module):
    """Two directions of an LSTM over the window, read at the present cycle, then health and cycles left."""

    def __init__(self, inputs: int, recipe: Recipe) -> None:
        super().__init__()
        half = max(recipe.width // 2, 1)
        self.lstm = nn.LSTM(inputs + 1, half, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(
            nn.Linear(2 * half + inputs + 1, recipe.width), nn.Tanh(), nn.Dropout(recipe.dropout),
            nn.Linear(recipe.width, 2),
        )  # fmt: skip
        self.log_sigma = nn.Parameter(torch.zeros(()))
        self.target = recipe.target

    def forward(self, rows: Rows) -> Tensor:
        """Health and cycles left, scaled (n, 2), of windows x (n, window, inputs + 1), oldest first."""
        _, (last, _) = self.lstm(rows.x)
        read = torch.cat([last[0], last[1], rows.x[:, -1]], dim=1)
        said: Tensor = self.head(read)
        return said

    def losses(self, rows: Rows) -> dict[str, Tensor]:
        """What training makes small: the errors of health and of life."""
        return data_losses(self(rows), self.log_sigma, rows, self.target)

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """Their sum."""
        return torch.stack(list(losses.values())).sum()


def past(cells: Cells, recipe: Recipe) -> np.ndarray | None:
    """The rows of each row's window (n, window)."""
    return cells.past(recipe.window, recipe.window_step)
