"""What training holds out: candidates on jar-grouped folds, calibration, scores beside the baselines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import Lives, Recipe, raw_output, trained_booster
from battery_assets.learning.life.folds import site_folds
from battery_assets.learning.life.forward import failed_by, forward_predictions, lives_told, typical_days
from battery_assets.learning.life.metrics import (
    concordance,
    marginal_predictions,
    month_concordance,
    observed,
    scores,
)
from battery_assets.learning.life.prediction import HORIZONS_DAYS
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets.learning.life.survival import Calibration, calibrated

Report = Callable[[str, float, int], None]


@dataclass(frozen=True)
class Candidate:
    """One error law and scale: trees that suit all folds, held-out raw outputs, calibrated -ln likelihood,
    and the concordance of a month's jars.
    """

    distribution: str
    scale: float
    trees: int
    raw: np.ndarray
    nll: float
    rank: float


def candidate(
    examples: pl.DataFrame,
    lives: Lives,
    fold: np.ndarray,
    recipe: Recipe,
    distribution: str,
    scale: float,
    report: Report,
) -> Candidate:
    """Train on all folds but one, in turn; choose the number of trees by the likelihood of what was out.

    Trees that rank a month's jars worse than no tree at all are passed over, however likely they find the
    ends: with few of them both can be.
    """
    stages = list(range(recipe.stage, recipe.iterations + 1, recipe.stage))
    # The first row is no tree at all: the twin's posterior as it is.
    staged = np.zeros((len(stages) + 1, len(fold)))
    for number in np.unique(fold):
        out = fold == number
        booster = trained_booster(lives.only(~out), recipe, distribution, scale, stages[-1])
        for index, trees in enumerate(stages):
            staged[index + 1, out] = raw_output(booster, lives.matrix[out], recipe.threads, trees)
    tried = [calibrated(lives.spans, raw, scale, distribution) for raw in staged]
    curve = np.array([nll for _, nll in tried])
    ranks = np.array(
        [
            month_concordance(examples, -failed_by(lives.time, raw, calibration, HORIZONS_DAYS[-1]))
            for raw, (calibration, _) in zip(staged, tried, strict=True)
        ]
    )
    name = f"{distribution.lower()}_{scale}"
    for trees, value, rank in zip([0, *stages], curve.tolist(), ranks.tolist(), strict=True):
        report(f"out_of_fold_nll_{name}", value, trees)
        report(f"out_of_fold_c_index_month_{name}", rank, trees)
    chosen = int(np.argmin(np.where(ranks < ranks[0], np.inf, curve)))
    return Candidate(
        distribution, scale, [0, *stages][chosen], staged[chosen], float(curve[chosen]), float(ranks[chosen])
    )


def calibration_of(lives: Lives, best: Candidate, rows: np.ndarray | None = None) -> Calibration:
    """The calibration that the candidate's held-out outputs on `rows` (all: None) ask for."""
    rows = np.ones(len(best.raw), dtype=bool) if rows is None else rows
    return calibrated(lives.spans.only(rows), best.raw[rows], best.scale, best.distribution)[0]


def _by_fold(fold: np.ndarray, predicted: Callable[[np.ndarray], pl.DataFrame]) -> pl.DataFrame:
    """Predictions for each fold's rows, put back in the order of the rows."""
    parts = [
        predicted(fold == number).with_columns(row=np.flatnonzero(fold == number))
        for number in np.unique(fold)
    ]
    return pl.concat(parts).sort("row").drop("row")


def calibrated_posterior(lives: Lives, best: Candidate) -> float:
    """The -ln likelihood that the clocks reach without a tree, calibrated alike."""
    return calibrated(lives.spans, np.zeros(len(best.raw)), best.scale, best.distribution)[1]


def held_out_predictions(
    examples: pl.DataFrame, lives: Lives, fold: np.ndarray, best: Candidate
) -> pl.DataFrame:
    """Predictions for every row from a booster and a calibration that never saw its jar."""
    return _by_fold(
        fold,
        lambda out: lives_told(
            examples["battery_id"].filter(pl.Series(out)),
            lives.time.only(out),
            best.raw[out],
            calibration_of(lives, best, ~out),
        ),
    )


def compared(examples: pl.DataFrame, fold: np.ndarray, held_out: pl.DataFrame) -> dict[str, float]:
    """The model's scores by name, those of the baselines with their name behind.

    Baselines: `_marginal` (Kaplan-Meier), `_posterior` (the twin's, untrained), `_soh_trend` and
    `_resistance_trend` (straight lines), `_resistance` and `_age` (the higher or older goes first).
    """
    marginal = _by_fold(
        fold,
        lambda out: marginal_predictions(examples.filter(pl.Series(~out)), examples.filter(pl.Series(out))),
    )
    metrics = scores(examples, held_out)
    lines = {"marginal": marginal, "soh_trend": twin_predictions(examples),
             "posterior": forward_predictions(examples)}  # fmt: skip
    for name, predicted in lines.items():
        metrics |= {f"{score}_{name}": value for score, value in scores(examples, predicted).items()}
    resistance = examples["resistance_trend_days"].fill_null(strategy="mean").fill_null(0.0).to_numpy()
    time, ended = observed(examples)
    metrics["c_index_resistance_trend"] = concordance(examples, resistance)
    metrics["mae_days_resistance_trend"] = float(np.abs(resistance - time)[ended].mean())
    percent, age = (
        examples[name].fill_null(strategy="mean").fill_null(0.0).to_numpy()
        for name in ("r_internal_baseline_pct_168h", "age_days")
    )
    for name, days in (("resistance_trend", resistance), ("resistance", -percent), ("age", -age)):
        metrics[f"c_index_month_{name}"] = month_concordance(examples, days)
    return metrics


def unseen_site(examples: pl.DataFrame, lives: Lives, recipe: Recipe, best: Candidate) -> dict[str, float]:
    """c_index_unseen_site: of boosters that saw no jar of the site; empty without ends on two sites."""
    fold = site_folds(examples)
    if fold is None:
        return {}
    raw = np.zeros(len(fold))
    for number in np.unique(fold) if best.trees else ():
        out = fold == number
        booster = trained_booster(lives.only(~out), recipe, best.distribution, best.scale, best.trees)
        raw[out] = raw_output(booster, lives.matrix[out], recipe.threads)
    told = typical_days(lives.time, raw, calibration_of(lives, best))
    return {"c_index_unseen_site": concordance(examples, told)}
