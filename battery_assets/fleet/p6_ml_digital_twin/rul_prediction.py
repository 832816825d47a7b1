"""Remaining useful life of every jar at the month's end: by the newest model, else by the twin."""

import json
from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import jar_facts, site_history
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity

HISTORY_MONTHS = 12


@dg.asset(
    **materializes(
        t.rul_prediction,
        reads=[t.battery, t.battery_model, t.string, t.ml_model],
        history=[t.feature_store, t.digital_twin_state],
        history_months=HISTORY_MONTHS,
    )
)
def rul_prediction(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.features.pictures.fleet import rul_histogram

    part = warehouse.claim(t.rul_prediction, context)
    snaps = month_snapshots(warehouse, part)
    found = _model_of(warehouse, part)
    rows = _by_model(tracking, found, snaps) if found else _by_twin(snaps)
    jars = jar_facts(warehouse, part)
    silent = jars.filter(pl.col("replaced_date").is_null()).join(rows, on="battery_id", how="anti").height
    shown: dict[str, Any] = {
        "jars without prediction": silent,
        "source": "ml_model" if found else "digital_twin",
    }
    if rows.height:
        lives = rows.select("battery_id", "predicted_at", "rul_days")
        shown |= keep_picture(
            warehouse, part, "remaining life", digest(lives), lambda: rul_histogram(lives), by=__name__
        )
    return warehouse.replace(t.rul_prediction, part, rows, metadata=shown)


def month_snapshots(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """What is known of each jar at the end of the month, its trends over the year before included."""
    from battery_assets.learning.life.examples import snapshots

    features = site_history(
        warehouse,
        t.feature_store,
        part,
        HISTORY_MONTHS,
        t.feature_store.c.feature_window_hours.in_((24, 168)),
    )
    twins = site_history(warehouse, t.digital_twin_state, part, HISTORY_MONTHS)
    batteries = warehouse.read(t.battery, part).collect()
    placed = batteries.filter(pl.col("string_id").is_not_null())
    features = features.join(placed, on="battery_id", how="semi")
    snaps = snapshots(features, twins, batteries).filter(pl.col("snapshot_at") > part.start)
    # Of a jar whose health could not be told this month no life can be told either.
    told = twins.filter(pl.col("captured_at") > part.start)
    return snaps.join(told, on="battery_id", how="semi", maintain_order="left")


def _model_of(warehouse: Warehouse, part: Part) -> dict | None:
    """The newest model in production whose cut-off is not after the month."""
    model = t.ml_model
    where = (model.c.month <= str(part.month)) & (model.c.status == "production")
    rows = warehouse.read(model, where=where).collect().sort("training_data_end")
    return rows.row(-1, named=True) if rows.height else None


def _by_model(tracking: Tracking, found: dict, snaps: pl.DataFrame) -> pl.DataFrame:
    from battery_assets.learning.life.explanation import explanations, feature_snapshot_json
    from battery_assets.learning.life.model import load, predict

    name, version = found["artifact_url"].removeprefix("models:/").split("/")
    sha256 = json.loads(found["hyperparameters_json"])["model_sha256"]
    model = load(tracking.fetch(name, version), sha256)
    return _rows(
        predict(model, snaps),
        snaps,
        "ml_model",
        found["model_id"],
        explanations(model, snaps),
        feature_snapshot_json(snaps),
    )


def _by_twin(snaps: pl.DataFrame) -> pl.DataFrame:
    from battery_assets.learning.life.explanation import feature_snapshot_json
    from battery_assets.learning.life.forward import forward_explanations, forward_predictions

    return _rows(
        forward_predictions(snaps),
        snaps,
        "digital_twin",
        None,
        forward_explanations(snaps),
        feature_snapshot_json(snaps),
    )


def _rows(
    predicted: pl.DataFrame,
    snaps: pl.DataFrame,
    source: str,
    model_id: str | None,
    explained: pl.Series,
    seen: pl.Series,
) -> pl.DataFrame:
    ids = [
        identity("rul_prediction", jar, at.isoformat())
        for jar, at in snaps.select("battery_id", "snapshot_at").iter_rows()
    ]
    return predicted.with_columns(
        pl.Series("prediction_id", ids, dtype=pl.String),
        snaps["snapshot_at"].alias("predicted_at"),
        pl.lit(source).alias("source"),
        pl.lit(model_id, pl.String).alias("model_id"),
        seen.alias("feature_snapshot_json"),
        explained.alias("explanation_json"),
    )
