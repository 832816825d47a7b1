"""The models as their phase knows them: names of the assets, names in the registry, and their types."""

from battery_assets.platform.dagster.assets import Model

REMAINING_LIFE = Model(
    name="rul_model",
    registered_name="rul",
    phase=6,
    cut="month",
    comment="CatBoost survival model of remaining life; the cut-off month itself is left out.",
    kinds=frozenset({"catboost", "mlflow"}),
)
FOREST, NETWORK = "anomaly_iforest", "anomaly_ae"
ANOMALIES = Model(
    name="anomaly_models",
    registered_name=FOREST,
    phase=6,
    cut="month",
    comment="Isolation forest of jars' months and autoencoder of jars' days; registered; no alert.",
    kinds=frozenset({"scikitlearn", "pytorch", "mlflow"}),
)
# What ml_model calls each of the registry's models.
TYPES = {REMAINING_LIFE.registered_name: "catboost_rul", FOREST: "anomaly_iforest", NETWORK: "anomaly_ae"}
