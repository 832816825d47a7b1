"""Why the model says so: what the twin tells of the jar, and by how much each feature moved it.

Contributions are standard deviations of the jar's own wear-out (`forward`): -1 ends it as much earlier.
"""

import json
from typing import Any

import numpy as np
import polars as pl

from battery_assets.learning.life.booster import feature_matrix
from battery_assets.learning.life.examples import FEATURES
from battery_assets.learning.life.forward import AS_TOLD, jar_time, typical_days
from battery_assets.learning.life.model import RulModel, inside_ranges, shifts
from battery_assets.learning.life.survival import error_quantile


def contributions(model: RulModel, snaps: pl.DataFrame) -> tuple[np.ndarray, float]:
    """SHAP values of the median life by wear, rows x features in standard deviations, and where they start.

    The start and a row's values add up to the z of its calibrated median life.
    Source: Lundberg et al., Nat. Mach. Intell. 2 (2020) 56.
    """
    from catboost import Pool

    if model.trees == 0:
        return np.zeros((snaps.height, len(model.features))), _start(model, 0.0)

    pool = Pool(feature_matrix(snaps, model.features), feature_names=list(model.features))
    shap = model.booster.get_feature_importance(pool, type="ShapValues", thread_count=model.recipe.threads)
    return model.calibration.slope * shap[:, :-1], _start(model, float(shap[0, -1]))


def _start(model: RulModel, raw: float) -> float:
    calibration = model.calibration
    median = calibration.scale * error_quantile(0.5, calibration.distribution)
    return float(calibration.location(np.array([raw]))[0]) + median


def explanations(model: RulModel, snaps: pl.DataFrame, top: int = 5) -> pl.Series:
    """JSON text per row: the start, the `top` features with value and contribution, the rest in one sum.

    What the twin tells and what follows is in days, by wear. Features that are unknown or outside what
    training saw are named.
    """
    if snaps.is_empty():
        return pl.Series("explanation_json", [], dtype=pl.String)
    matrix = feature_matrix(snaps, model.features)
    shap, start = contributions(model, snaps)
    strange = ~inside_ranges(model, matrix)
    names = np.array(model.features)
    time = jar_time(snaps)
    own = typical_days(time, np.zeros(len(matrix)), AS_TOLD)
    corrected = typical_days(time, shifts(model, matrix), model.calibration)
    texts = []
    for values, added, outside, twin, days in zip(matrix, shap, strange, own, corrected, strict=True):
        order = np.argsort(-np.abs(added), kind="stable")
        leading = [
            {
                "feature": str(names[at]),
                "value": _number(values[at]),
                "contribution": round(float(added[at]), 4),
            }
            for at in order[:top]
        ]
        words = {
            "method": "ageing posterior of the twin, corrected by CatBoost (SHAP)",
            "unit": "standard deviations of the twin's ln days",
            "twin_days": round(float(twin), 1),
            "wear_days": round(float(days), 1),
            "expected_value": round(start, 4),
            "shift": round(start + float(added.sum()), 4),
            "features": leading,
            "other_features": round(float(added[order[top:]].sum()), 4),
            "outside_training_range": [str(name) for name in names[outside]],
            "words": _words(float(twin), float(days), leading),
        }
        texts.append(json.dumps(words))
    return pl.Series("explanation_json", texts, dtype=pl.String)


def _words(twin: float, days: float, leading: list[dict[str, Any]]) -> str:
    """The explanation as a sentence."""
    sentence = f"Age, warmth, resistance and tests tell {twin:.0f} days"
    moved = [f"{item['feature']} ({item['contribution']:+.2f})" for item in leading if item["contribution"]]
    if not moved:
        return f"{sentence}; what ended so far makes it {days:.0f}."
    return f"{sentence}; what ended so far makes it {days:.0f}, most by {', '.join(moved[:3])}."


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
    """feature, importance: mean absolute contribution over `snaps` in standard deviations, largest first."""
    shap, _ = contributions(model, snaps)
    table = pl.DataFrame({"feature": list(model.features), "importance": np.abs(shap).mean(axis=0)})
    return table.sort("importance", descending=True, maintain_order=True)
