"""Anomaly models through the pipeline: trained on a month of hours, registered as refused, mirrored, unused."""

import json
from datetime import timedelta

import dagster as dg
import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.fleet.p6_ml_digital_twin.anomaly_models import anomaly_models
from battery_assets.fleet.p6_ml_digital_twin.ml_model import ml_model
from battery_assets.learning.anomaly.autoencoder import load_autoencoder
from battery_assets.learning.anomaly.forest import load_forest
from battery_assets.platform.dagster.partitions import Part, know_months
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.estimation.filed_fleet import file_catalogue, file_master
from battery_assets_tests.worlds.stores import kept

PLACE, BEFORE, CUT = "phuket", "2025-03", "2025-04"
DAYS = 8


def _features(jars: pl.Series) -> pl.DataFrame:
    """Hours and days of some days of BEFORE, every jar alike but for its sensor's noise."""
    rng, start = np.random.default_rng(1), Part(PLACE, BEFORE).start
    at = pl.DataFrame({"feature_ts": [start + timedelta(hours=n) for n in range(1, 24 * DAYS + 1)]})
    hours = pl.DataFrame({"battery_id": jars}).join(at, how="cross")
    hours = hours.with_columns(
        feature_window_hours=1, v_mean=pl.Series(13.6 + 0.01 * rng.standard_normal(hours.height))
    )
    days = hours.filter(pl.col("feature_ts").dt.hour() == 0).with_columns(
        feature_window_hours=24, r_internal_latest=4.2, r_internal_baseline_pct=105.0
    )
    rows = pl.concat([hours, days], how="diagonal").with_columns(
        v_min=pl.col("v_mean") - 0.02, v_max=pl.col("v_mean") + 0.02, t_mean=25.0
    )
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None).alias(name)).cast(kind)
        for name, kind in polars_schema(t.feature_store).items()
    )


@pytest.mark.parametrize("strings", [3, 1], ids=["72 jars", "24 jars are too few"])
def test_both_are_registered_refused_and_mirrored(warehouse: Warehouse, tmp_path, strings: int) -> None:
    file_catalogue(warehouse)
    file_master(warehouse, SyntheticSite(PLACE, PLACE, 5, 3600, strings, start="2024-01"), BEFORE)
    jars = warehouse.read(t.battery, Part(PLACE, BEFORE)).collect()
    serving = jars.filter(pl.col("status") == "active")["battery_id"]
    kept(warehouse, t.feature_store, _features(serving), Part(PLACE, BEFORE))
    tracking = Tracking(
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db", artifact_root=str(tmp_path / "artifacts")
    )
    with dg.DagsterInstance.ephemeral() as instance:
        know_months(instance, [CUT])
        with dg.partition_loading_context(dynamic_partitions_store=instance):
            told = {"instance": instance, "partition_key": CUT, "raise_on_error": False,
                    "resources": {"warehouse": warehouse, "tracking": tracking}}  # fmt: skip
            made = dg.materialize([anomaly_models], **told)
            assert made.success is (strings == 3)
            assert dg.materialize([ml_model], **told).success
    rows = warehouse.read(t.ml_model, Part(month=CUT)).collect().sort("model_type").to_dicts()
    if strings == 1:
        assert rows == []
        return
    assert [row["model_type"] for row in rows] == ["anomaly_ae", "anomaly_iforest"]
    for row in rows:
        assert (row["status"], row["promoted_at"], row["retired_at"]) == ("staging", None, None)
        assert json.loads(row["hyperparameters_json"])["gate"].startswith("refused: among the faults")
        assert tracking.aliased(row["model_name"], "production") is None
    network, forest = (tracking.fetch(row["model_name"], "1", tmp_path / row["model_name"]) for row in rows)
    assert load_forest(forest).score(np.zeros((1, 15)))[0] > 0.5
    assert load_autoencoder(network).errors(np.zeros((1, 4, 24)))[0] < 1.0
