"""Intervals of predictions, calibrated on cells that no weight has seen.

Split conformal with every cell weighing the same (Lee, Barber, Willett, JRSS-B 2024, hierarchical conformal
prediction, without its point at infinity, which few cells would make an interval of no use). Rows of a cell
err together, so that cells count and not rows: fewer than eight say too little of another one.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from battery_assets.learning.networks.cells import Cells

FEWEST_CELLS = 8
LEVEL = 0.90


class TooFewToCalibrate(ValueError):
    """There are fewer cells than an interval needs."""


@dataclass(frozen=True)
class Margins:
    """Half widths: of health a share, of life a part of what is said plus a tenth of `life`.

    None for what was not learned, or is not known of the cells that calibrate.
    """

    health: float | None
    left: float | None
    life: float
    cells: int
    level: float = LEVEL

    def around(self, health: np.ndarray, left: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Low and high of soh and rul (n,); life has none below 0."""
        bounds = {}
        if self.health is not None:
            bounds["soh"] = (health - self.health, health + self.health)
        if self.left is not None:
            width = self.left * (left + self.life / 10)
            bounds["rul"] = (np.maximum(left - width, 0.0), left + width)
        return bounds

    def document(self) -> dict[str, Any]:
        """The margins as JSON."""
        return asdict(self)


def calibrated(cells: Cells, health: np.ndarray, left: np.ndarray, life: float) -> Margins:
    """Margins from what is said of cells that the model did not learn from; `life` is a usual life.

    Raises TooFewToCalibrate for fewer than eight cells.
    """
    if len(cells.names) < FEWEST_CELLS:
        raise TooFewToCalibrate(
            f"{len(cells.names)} cells calibrate, {FEWEST_CELLS} are needed: predictions have no interval; "
            "next step: give validation more cells"
        )
    off = np.abs(left - cells.left) / (left + life / 10)
    return Margins(
        health=_quantile(cells, np.abs(health - cells.health)),
        left=_quantile(cells, np.where(cells.ended, off, np.nan)),
        life=life,
        cells=len(cells.names),
    )


def coverage(cells: Cells, margins: Margins, health: np.ndarray, left: np.ndarray) -> dict[str, float]:
    """Share of rows that lie within, every cell weighing the same: soh_covered, rul_covered."""
    truth = {"soh": cells.health, "rul": np.where(cells.ended, cells.left, np.nan)}
    shares = {}
    for name, (low, high) in margins.around(health, left).items():
        finite = np.isfinite(truth[name])
        if finite.any():
            inside = (truth[name] >= low) & (truth[name] <= high)
            shares[f"{name}_covered"] = float(
                np.average(inside[finite], weights=_weights(cells, finite)[finite])
            )
    return shares


def _quantile(cells: Cells, scores: np.ndarray) -> float | None:
    finite = np.isfinite(scores)
    if len(np.unique(cells.cell[finite])) < FEWEST_CELLS:
        return None
    order = np.argsort(scores[finite])
    weights = np.cumsum(_weights(cells, finite)[finite][order])
    place = int(np.searchsorted(weights, LEVEL * weights[-1]))
    return float(scores[finite][order][min(place, len(order) - 1)])


def _weights(cells: Cells, finite: np.ndarray) -> np.ndarray:
    """Of each row, so that cells weigh alike by their known rows (n,)."""
    counts = np.bincount(cells.cell[finite], minlength=len(cells.names))
    return 1.0 / np.maximum(counts, 1)[cells.cell]
