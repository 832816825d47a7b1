"""What training holds out: candidates on jar-grouped folds, calibration, scores beside the baselines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import Lives, Recipe, raw_output, trained_booster
from battery_assets.learning.life.folds import site_folds
from battery_assets.learning.life.metrics import concordance, marginal_predictions, observed, scores
from battery_assets.learning.life.prediction import INTERVAL, prediction_frame
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets.learning.life.survival import Calibration, calibrated, negative_log_likelihood

Report = Callable[[str, float, int], None]


@dataclass(frozen=True)
class Candidate:
    """One error law and scale: trees that suit all folds, held-out raw outputs, calibrated -ln likelihood."""

    distribution: str
    scale: float
    trees: int
    raw: np.ndarray
    nll: float


def candidate(
    lives: Lives, fold: np.ndarray, recipe: Recipe, distribution: str, scale: float, report: Report
) -> Candidate:
    """Train on all folds but one, in turn; choose the number of trees by the likelihood of what was out."""
    stages = list(range(recipe.stage, recipe.iterations + 1, recipe.stage))
    staged = np.empty((len(stages), len(fold)))
    for number in np.unique(fold):
        out = fold == number
        booster = trained_booster(lives.only(~out), recipe, distribution, scale, stages[-1])
        for index, trees in enumerate(stages):
            staged[index, out] = raw_output(booster, lives.matrix[out], recipe.threads, trees)
    curve = [negative_log_likelihood(lives.low, lives.high, raw, scale, distribution) for raw in staged]
    for trees, value in zip(stages, curve, strict=True):
        report(f"out_of_fold_nll_{distribution.lower()}_{scale}", value, trees)
    chosen = int(np.argmin(curve))
    _, nll = calibrated(lives.low, lives.high, staged[chosen], scale, distribution)
    return Candidate(distribution, scale, stages[chosen], staged[chosen], nll)


def calibration_of(lives: Lives, best: Candidate, rows: np.ndarray | slice = slice(None)) -> Calibration:
    """The calibration that the candidate's held-out outputs on `rows` ask for."""
    return calibrated(lives.low[rows], lives.high[rows], best.raw[rows], best.scale, best.distribution)[0]


def life_predictions(
    ids: pl.Series, raw: np.ndarray, calibration: Calibration, trust: np.ndarray | float = 1.0
) -> pl.DataFrame:
    """Raw outputs read as lives: the columns of `rul_prediction.COLUMNS`, in order."""
    lower, median, upper = (
        calibration.quantile_days(raw, share) for share in (INTERVAL[0], 0.5, INTERVAL[1])
    )
    near, far = calibration.probability(raw, 30.0), calibration.probability(raw, 90.0)
    return prediction_frame(ids, (lower, median, upper), near, far, trust)


def _by_fold(fold: np.ndarray, predicted: Callable[[np.ndarray], pl.DataFrame]) -> pl.DataFrame:
    """Predictions for each fold's rows, put back in the order of the rows."""
    parts = [
        predicted(fold == number).with_columns(row=np.flatnonzero(fold == number))
        for number in np.unique(fold)
    ]
    return pl.concat(parts).sort("row").drop("row")


def held_out_predictions(
    examples: pl.DataFrame, lives: Lives, fold: np.ndarray, best: Candidate
) -> pl.DataFrame:
    """Predictions for every row from a booster and a calibration that never saw its jar."""
    return _by_fold(
        fold,
        lambda out: life_predictions(
            examples["battery_id"].filter(pl.Series(out)), best.raw[out], calibration_of(lives, best, ~out)
        ),
    )


def compared(examples: pl.DataFrame, fold: np.ndarray, held_out: pl.DataFrame) -> dict[str, float]:
    """The model's scores by name, those of the baselines with their name behind.

    Baselines: `_marginal` (Kaplan-Meier), `_soh_trend` and `_resistance_trend` (straight lines).
    """
    marginal = _by_fold(
        fold,
        lambda out: marginal_predictions(examples.filter(pl.Series(~out)), examples.filter(pl.Series(out))),
    )
    metrics = scores(examples, held_out)
    for name, predicted in (("marginal", marginal), ("soh_trend", twin_predictions(examples))):
        metrics |= {f"{score}_{name}": value for score, value in scores(examples, predicted).items()}
    resistance = examples["resistance_trend_days"].fill_null(strategy="mean").fill_null(0.0).to_numpy()
    time, ended = observed(examples)
    metrics["c_index_resistance_trend"] = concordance(examples, resistance)
    metrics["mae_days_resistance_trend"] = float(np.abs(resistance - time)[ended].mean())
    return metrics


def unseen_site(examples: pl.DataFrame, lives: Lives, recipe: Recipe, best: Candidate) -> dict[str, float]:
    """c_index_unseen_site: of boosters that saw no jar of the site; empty without ends on two sites."""
    fold = site_folds(examples)
    if fold is None:
        return {}
    raw = np.empty(len(fold))
    for number in np.unique(fold):
        out = fold == number
        booster = trained_booster(lives.only(~out), recipe, best.distribution, best.scale, best.trees)
        raw[out] = raw_output(booster, lives.matrix[out], recipe.threads)
    return {"c_index_unseen_site": concordance(examples, raw)}
