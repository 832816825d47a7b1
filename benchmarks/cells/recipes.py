"""What is trained on each data set. docs/decisions.md says how recipes were chosen."""

from typing import Any

SEEDS = (1, 2, 3, 4, 5)
HEALTH: dict[str, Any] = {"target": "soh", "smooth": 5, "own_start": 30, "epochs": 80, "patience": 20}
LIFE: dict[str, Any] = {
    "target": "rul", "see_health": True, "life_scale": "ratio", "smooth": 5, "own_start": 30, "trend": 100,
    "epochs": 100, "patience": 25, "weight_decay": 1e-3,
}  # fmt: skip
WINDOW: dict[str, Any] = {"window": 8, "window_step": 12, "width": 48, "epochs": 40, "rows_per_epoch": 4096}
NARROW: dict[str, Any] = {"smooth": 9, "width": 32, "layers": 2}
# Name of the model: its algorithm and terms.
SEVERSON: dict[str, tuple[str, dict[str, Any]]] = {
    "health baseline": ("baseline", HEALTH),
    "health bilstm": ("bilstm", {**HEALTH, **WINDOW}),
    "health deephpm": ("deephpm", HEALTH),
    "life baseline": ("baseline", LIFE),
    "life baseline, narrow": ("baseline", {**LIFE, **NARROW}),
    "life bilstm": ("bilstm", {**LIFE, **WINDOW, "trend": 0}),
}
# Members of an ensemble by the names above: what is ours.
TOGETHER = {
    "health, ours": ("health baseline",),
    "life, ours": ("life baseline", "life baseline, narrow", "life bilstm"),
}
XJTU: dict[str, Any] = {
    "target": "soh", "use_cycle": False, "smooth": 9, "own_start": 30, "trend": 50, "epochs": 80,
    "patience": 20,
}  # fmt: skip
FOLDS = 5
SMALL: dict[str, Any] = {"epochs": 1, "rows_per_epoch": 256, "width": 8}

# Trees: decision 141 says how each was chosen.
TREES: dict[str, Any] = {
    "surrogate": "trees", "epochs": 30, "patience": 8, "rows_per_epoch": 4096, "rows_of_validation": 4096,
    "refit": True,
}  # fmt: skip
LIFE_TREES: dict[str, Any] = {
    **TREES, "target": "rul", "see_health": True, "life_scale": "ratio", "smooth": 9, "own_start": 30,
    "trend": 100, "wear": True,
}  # fmt: skip
_WEAR_ALONE: dict[str, Any] = {"target": "soh", "own_start": 0, "features": ["feature_1", "feature_2"]}
HEALTH_TREES: dict[str, Any] = {**TREES, **_WEAR_ALONE, "depth": 3, "randomised": 0.0}
HEALTH_NARROW: dict[str, Any] = {
    **_WEAR_ALONE, "epochs": 50, "patience": 12, "width": 32, "layers": 2, "rows_per_epoch": 4096,
    "refit": True,
}  # fmt: skip
# The inputs of the networks of XJTU, as they are.
XJTU_TREES: dict[str, Any] = {**XJTU, **TREES}
