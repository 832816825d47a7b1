"""What training holds out: candidates on jar-grouped folds, calibration, scores beside the baselines."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import Lives, Recipe, raw_output, trained_booster
from battery_assets.learning.life.folds import fold_unit, jar_folds, site_folds
from battery_assets.learning.life.forward import failed_by, forward_predictions, lives_told, typical_days
from battery_assets.learning.life.metrics import (
    concordance,
    margin,
    marginal_predictions,
    month_concordance,
    observed,
    pairs,
    scores,
)
from battery_assets.learning.life.prediction import HORIZONS_DAYS
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets.learning.life.survival import Calibration, calibrated, log_likelihoods

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
    ends: with few of them both can be. So are all trees where their gain is no more than chance gives.
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
    likelihoods = [
        log_likelihoods(lives.spans, it.location(raw), it.scale, distribution, it.sudden_per_day)
        for raw, (it, _) in ((staged[at], tried[at]) for at in (0, chosen))
    ]
    gain, error = _gain(examples, (likelihoods[1] - likelihoods[0]) * lives.spans.weight, recipe.folds)
    chosen = chosen if gain > error else 0
    return Candidate(
        distribution, scale, [0, *stages][chosen], staged[chosen], float(curve[chosen]), float(ranks[chosen])
    )


def _gain(examples: pl.DataFrame, each: np.ndarray, folds: int) -> tuple[float, float]:
    """What trees add to the ln likelihood, and its standard error between what is held out together.

    Source: the one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984.
    """
    unit = fold_unit(examples, folds)
    by_unit = examples.select(unit, each=pl.Series(each)).group_by(unit).agg(pl.col("each").sum())["each"]
    spread = by_unit.std() if by_unit.len() > 1 else None
    return float(each.sum()), float("inf") if spread is None else float(spread * by_unit.len() ** 0.5)


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
    margin_month_NAME and margin_days_NAME: by how much the model orders the jars of a month by their risk of
    a year, and all jars by their days, better than that baseline; margin_error_...: the standard error.
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
    metrics["mae_days_resistance_trend"] = float(np.abs(resistance - time)[ended].mean())
    percent, age = (
        examples[name].fill_null(strategy="mean").fill_null(0.0).to_numpy()
        for name in ("r_internal_baseline_pct_168h", "age_days")
    )
    ranks = {name: _ranks(lines[name]) for name in ("posterior", "soh_trend")}
    ranks |= {"resistance_trend": (resistance,) * 2, "resistance": (-percent,) * 2, "age": (-age,) * 2}
    return metrics | _margins(examples, _ranks(held_out), ranks)


def _ranks(predicted: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """By what predictions rank the jars of a month, and all jars."""
    return -predicted["failure_probability_365d"].to_numpy(), predicted["rul_days"].to_numpy()


def _margins(
    examples: pl.DataFrame,
    own: tuple[np.ndarray, np.ndarray],
    rivals: dict[str, tuple[np.ndarray, np.ndarray]],
) -> dict[str, float]:
    """c_index and c_index_month of the rivals, and the margins over them."""
    margins: dict[str, float] = {}
    for place, (asked, score) in enumerate((("month", "c_index_month"), ("days", "c_index"))):
        mine = pairs(examples, own[place], of_a_month=asked == "month")
        for name, ranks in rivals.items():
            theirs = pairs(examples, ranks[place], of_a_month=asked == "month")
            ahead, error = margin(mine, theirs)
            margins |= {f"{score}_{name}": theirs.share, f"margin_{asked}_{name}": ahead,
                      f"margin_error_{asked}_{name}": error}  # fmt: skip
    return margins


def other_seeds(examples: pl.DataFrame, lives: Lives, recipe: Recipe, best: Candidate) -> dict[str, float]:
    """c_index_month_seed_N: the best candidate trained with other folds and draws, recipe.seeds in all."""
    calibration, by_seed = calibration_of(lives, best), {}
    for seed in range(recipe.seed + 1, recipe.seed + recipe.seeds):
        other = replace(recipe, seed=seed)
        fold = jar_folds(examples, recipe.folds, seed)
        raw = np.zeros(len(fold))
        for number in np.unique(fold) if best.trees else ():
            out = fold == number
            booster = trained_booster(lives.only(~out), other, best.distribution, best.scale, best.trees)
            raw[out] = raw_output(booster, lives.matrix[out], recipe.threads)
        risk = failed_by(lives.time, raw, calibration, HORIZONS_DAYS[-1])
        by_seed[f"c_index_month_seed_{seed}"] = month_concordance(examples, -risk)
    return by_seed


def since(
    examples: pl.DataFrame, held_out: pl.DataFrame, champion: pl.DataFrame, begun: datetime
) -> dict[str, float]:
    """c_index_later and c_index_later_champion: both on the months since the champion's cut-off.

    held_out, champion: what each tells of the rows of `examples`, in their order.
    """
    later = examples["snapshot_at"] >= begun
    rows = examples.filter(later)
    ranks = [
        month_concordance(rows, -frame["failure_probability_365d"].filter(later).to_numpy())
        for frame in (held_out, champion)
    ]
    return dict(zip(("c_index_later", "c_index_later_champion"), ranks, strict=True))


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
    typical = typical_days(lives.time, raw, calibration_of(lives, best))
    return {"c_index_unseen_site": concordance(examples, typical)}
