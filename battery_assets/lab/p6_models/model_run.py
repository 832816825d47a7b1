"""Ridge lines for health and remaining life of cells under test, logged in MLflow."""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.lives import training_frame
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

if TYPE_CHECKING:
    from battery_assets.learning.cycles.ridge import Recipe

EXPERIMENT = "lab"
NAME = "ridge"


@dg.asset(**materializes(t.model_run, history=[t.cycle_data, t.battery_unit], history_months=1200))
def model_run(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.learning.cycles.ridge import RECIPES, TooFewCells, measured

    part = warehouse.claim(t.model_run, context)
    rows, version = training_frame(warehouse, part), dataset_version(warehouse, part)
    runs: list[dict[str, Any]] = []
    shown: dict[str, dg.MetadataValue] = {}
    for whole in RECIPES:
        try:
            recipe = measured(rows, whole)
            left_out = sorted(set(whole.features) - set(recipe.features))
            if left_out:
                shown[f"{recipe.task}: not measured"] = dg.MetadataValue.text(", ".join(left_out))
            runs.append(_trained(context.run.run_id, tracking, rows, recipe, part, version))
            shown[recipe.task] = dg.MetadataValue.json(json.loads(runs[-1]["metrics_json"]))
        except TooFewCells as too_few:
            shown[whole.task] = dg.MetadataValue.text(str(too_few))
    return warehouse.replace(
        t.model_run, part, pl.DataFrame(runs, schema=polars_schema(t.model_run)), metadata=shown
    )


def dataset_version(warehouse: Warehouse, part: Part) -> str:
    """One checksum for all that was learned from: the partitions of the lab up to the month."""
    with warehouse.transaction() as connection:
        parts = registry.committed_parts(connection, t.cycle_data, site=part.site)
    seen = "".join(f"{row.month}{row.sha256}" for row in parts if row.month <= str(part.month))
    return hashlib.sha256(seen.encode()).hexdigest()


def _trained(
    dagster_run: str, tracking: Tracking, rows: pl.DataFrame, recipe: "Recipe", part: Part, version: str
) -> dict:
    from battery_assets.learning.cycles.ridge import fit, usable

    model, metrics = fit(rows, recipe)
    known = usable(rows, recipe)
    sides = known.group_by("cell_id").agg(pl.col("group_tag").first())["group_tag"]
    tags = {
        "dagster_run_id": dagster_run,
        "task": recipe.task,
        "lab": str(part.site),
        "month": str(part.month),
    }
    with tracking.run(EXPERIMENT, f"{NAME} {recipe.task} {part.key}", tags) as run:
        run.log_params(
            {**asdict(recipe), "model": NAME, "penalty": model.penalty, "dataset_version": version}
        )
        run.log_metrics(metrics)
    return {
        "run_id": identity("model_run", NAME, recipe.task, part.key, version),
        "task": recipe.task,
        "model_name": NAME,
        "dataset_version": version,
        "trained_until": part.end,
        "train_cells": int((sides == "train").sum()),
        "held_out_cells": int((sides != "train").sum()),
        "hyperparameters_json": json.dumps({**asdict(recipe), "penalty": model.penalty}),
        "parameters_json": json.dumps(asdict(model)),
        "metrics_json": json.dumps(metrics, sort_keys=True),
        "mlflow_run_id": run.run_id,
    }
