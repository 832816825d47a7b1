"""From cells to what a network takes: inputs and targets on scales that the training cells alone decide."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.recipe import Recipe


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of each input over the training rows, and those of health, life and cycle."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    health_mean: float
    health_spread: float
    life: float
    cycle: float

    @classmethod
    def of(cls, train: Cells, recipe: Recipe) -> "Scaling":
        """The scales of training cells."""
        inputs = raw_inputs(train, recipe)
        spread = inputs.std(axis=0)
        health = train.health[np.isfinite(train.health)]
        return cls(
            mean=tuple(inputs.mean(axis=0).tolist()),
            spread=tuple(np.where(spread > 1e-12, spread, 1.0).tolist()),
            health_mean=float(health.mean()) if health.size else 1.0,
            health_spread=max(float(health.std()), 1e-6) if health.size else 1.0,
            life=max(float(train.left.mean()), 1.0),
            cycle=max(float(train.cycle.max()), 1.0),
        )

    def inputs(self, cells: Cells, recipe: Recipe) -> np.ndarray:
        """Standardised inputs (n, inputs), held within ten spreads of what training saw."""
        scaled = (raw_inputs(cells, recipe) - np.array(self.mean)) / np.array(self.spread)
        return np.clip(scaled, -10.0, 10.0).astype(np.float32)

    def document(self) -> dict[str, Any]:
        """The scales as JSON."""
        return asdict(self)


def raw_inputs(cells: Cells, recipe: Recipe) -> np.ndarray:
    """Features, and what they are beyond their cell's first ones; none looks at a later cycle (n, 2 f)."""
    return np.hstack([cells.features, cells.features - cells.own_start(recipe.own_start)])
