"""Mirror of the model registry: every registered version whose cut-off is the month."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.p6_ml_digital_twin.registered import REMAINING_LIFE, TYPES
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.outbox.events import Event, is_news
from battery_assets.platform.outbox.kinds import INFO, MODEL_PROMOTED, MODEL_REFUSED, WARNING
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema


@dg.asset(**materializes(t.ml_model, after=[REMAINING_LIFE]))
def ml_model(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    part = warehouse.claim(t.ml_model, context)
    rows = [row for name in TYPES for row in _rows(tracking, name, part)]
    news = [event for row in rows if is_news(row["trained_at"]) for event in _events(row)]
    shown = pl.DataFrame(rows, schema=polars_schema(t.ml_model))
    return warehouse.replace(t.ml_model, part, shown, events=news)


def _rows(tracking: Tracking, name: str, part: Part) -> list[dict]:
    """The versions of a registered model, oldest first."""
    entries = tracking.versions(name, {"cutoff_month": str(part.month)})
    serving = [entry for entry in entries if passed(entry) and "withdrawn_ms" not in entry["tags"]]
    return [_row(name, entry, part, ended_at(entry, entries), entry in serving[-1:]) for entry in entries]


def _events(row: dict) -> Iterator[Event]:
    """A version that serves, or that the gate refused; one that served before is no news."""
    kind, said = {
        "production": (MODEL_PROMOTED, "serves"),
        "staging": (MODEL_REFUSED, "was refused by the gate"),
    }.get(row["status"], (None, ""))
    if kind is not None:
        gate = json.loads(row["hyperparameters_json"]).get("gate", "")
        yield Event(
            kind,
            "model",
            row["model_id"],
            f"{row['model_name']} {row['version']} {said}{f': {gate}' if gate else ''}",
            severity=INFO if kind is MODEL_PROMOTED else WARNING,
            at=row["trained_at"],
            facts={"model_name": row["model_name"], "version": row["version"]},
        )


def ended_at(entry: dict, entries: list[dict]) -> datetime | None:
    """When a version that passed ceased to serve: withdrawn, or followed by another that passed."""
    later = [other for other in entries if int(other["version"]) > int(entry["version"]) and passed(other)]
    ends = [other["created_ms"] for other in later[:1] if "withdrawn_ms" not in other["tags"]]
    if "withdrawn_ms" in entry["tags"]:
        ends.append(int(entry["tags"]["withdrawn_ms"]))
    return datetime.fromtimestamp(min(ends) / 1000, UTC) if ends and passed(entry) else None


def passed(entry: dict) -> bool:
    """Whether the gate let a version pass; one that was registered before there was a gate has."""
    return entry["tags"].get("gate", "passed") == "passed"


def _row(name: str, entry: dict, part: Part, ended: datetime | None, serves: bool) -> dict:
    """One registered version: the newest of a cut-off that passed the gate and stands is in production.

    One that was refused stays in staging, and its metrics say why.
    """
    trained = datetime.fromtimestamp(entry["created_ms"] / 1000, UTC)
    params = {**entry["params"], "model_sha256": entry["tags"]["model_sha256"]}
    able = passed(entry)
    if "gate_words" in entry["tags"]:
        params["gate"] = entry["tags"]["gate_words"]
    return {
        "model_id": identity("ml_model", name, entry["version"], entry["run_id"]),
        "model_name": name,
        "model_type": TYPES[name],
        "version": f"{part.month}.{entry['version']}",
        "status": "staging" if not able else "production" if serves else "retired",
        "trained_at": trained,
        "promoted_at": trained if able else None,
        "retired_at": None if serves else ended,
        "artifact_url": f"models:/{name}/{entry['version']}",
        "hyperparameters_json": json.dumps(params, sort_keys=True),
        "metrics_json": json.dumps(entry["metrics"], sort_keys=True),
        "feature_list": entry["tags"]["features"],
        "training_data_start": datetime.fromisoformat(params["first_snapshot"]),
        "training_data_end": part.start,
        "created_by": None,
    }
