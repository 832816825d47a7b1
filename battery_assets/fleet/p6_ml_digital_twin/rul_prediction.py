"""Remaining useful life of every jar at the month's end: by the newest model, else by the twin.

A jar with a known fault has none. A model is asked about jars of which it knows what it was trained on. Where
MLflow or the model's file is away, the twin answers for all: alerts do not wait for either.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.jars import jar_facts, site_history
from battery_assets.fleet.p6_ml_digital_twin.registered import REMAINING_LIFE
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.tracking import ArtifactMismatch, Tracking, TrackingUnavailable
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity

if TYPE_CHECKING:
    from battery_assets.learning.life.model import RulModel

HISTORY_MONTHS = 12


@dataclass(frozen=True)
class Served:
    """The model in production as it was loaded, or None and why there is none."""

    model: "RulModel | None"
    model_id: str | None
    away: str = ""


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
    from battery_assets.learning.life.examples import has_week

    part = warehouse.claim(t.rul_prediction, context)
    snaps, faults = month_snapshots(warehouse, part)
    broken, facts = (
        snaps.join(faults, on="battery_id", how=how, maintain_order="left") for how in ("semi", "anti")
    )
    behind = served(tracking, _model_of(warehouse, part))
    if behind.away:
        context.log.warning(f"rul_prediction {part}: predicted by the twin: {behind.away}")
    week = has_week(facts) if behind.model else pl.Series([False] * facts.height, dtype=pl.Boolean)
    parts = [_by_twin(facts.filter(~week)), _by_fault(broken, faults)]
    if behind.model and week.any():
        parts.append(_by_model(behind.model, behind.model_id, facts.filter(week)))
    rows = pl.concat(parts).sort("battery_id")
    jars = jar_facts(warehouse, part)
    silent = jars.filter(pl.col("replaced_date").is_null()).join(rows, on="battery_id", how="anti").height
    shown: dict[str, Any] = {
        "jars without prediction": silent,
        "source": "ml_model" if behind.model else "digital_twin",
        **({"model not used": behind.away} if behind.away else {}),
        "by source": dict(rows.group_by("source").len().sort("source").iter_rows()),
        "jars with a known fault": broken.height,
    }
    if rows.height:
        lives = rows.select("battery_id", "predicted_at", "rul_days")
        shown |= keep_picture(
            warehouse, part, "remaining life", digest(lives), lambda: rul_histogram(lives), by=__name__
        )
    return warehouse.replace(t.rul_prediction, part, rows, metadata=shown)


def month_snapshots(warehouse: Warehouse, part: Part) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is known of each jar at the end of the month, its trends over the year before included; and the
    faults that its twin knows: battery_id, fault, lost_v.
    """
    from battery_assets.features.samples.service import still_there
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
    # Of a jar whose health could not be told this month no life can be told either, nor of one that has left.
    twin_rows = still_there(twins.filter(pl.col("captured_at") > part.start), batteries, "captured_at")
    faults = twin_rows.filter(pl.col("fault").is_not_null()).select("battery_id", "fault", "lost_v")
    return snaps.join(twin_rows, on="battery_id", how="semi", maintain_order="left"), faults


def _model_of(warehouse: Warehouse, part: Part) -> dict | None:
    """The newest model in production whose cut-off is not after the month."""
    model = t.ml_model
    where = (model.c.month <= str(part.month)) & (model.c.status == "production")
    where &= model.c.model_name == REMAINING_LIFE.registered_name
    rows = warehouse.read(model, where=where).collect().sort("training_data_end")
    return rows.row(-1, named=True) if rows.height else None


def served(tracking: Tracking, registered: dict | None) -> Served:
    """The model of a row of ml_model, fetched and checked; nothing raised here may hold back an alert."""
    if registered is None:
        return Served(None, None)
    from battery_assets.learning.life.model import ModelMismatch, load

    name, version = registered["artifact_url"].removeprefix("models:/").split("/")
    sha256 = json.loads(registered["hyperparameters_json"])["model_sha256"]
    try:
        with tracking.fetched(name, version) as path:
            return Served(load(path, sha256), registered["model_id"])
    except (TrackingUnavailable, ArtifactMismatch, ModelMismatch, OSError) as reason:
        return Served(None, None, f"model {name} {version} is away: {reason}")


def _by_model(model: "RulModel", model_id: str | None, snaps: pl.DataFrame) -> pl.DataFrame:
    from battery_assets.learning.life.explanation import explanations, feature_snapshot_json
    from battery_assets.learning.life.model import predict

    return _rows(
        predict(model, snaps),
        snaps,
        "ml_model",
        model_id,
        explanations(model, snaps),
        feature_snapshot_json(snaps),
    )


def _by_fault(snaps: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """Jars that do not do their duty any more, whatever their age."""
    from battery_assets.learning.life.explanation import feature_snapshot_json
    from battery_assets.learning.life.prediction import ended

    joined = snaps.join(faults, on="battery_id", how="left", maintain_order="left")
    words = [
        json.dumps({"method": "known fault", "fault": fault, "lost_v": lost_v})
        for fault, lost_v in joined.select("fault", "lost_v").iter_rows()
    ]
    explained = pl.Series("explanation_json", words, dtype=pl.String)
    return _rows(
        ended(snaps["battery_id"]), snaps, "digital_twin", None, explained, feature_snapshot_json(snaps)
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
    snapshots_seen: pl.Series,
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
        snapshots_seen.alias("feature_snapshot_json"),
        explained.alias("explanation_json"),
    )
