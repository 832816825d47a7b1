"""python -m benchmarks.cells.speed: cycles that trees predict in a second of CPU, one thread.

Cells fade by a known law; the recipes are those of the tables in docs/lab.md. What is timed begins with the
cycles of cells, computes their inputs, and ends with cycles left or health.
"""

import time

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.fitting import fit
from battery_assets.learning.networks.recipe import Recipe
from battery_assets_tests.worlds.lab_files.fading import fading
from benchmarks.cells.recipes import HEALTH_TREES, LIFE_TREES

FEATURES, REPEATS = ("feature_1", "feature_2"), 7


def main() -> None:
    """Print a line for each model."""
    train, valid, asked = (
        Cells.of(fading(count, seed, (), first), FEATURES)
        for count, seed, first in ((30, 1, 0), (8, 2, 200), (600, 3, 1000))
    )
    for name, terms in (("life", LIFE_TREES), ("health", HEALTH_TREES)):
        recipe = Recipe.of("baseline", {**terms, "refit": False})
        fitted = fit(train, valid, FEATURES, recipe, lambda _: None)
        fitted.predict(valid)
        seconds = []
        for _ in range(REPEATS):
            begun = time.process_time()
            fitted.predict(asked)
            seconds.append(time.process_time() - begun)
        print(f"{name} trees: {len(asked.cell) / min(seconds):,.0f} cycles a second of CPU", flush=True)


if __name__ == "__main__":
    main()
