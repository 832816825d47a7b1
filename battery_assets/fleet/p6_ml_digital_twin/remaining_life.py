"""The remaining-life model as its phase knows it: one name for the asset, one for the registry."""

from battery_assets.platform.dagster.assets import Model

REMAINING_LIFE = Model(
    name="rul_model",
    registered_name="rul",
    phase=6,
    cut="month",
    comment="CatBoost survival model of remaining life; the cut-off month itself is left out.",
    kinds=frozenset({"catboost", "mlflow"}),
)
