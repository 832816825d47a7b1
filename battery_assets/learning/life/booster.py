"""The CatBoost side of remaining life: the recipe, the data it takes, and its raw output in ln days."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from battery_assets.learning.life.examples import FEATURES


@dataclass(frozen=True)
class Recipe:
    """Every number that decides a training run."""

    iterations: int = 400
    depth: int = 4
    learning_rate: float = 0.05
    l2_leaf_reg: float = 10.0
    subsample: float = 0.8
    feature_share: float = 0.5
    distributions: tuple[str, ...] = ("Normal", "Logistic", "Extreme")
    scales: tuple[float, ...] = (0.7, 1.4)
    folds: int = 4
    stage: int = 20
    min_failures: int = 10
    seed: int = 7
    threads: int = 2


@dataclass(frozen=True)
class Lives:
    """What a booster learns from: rows x features (NaN = unknown) and the days between which each life ended.

    `high` is inf where the jar was still in service.
    """

    matrix: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def only(self, rows: np.ndarray) -> "Lives":
        """The lives where the boolean `rows` is true."""
        return Lives(self.matrix[rows], self.low[rows], self.high[rows])


def lives_of(examples: pl.DataFrame) -> Lives:
    """Rows of `rul_examples.labelled` as arrays, in order."""
    low, high = examples["lower_days"].to_numpy(), examples["upper_days"].fill_null(np.inf).to_numpy()
    return Lives(feature_matrix(examples, FEATURES), low, high)


def feature_matrix(snaps: pl.DataFrame, features: tuple[str, ...]) -> np.ndarray:
    """Rows x features, Float64, NaN where unknown."""
    return snaps.select(pl.col(name).cast(pl.Float64) for name in features).to_numpy()


def trained_booster(lives: Lives, recipe: Recipe, distribution: str, scale: float, trees: int) -> Any:
    """A CatBoost model of ln T, trained on `lives`; the same lives and recipe give the same model."""
    from catboost import CatBoost, Pool

    # CatBoost writes "still alive" as an upper bound of -1.
    label = np.column_stack([lives.low, np.where(np.isfinite(lives.high), lives.high, -1.0)])
    settings = {
        "loss_function": f"SurvivalAft:dist={distribution};scale={scale}",
        "iterations": trees,
        "depth": recipe.depth,
        "learning_rate": recipe.learning_rate,
        "l2_leaf_reg": recipe.l2_leaf_reg,
        "bootstrap_type": "Bernoulli",
        "subsample": recipe.subsample,
        "rsm": recipe.feature_share,
        "random_seed": recipe.seed,
        "thread_count": recipe.threads,
        "allow_writing_files": False,
        "verbose": False,
    }
    return CatBoost(settings).fit(Pool(lives.matrix, label, feature_names=list(FEATURES)))


def raw_output(booster: Any, matrix: np.ndarray, threads: int, trees: int = 0) -> np.ndarray:
    """The booster's location of ln T before calibration, ln days, from its first `trees` trees (0 = all)."""
    return booster.predict(matrix, prediction_type="RawFormulaVal", ntree_end=trees, thread_count=threads)
