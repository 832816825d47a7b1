"""Remaining useful life: what the twin's ageing posterior tells, corrected by trees that saw jars end.

Training reads from top to bottom in `fit`: candidates on jar-grouped folds, the best by its calibrated
out-of-fold likelihood, calibration on those held-out outputs, scores beside the baselines, one booster on all
jars. No tree at all is a candidate too. Within a year of data nothing lives longer than a year: what lies
beyond is the posterior's, which knows how jars age.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import Recipe, feature_matrix, lives_of, raw_output, trained_booster
from battery_assets.learning.life.drift import usual
from battery_assets.learning.life.examples import FEATURES, LEARNED
from battery_assets.learning.life.folds import jar_folds
from battery_assets.learning.life.forward import KNOTS, jar_time, lives_told
from battery_assets.learning.life.prediction import COLUMNS, WEAR_OUT
from battery_assets.learning.life.survival import Calibration
from battery_assets.learning.life.validation import (
    Report,
    calibrated_posterior,
    calibration_of,
    candidate,
    compared,
    held_out_predictions,
    other_seeds,
    unseen_site,
)

__all__ = ["ModelMismatch", "Recipe", "RulModel", "TooFewFailures", "fit", "load", "predict", "save"]

METADATA_KEY = "battery_assets_rul"
# What a model reads and says of a jar: a month in which these are unlike training is none that it knows.
READ, SAID = (*LEARNED, *WEAR_OUT), ("rul_days", "failure_probability_365d")


class TooFewFailures(ValueError):
    """Too few observed ends of life to learn from; the message says how many were found and what to do."""


class ModelMismatch(ValueError):
    """The model file is not the one that was registered, or was made by another version of the features."""


@dataclass(frozen=True)
class RulModel:
    """A trained booster with what is needed to read it: recipe, calibration, range of each feature.

    `usual` is how READ and SAID lay in training (`drift`); empty in models of before.
    `trained_on` counts jars, snapshots and failures and gives the first and last snapshot. `out_of_fold`
    holds the labels beside the held-out predictions; it is for figures and is not saved.
    """

    booster: Any
    recipe: Recipe
    features: tuple[str, ...]
    calibration: Calibration
    trees: int
    ranges: dict[str, tuple[float, float]]
    trained_on: dict[str, Any]
    usual: dict[str, dict[str, Any]] = field(default_factory=dict)
    out_of_fold: pl.DataFrame | None = field(default=None, compare=False)


def fit(examples: pl.DataFrame, recipe: Recipe, report: Report) -> tuple[RulModel, dict[str, float]]:
    """Train on rows of `labels.labelled`; the model, and its out-of-fold scores beside baselines.

    `report(name, value, step)` receives the out-of-fold -ln likelihood of each candidate by number of trees.
    Raises TooFewFailures below `recipe.min_failures` ended jars.
    """
    _refuse_too_few(examples, recipe)
    lives = lives_of(examples)
    fold = jar_folds(examples, recipe.folds, recipe.seed)
    candidates = [
        candidate(examples, lives, fold, recipe, distribution, scale, report)
        for distribution in recipe.distributions
        for scale in recipe.scales
    ]
    best = min(candidates, key=lambda tried: tried.nll)
    calibration = calibration_of(lives, best)
    held_out = held_out_predictions(examples, lives, fold, best)
    metrics = compared(examples, fold, held_out) | unseen_site(examples, lives, recipe, best)
    metrics |= other_seeds(examples, lives, recipe, best)
    booster = trained_booster(lives, recipe, best.distribution, best.scale, max(best.trees, 1))
    metrics |= {
        "out_of_fold_nll_posterior": calibrated_posterior(lives, best),
        "trees": float(best.trees),
        "scale": calibration.scale,
        "sudden_per_year": calibration.sudden_per_day * 365.25,
        "out_of_fold_nll": best.nll,
        "c_index_month": best.rank,
    }
    trained_on = _described(examples)
    metrics |= {name: float(trained_on[name]) for name in ("jars", "snapshots", "failures")}
    clocks = pl.DataFrame(lives.time.knots, schema=list(KNOTS))
    kept = examples.drop(FEATURES).hstack(held_out.drop("battery_id")).hstack(clocks)
    kept = kept.with_columns(raw_output=best.raw)
    shown = usual(examples.hstack(held_out.select(SAID)), [*READ, *SAID])
    model = RulModel(
        booster, recipe, LEARNED, calibration, best.trees, _ranges(lives.matrix), trained_on, shown, kept
    )
    return model, metrics


def _refuse_too_few(examples: pl.DataFrame, recipe: Recipe) -> None:
    ends = examples.filter(pl.col("upper_days").is_not_null())["battery_id"].n_unique()
    needed = max(recipe.min_failures, recipe.folds)
    if ends < needed:
        raise TooFewFailures(
            f"{ends} observed ends of life before the cut-off, {needed} needed to train: load more months "
            "or sites, enter replaced_date for jars that were replaced, file what tests and loads found "
            "(event_subtype: a high reading alone proves no end), lower Recipe.min_failures (not below its "
            "folds); until then the twin tells the remaining lives"
        )


def _ranges(matrix: np.ndarray) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each feature in training; features never known are absent."""
    measured = np.isfinite(matrix).any(axis=0)
    return {
        name: (float(np.nanmin(matrix[:, column])), float(np.nanmax(matrix[:, column])))
        for column, name in enumerate(LEARNED)
        if measured[column]
    }


def _described(examples: pl.DataFrame) -> dict[str, Any]:
    first, last = (
        cast(datetime, at) for at in (examples["snapshot_at"].min(), examples["snapshot_at"].max())
    )
    return {
        "jars": examples["battery_id"].n_unique(),
        "snapshots": examples.height,
        "failures": examples.filter(pl.col("upper_days").is_not_null())["battery_id"].n_unique(),
        "first_snapshot": first.isoformat(),
        "last_snapshot": last.isoformat(),
    }


def inside_ranges(model: RulModel, matrix: np.ndarray) -> np.ndarray:
    """Rows x features: True where a value is known and within what training saw, or never known to it."""
    nothing = (-np.inf, np.inf)
    bounds = np.array([model.ranges.get(name, nothing) for name in model.features])
    never_known = np.array([name not in model.ranges for name in model.features])
    return ((matrix >= bounds[:, 0]) & (matrix <= bounds[:, 1])) | never_known


def predict(model: RulModel, snaps: pl.DataFrame) -> pl.DataFrame:
    """One row per row of `snaps`, in order: expected life, 95 % interval, failure probabilities, confidence.

    All are read off one life distribution per jar, so they agree. confidence_score is the probability that
    the model's 90-day verdict is right, times the share of features that are known and within the range
    training saw.
    """
    if snaps.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Float64) | {"battery_id": pl.String})
    matrix = feature_matrix(snaps, model.features)
    trust = inside_ranges(model, matrix).mean(axis=1)
    return lives_told(snaps["battery_id"], jar_time(snaps), shifts(model, matrix), model.calibration, trust)


def shifts(model: RulModel, matrix: np.ndarray) -> np.ndarray:
    """What the trees add to each row's clock, in standard deviations; 0 where no tree was worth it."""
    if model.trees == 0:
        return np.zeros(len(matrix))
    return raw_output(model.booster, matrix, model.recipe.threads)


def save(model: RulModel, path: Path) -> str:
    """Write the model as one CatBoost file (.cbm), all else in its metadata; returns the file's sha256."""
    facts = {
        item.name: getattr(model, item.name)
        for item in fields(model)
        if item.name not in ("booster", "out_of_fold")
    }
    facts |= {"recipe": asdict(model.recipe), "calibration": asdict(model.calibration)}
    metadata = model.booster.get_metadata()
    # Random and clock-bound entries would give every training another sha256.
    for noise in ("model_guid", "train_finish_time"):
        if noise in metadata:
            del metadata[noise]
    metadata[METADATA_KEY] = json.dumps(facts, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.booster.save_model(str(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(path: Path, sha256: str) -> RulModel:
    """Read a model back after checking its bytes: a damaged .cbm loads in silence and predicts otherwise.

    Raises ModelMismatch where the sha256 differs or the file needs features that this version does not make.
    """
    from catboost import CatBoost

    content = Path(path).read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != sha256:
        raise ModelMismatch(
            f"{path} has sha256 {checksum}, {sha256} was registered: fetch it again or train anew"
        )
    booster = CatBoost().load_model(blob=content)
    facts = json.loads(booster.get_metadata()[METADATA_KEY])
    missing = sorted(set(facts["features"]) - set(FEATURES))
    if missing:
        raise ModelMismatch(
            f"{path} was trained on features this version does not make ({missing}): train anew"
        )
    recipe: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in facts.pop("recipe").items()
    }
    return RulModel(
        booster=booster,
        recipe=Recipe(**recipe),
        features=tuple(facts["features"]),
        calibration=Calibration(**facts["calibration"]),
        trees=facts["trees"],
        ranges={name: tuple(bounds) for name, bounds in facts["ranges"].items()},
        trained_on=facts["trained_on"],
        usual=facts.get("usual", {}),
    )
