"""Probes of leaks: what would be wrong with a model however well it scores."""

from dataclasses import replace

import numpy as np

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.fitting import Fitted


def moved_by_the_future(fitted: Fitted, cells: Cells, share: float = 0.5) -> float:
    """Largest change of a prediction of the first `share` of each life when all later rows are twisted.

    0 where nothing of a later cycle is used; of health in shares and of life in cycles, whichever is larger.
    """
    count = np.bincount(cells.cell)[cells.cell]
    early = np.arange(len(cells.cell)) - cells.starts < share * count
    twisted = np.where(early[:, None], cells.features, -3.0 * cells.features + 1.0)
    moved = [
        np.abs(after - before)[early]
        for before, after in zip(
            fitted.predict(cells), fitted.predict(replace(cells, features=twisted)), strict=True
        )
    ]
    return float(max(np.nan_to_num(one).max(initial=0.0) for one in moved))
