"""From cells to what a network takes: inputs and targets on scales that the training cells alone decide."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.wear import Course

# Health at which a life usually ends, and the cycles over which its fall is read where no trend is asked for.
END_SHARE, FADE_OVER = 0.80, 50


@dataclass(frozen=True)
class Scaling:
    """Middle and spread of each input over the training rows, and those of health, life and cycle.

    Cycles left are learned as themselves over `life`, or as log((left + 5) / (cycle + 20)): on that scale
    lives of other lengths are alike.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    health_mean: float
    health_spread: float
    life: float
    cycle: float
    life_scale: str = "cycles"
    course: Course | None = None

    @classmethod
    def of(cls, train: Cells, recipe: Recipe) -> "Scaling":
        """The scales of training cells."""
        course = Course.of(train, _values(train, recipe)) if recipe.wear else None
        inputs = raw_inputs(train, recipe, course)
        # Quartiles, as single cycles may show a thousandfold.
        low, middle, high = np.quantile(inputs, (0.25, 0.5, 0.75), axis=0)
        spread = np.where(high > low, (high - low) / 1.349, inputs.std(axis=0))
        health = train.health[np.isfinite(train.health)]
        return cls(
            mean=tuple(middle.tolist()),
            spread=tuple(np.where(spread > 1e-12, spread, 1.0).tolist()),
            health_mean=float(health.mean()) if health.size else 1.0,
            health_spread=max(float(health.std()), 1e-6) if health.size else 1.0,
            life=max(float(train.left.mean()), 1.0),
            cycle=max(float(train.cycle.max()), 1.0),
            life_scale=recipe.life_scale,
            course=course,
        )

    def inputs(self, cells: Cells, recipe: Recipe) -> np.ndarray:
        """Standardised inputs (n, inputs), held within ten spreads of the middle."""
        scaled = (raw_inputs(cells, recipe, self.course) - np.array(self.mean)) / np.array(self.spread)
        return np.clip(scaled, -10.0, 10.0).astype(np.float32)

    def of_life(self, left: np.ndarray, cycle: np.ndarray) -> np.ndarray:
        """Cycles left as the network learns them (n,)."""
        if self.life_scale == "cycles":
            return left / self.life
        return np.log((left + 5.0) / (cycle + 20.0))

    def to_life(self, said: np.ndarray, cycle: np.ndarray) -> np.ndarray:
        """Cycles left of what the network says, none below 0 and none beyond twenty usual lives (n,)."""
        if self.life_scale == "cycles":
            left = said * self.life
        else:
            left = np.exp(np.clip(said, -10.0, 10.0)) * (cycle + 20.0) - 5.0
        return np.clip(left, 0.0, 20.0 * self.life)

    def document(self) -> dict[str, Any]:
        """The scales as JSON."""
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Scaling":
        """The scales of a document."""
        course = document.get("course")
        worn = {name: tuple(one) for name, one in course.items()} if course else None
        return cls(**{**document, "course": Course(**worn) if worn else None})


def raw_inputs(cells: Cells, recipe: Recipe, course: Course | None = None) -> np.ndarray:
    """Features, what they are beyond their cell's first ones, their change; none looks at a later cycle.

    With a course there are the logarithms of wear too.
    """
    values = _values(cells, recipe)
    now = cells.smoothed(values, recipe.smooth)
    started = cells.own_start(values, recipe.own_start) if recipe.own_start else now
    parts = [now, now - started] if recipe.own_start else [now]
    if recipe.trend:
        parts.append(cells.change(now, recipe.trend))
    if course is not None:
        parts.append(course.logs(cells, now, started))
    elif recipe.see_health:
        parts.append(_fade(cells, now[:, -1:], recipe))
    return np.hstack(parts)


def _values(cells: Cells, recipe: Recipe) -> np.ndarray:
    """What a row shows: its features, and the health measured so far where the recipe may see it (n, v)."""
    return np.column_stack([cells.features, cells.health_so_far]) if recipe.see_health else cells.features


def _fade(cells: Cells, health: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Logarithms of loss so far, its rate, what is left to the end, and the straight line to it (n, 5).

    Each is bounded by what a cycle's capacity can show.
    """
    started = cells.own_start(health, recipe.own_start or 1)
    lost, to_go = np.maximum(started - health, 1e-3), np.maximum(health - END_SHARE, 5e-3)
    rate = np.maximum(-cells.change(health, recipe.trend or FADE_OVER), 2e-6)
    had = cells.cycle[:, None] + 20.0
    logs = (lost, rate, to_go, to_go / rate / had, lost / rate / had)
    return np.log(np.hstack(logs))
