"""Ridge regression on the bench's training table: the line that any later model has to beat.

Health is estimated from what a cycle shows besides its capacity (temperature, resistance, charge time, shape
of dQ/dV); remaining life from all eight features. Cells are never split: the penalty is chosen by leaving
out one training cell at a time, and the scores are of cells that neither fit nor choice has seen.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import polars as pl

FEATURES = tuple(f"feature_{k}" for k in range(1, 9))
LEAST_TRAIN_CELLS = 3
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run: the task, its inputs and target, the penalties that were tried."""

    task: str
    features: tuple[str, ...]
    target: str
    penalties: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


RECIPES = (
    Recipe("soh", FEATURES[2:], "soh_pct"),
    Recipe("rul", (*FEATURES, "soh_pct"), "rul"),
)


@dataclass(frozen=True)
class Ridge:
    """A fitted line: standardisation and coefficients of each feature, and the penalty that was chosen."""

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float
    penalty: float

    def predict(self, rows: pl.DataFrame) -> np.ndarray:
        """One value a row (n,); NaN where a feature is NULL."""
        values = rows.select(pl.col(*self.features).cast(pl.Float64).fill_null(np.nan)).to_numpy()
        return (values - np.array(self.mean)) / np.array(self.scale) @ np.array(
            self.coefficients
        ) + self.intercept


class TooFewCells(ValueError):
    """There are not enough cells to learn from and to be judged on."""


def fit(rows: pl.DataFrame, recipe: Recipe) -> tuple[Ridge, dict[str, float]]:
    """Model and scores. rows: cycle_data with soh_pct, cell_id and group_tag (train, val, test).

    Scores: rmse and mae on val and test cells, and rmse_constant of the mean of the training target on the
    same cells. Raises TooFewCells without three training cells and one that is held out.
    """
    usable_rows = usable(rows, recipe)
    train = usable_rows.filter(pl.col("group_tag") == "train")
    if train["cell_id"].n_unique() < LEAST_TRAIN_CELLS or train.height < FEWEST_ROWS:
        raise TooFewCells(
            f"{recipe.task}: {train['cell_id'].n_unique()} training cells with known {recipe.target}, "
            f"{LEAST_TRAIN_CELLS} are needed; next step: run more months, or wait for "
            "cells to reach their end"
        )
    held_out = usable_rows.filter(pl.col("group_tag") != "train")
    if held_out.is_empty():
        raise TooFewCells(
            f"{recipe.task}: no cell with known {recipe.target} is held out, so nothing can judge the model; "
            "next step: bring in more cells (two in five are held out), or wait for those to reach their end"
        )
    model = _fitted(train, recipe, _penalty(train, recipe))
    scores: dict[str, float] = {}
    mean = cast(float | None, train[recipe.target].mean()) or 0.0
    for side in ("val", "test"):
        cells = held_out.filter(pl.col("group_tag") == side)
        if cells.height:
            scores |= _scores(model, cells, recipe, mean, side)
    return model, scores


def measured(rows: pl.DataFrame, recipe: Recipe) -> Recipe:
    """The recipe without the features that most training rows of known target lack: no sensor, no step.

    A lab that logs no temperature learns from the rest. Raises TooFewCells where nothing is left.
    """
    measured_rows = rows.filter(pl.col("group_tag") == "train").drop_nulls(recipe.target)
    kept = tuple(
        name for name in recipe.features if measured_rows[name].null_count() <= measured_rows.height / 2
    )
    if not kept:
        raise TooFewCells(
            f"{recipe.task}: {', '.join(recipe.features)} are NULL in the training cells; next step: import "
            "tests that measure one of them"
        )
    return replace(recipe, features=kept)


def usable(rows: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """The rows whose features and target are all known."""
    return rows.drop_nulls([*recipe.features, recipe.target])


def _scores(
    model: Ridge, cells: pl.DataFrame, recipe: Recipe, constant: float, side: str
) -> dict[str, float]:
    truth = cells[recipe.target].cast(pl.Float64).to_numpy()
    error = model.predict(cells) - truth
    return {
        f"rmse_{side}": float(np.sqrt(np.mean(error**2))),
        f"mae_{side}": float(np.mean(np.abs(error))),
        f"rmse_constant_{side}": float(np.sqrt(np.mean((truth - constant) ** 2))),
        f"cells_{side}": float(cells["cell_id"].n_unique()),
    }


def _penalty(train: pl.DataFrame, recipe: Recipe) -> float:
    """The penalty with the smallest squared error on cells left out one at a time."""
    names = train["cell_id"].unique().sort().to_list()
    errors = np.zeros(len(recipe.penalties))
    for name in names:
        rest, left = (train.filter(keep) for keep in (pl.col("cell_id") != name, pl.col("cell_id") == name))
        truth = left[recipe.target].cast(pl.Float64).to_numpy()
        for place, penalty in enumerate(recipe.penalties):
            errors[place] += float(np.mean((_fitted(rest, recipe, penalty).predict(left) - truth) ** 2))
    return recipe.penalties[int(np.argmin(errors))]


def _fitted(rows: pl.DataFrame, recipe: Recipe, penalty: float) -> Ridge:
    from sklearn.linear_model import Ridge as SklearnRidge

    values = rows.select(pl.col(*recipe.features).cast(pl.Float64)).to_numpy()
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    line = SklearnRidge(alpha=penalty).fit(
        (values - mean) / scale, rows[recipe.target].cast(pl.Float64).to_numpy()
    )
    return Ridge(
        recipe.features, tuple(mean.tolist()), tuple(scale.tolist()), tuple(line.coef_.tolist()),
        float(line.intercept_), penalty,
    )  # fmt: skip
