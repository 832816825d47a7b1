"""Gradient boosting on the same cells: what a row of the table is held against."""

import numpy as np
import polars as pl

from battery_assets.learning.networks.cells import Cells, joined
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import raw_inputs
from battery_assets.learning.networks.scores import by_cell


def boosted(train: Cells, valid: Cells, test: Cells, small: bool) -> pl.DataFrame:
    """Errors by cell of CatBoost with cycle: on the features as they are, and on the inputs of our networks.

    It learns from training and validation cells. Columns as `errors_by_cell` of lab/training/table.py.
    """
    known = joined(train, valid)
    unknown = np.full(len(test.cell), np.nan)
    frames = []
    for seed in (1,) if small else (1, 2, 3):
        for name, target, recipe in _variants():
            inputs = [
                np.column_stack(
                    [cells.features if recipe is None else raw_inputs(cells, recipe), cells.cycle]
                )
                for cells in (known, test)
            ]
            truth = known.left if target == "rul" else known.health
            usable = known.ended if target == "rul" else np.isfinite(known.health)
            said = _fitted(inputs[0][usable], truth[usable], inputs[1], seed, small)
            pair = (unknown, np.maximum(said, 0)) if target == "rul" else (said, unknown)
            frames.append(by_cell(test, *pair).with_columns(model=pl.lit(name), seed=pl.lit(seed, pl.Int64)))
    return pl.concat(frames)


def _variants() -> list[tuple[str, str, Recipe | None]]:
    from benchmarks.cells.recipes import HEALTH, LIFE

    return [
        ("life CatBoost, features and cycle", "rul", None),
        ("life CatBoost, our inputs", "rul", Recipe.of("baseline", LIFE)),
        ("health CatBoost, features and cycle", "soh", None),
        ("health CatBoost, our inputs", "soh", Recipe.of("baseline", HEALTH)),
    ]


def _fitted(known: np.ndarray, truth: np.ndarray, asked: np.ndarray, seed: int, small: bool) -> np.ndarray:
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        iterations=10 if small else 500, depth=6, learning_rate=0.05, random_seed=seed, thread_count=1,
        verbose=False, allow_writing_files=False,
    )  # fmt: skip
    return np.asarray(model.fit(known, truth).predict(asked))
