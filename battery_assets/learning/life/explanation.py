"""Why the model says so: what a prediction was made from, and what each feature added to it, in ln days."""

import json
from typing import Any

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import feature_matrix
from battery_assets.learning.life.examples import FEATURES
from battery_assets.learning.life.model import RulModel, inside_ranges
from battery_assets.learning.life.survival import error_quantile


def contributions(model: RulModel, snaps: pl.DataFrame) -> tuple[np.ndarray, float]:
    """SHAP values of the ln median life by wear, rows x features in ln days, and the value they start from.

    The start and a row's values add up to its calibrated ln median life.
    Source: Lundberg et al., Nat. Mach. Intell. 2 (2020) 56.
    """
    from catboost import Pool

    pool = Pool(feature_matrix(snaps, model.features), feature_names=list(model.features))
    shap = model.booster.get_feature_importance(pool, type="ShapValues", thread_count=model.recipe.threads)
    calibration = model.calibration
    start = float(calibration.location(shap[:1, -1])[0])
    start += calibration.scale * error_quantile(0.5, calibration.distribution)
    return calibration.slope * shap[:, :-1], start


def explanations(model: RulModel, snaps: pl.DataFrame, top: int = 5) -> pl.Series:
    """JSON text per row: the start, the `top` features with value and contribution, the rest in one sum.

    All in ln days; features that are unknown or outside what training saw are named.
    """
    if snaps.is_empty():
        return pl.Series("explanation_json", [], dtype=pl.String)
    matrix = feature_matrix(snaps, model.features)
    shap, start = contributions(model, snaps)
    strange = ~inside_ranges(model, matrix)
    names = np.array(model.features)
    texts = []
    for values, added, outside in zip(matrix, shap, strange, strict=True):
        order = np.argsort(-np.abs(added), kind="stable")
        leading = [
            {
                "feature": str(names[at]),
                "value": _number(values[at]),
                "contribution": round(float(added[at]), 4),
            }
            for at in order[:top]
        ]
        told = {
            "method": "SHAP of the CatBoost survival model",
            "unit": "ln days",
            "expected_value": round(start, 4),
            "ln_median_wear_days": round(start + float(added.sum()), 4),
            "features": leading,
            "other_features": round(float(added[order[top:]].sum()), 4),
            "outside_training_range": [str(name) for name in names[outside]],
        }
        texts.append(json.dumps(told))
    return pl.Series("explanation_json", texts, dtype=pl.String)


def feature_snapshot_json(snaps: pl.DataFrame) -> pl.Series:
    """JSON text per row: every feature by name, null where unknown, six significant digits."""
    rows = snaps.select(FEATURES).iter_rows()
    texts = [
        json.dumps({name: _number(value) for name, value in zip(FEATURES, row, strict=True)}) for row in rows
    ]
    return pl.Series("feature_snapshot_json", texts, dtype=pl.String)


def _number(value: Any) -> float | None:
    return float(f"{value:.6g}") if value is not None and np.isfinite(value) else None


def importance(model: RulModel, snaps: pl.DataFrame) -> pl.DataFrame:
    """feature, importance: mean absolute contribution over `snaps` in ln days, largest first."""
    shap, _ = contributions(model, snaps)
    table = pl.DataFrame({"feature": list(model.features), "importance": np.abs(shap).mean(axis=0)})
    return table.sort("importance", descending=True, maintain_order=True)
