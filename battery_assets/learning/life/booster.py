"""The CatBoost side of remaining life: the recipe, the data it takes, and its raw output.

Trees learn in the jars' own time: 0 is what the twin's ageing posterior tells, an output of -1 an end one
standard deviation earlier. Beyond what was seen they fall back on the posterior, not on a constant.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from battery_assets.learning.life.examples import LEARNED
from battery_assets.learning.life.forward import JarTime, jar_time
from battery_assets.learning.life.renewals import renewal_weights
from battery_assets.learning.life.survival import Spans

# A jar that a high reading took out had ended or not, nobody knows: IEEE 1188 has it confirmed by a test.
DOUBTED_SHARE = 0.5
FAR = 12.0  # standard deviations: beyond them nothing changes


@dataclass(frozen=True)
class Recipe:
    """Every number that decides a training run."""

    iterations: int = 120
    depth: int = 4
    learning_rate: float = 0.05
    l2_leaf_reg: float = 10.0
    subsample: float = 0.8
    feature_share: float = 0.5
    distributions: tuple[str, ...] = ("Normal",)
    scales: tuple[float, ...] = (1.0,)
    folds: int = 4
    stage: int = 20
    min_failures: int = 10
    seed: int = 7
    seeds: int = 5
    threads: int = 2


@dataclass(frozen=True)
class Lives:
    """What a booster learns from: rows x features (NaN = unknown), clocks, and when each life ended."""

    matrix: np.ndarray
    time: JarTime
    spans: Spans

    def only(self, rows: np.ndarray) -> "Lives":
        """The lives where the boolean `rows` is true."""
        return Lives(self.matrix[rows], self.time.only(rows), self.spans.only(rows))


def lives_of(examples: pl.DataFrame) -> Lives:
    """Rows of `labels.labelled` as arrays, in order; all rows of a jar count as one life, and for those whose
    strings were renewed.
    """
    low = examples["lower_days"].to_numpy()
    high = examples.select(pl.coalesce("upper_days", "doubt_days").fill_null(np.inf)).to_series().to_numpy()
    share = np.where(examples["doubt_days"].is_null().to_numpy(), 1.0, DOUBTED_SHARE)
    time, ended = jar_time(examples), np.isfinite(high)
    high_z = np.where(ended, time.standard(np.where(ended, high, 1.0)), np.inf)
    # A jar that may have ended before its snapshot was not known to live at it.
    low_z = np.where(low > 0, time.standard(low), -FAR)
    weight = renewal_weights(examples) / examples.select(pl.len().over("battery_id")).to_series().to_numpy()
    spans = Spans(low, high, low_z, high_z, weight, share)
    return Lives(feature_matrix(examples, LEARNED), time, spans)


def feature_matrix(snaps: pl.DataFrame, features: tuple[str, ...]) -> np.ndarray:
    """Rows x features, Float64, NaN where unknown."""
    return snaps.select(pl.col(name).cast(pl.Float64) for name in features).to_numpy()


def trained_booster(lives: Lives, recipe: Recipe, distribution: str, scale: float, trees: int) -> Any:
    """A CatBoost model of z(T), trained on `lives`; the same lives and recipe give the same model."""
    from catboost import CatBoost, Pool

    # CatBoost takes the logarithm of what it gets, and writes "still alive" as an upper bound of -1.
    low, high = (np.exp(np.clip(z, -FAR, FAR)) for z in (lives.spans.lower_z, lives.spans.upper_z))
    label = np.column_stack([low, np.where(np.isfinite(lives.spans.upper_days), high, -1.0)])
    weight = lives.spans.weight / lives.spans.weight.mean()
    doubted = lives.spans.share < 1.0
    # CatBoost knows no doubt: such a row stands twice, once as ended and once as good at its leaving.
    matrix = np.vstack([lives.matrix, lives.matrix[doubted]])
    label = np.vstack([label, np.column_stack([high[doubted], np.full(doubted.sum(), -1.0)])])
    again = (weight * (1.0 - lives.spans.share))[doubted]
    weight = np.concatenate([weight * lives.spans.share, again])
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
    pool = Pool(matrix, label, weight=weight, feature_names=list(LEARNED))
    return CatBoost(settings).fit(pool)


def raw_output(booster: Any, matrix: np.ndarray, threads: int, trees: int = 0) -> np.ndarray:
    """The booster's location of z(T) before calibration, from its first `trees` trees (0 = all)."""
    return booster.predict(matrix, prediction_type="RawFormulaVal", ntree_end=trees, thread_count=threads)
