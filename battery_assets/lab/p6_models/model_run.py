"""Ridge lines for health and remaining life of cells under test, logged in MLflow."""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.lab.lives import training_frame
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.replacing import from_scratch
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

if TYPE_CHECKING:
    from battery_assets.learning.cycles.ridge import Recipe, Ridge

EXPERIMENT = Experiment(
    name="lab",
    note="Ridge lines for health and remaining life of cells under test, a run for each task, lab and month "
    "whose data or code changed. They are judged on cells that they were not fitted to.",
    metrics=("rmse_test", "rmse_constant_test", "mae_test", "cells_test", "rmse_val"),
    params=("task", "dataset_version", "penalty", "features"),
)
NAME = "ridge"


@dg.asset(**materializes(t.model_run, history=[t.cycle_data, t.battery_unit], history_months=1200))
def model_run(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.learning.cycles.ridge import RECIPES, TooFewCells, measured

    part = warehouse.claim(t.model_run, context)
    runs: list[dict[str, Any]] = []
    if not _has_cycles(warehouse, part):
        nothing = {"nothing new": "no cycle began in the month: no model was fitted"}
        return warehouse.replace(t.model_run, part, _table(runs), metadata=nothing)
    rows, version = training_frame(warehouse, part), dataset_version(warehouse, part)
    before = _before(warehouse, part)
    shown: dict[str, dg.MetadataValue] = {}
    for whole in RECIPES:
        try:
            recipe = measured(rows, whole)
            left_out = sorted(set(whole.features) - set(recipe.features))
            if left_out:
                shown[f"{recipe.task}: not measured"] = dg.MetadataValue.text(", ".join(left_out))
            model, row = _fitted(rows, recipe, part, version)
            same = before.get(recipe.task, {})
            row["mlflow_run_id"] = (
                same["mlflow_run_id"]
                if _content(row).items() <= _content(same).items()
                else _logged(context.run.run_id, tracking, recipe, model, row, part)
            )
            runs.append(row)
            shown[recipe.task] = dg.MetadataValue.json(json.loads(runs[-1]["metrics_json"]))
        except TooFewCells as too_few:
            shown[whole.task] = dg.MetadataValue.text(str(too_few))
    return warehouse.replace(t.model_run, part, _table(runs), metadata=shown)


def _table(runs: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(runs, schema=polars_schema(t.model_run))


def _has_cycles(warehouse: Warehouse, part: Part) -> bool:
    """Did any cycle of the training table begin in the month?"""
    with warehouse.reading() as connection:
        row = registry.committed(connection, t.cycle_data, part)
    return row is not None and bool(row.rows)


def _content(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it can be compared: PostgreSQL gives documents and ids as objects."""
    return {
        name: json.loads(value)
        if name.endswith("_json") and isinstance(value, str)
        else str(value)
        if name.endswith("_id")
        else value
        for name, value in row.items()
    }


def _before(warehouse: Warehouse, part: Part) -> dict[str, dict[str, Any]]:
    """The month's rows as they are, by task: what would be logged again as it was, is not."""
    if from_scratch(part):
        return {}
    table = t.model_run
    query = sa.select(table).where(table.c.site == part.site, table.c.month == part.month)
    with warehouse.reading() as connection:
        return {row["task"]: dict(row) for row in connection.execute(query).mappings()}


def dataset_version(warehouse: Warehouse, part: Part) -> str:
    """One checksum for all that was learned from: the partitions of the lab up to the month."""
    with warehouse.transaction() as connection:
        parts = registry.committed_parts(connection, t.cycle_data, site=part.site)
    hashes = "".join(f"{row.month}{row.sha256}" for row in parts if row.month <= str(part.month))
    return hashlib.sha256(hashes.encode()).hexdigest()


def _fitted(rows: pl.DataFrame, recipe: "Recipe", part: Part, version: str) -> tuple["Ridge", dict[str, Any]]:
    """The line, and its row without the MLflow run."""
    from battery_assets.learning.cycles.ridge import fit, usable

    model, metrics = fit(rows, recipe)
    usable_rows = usable(rows, recipe)
    sides = usable_rows.group_by("cell_id").agg(pl.col("group_tag").first())["group_tag"]
    return model, {
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
    }


def _logged(
    dagster_run: str,
    tracking: Tracking,
    recipe: "Recipe",
    model: "Ridge",
    row: dict[str, Any],
    part: Part,
) -> str:
    """Log the fit. Returns the id of its MLflow run."""
    tags = {
        "dagster_run_id": dagster_run,
        "task": recipe.task,
        "lab": str(part.site),
        "month": str(part.month),
    }
    with tracking.run(EXPERIMENT, f"{NAME} {recipe.task} {part.key}", tags) as run:
        run.log_params(
            {
                **asdict(recipe),
                "model": NAME,
                "penalty": model.penalty,
                "dataset_version": row["dataset_version"],
            }
        )
        run.log_metrics(json.loads(row["metrics_json"]))
        run.log_dataset(f"cycle_data of {part.site}", {f"cycle_data to {part.month}": row["dataset_version"]})
    return run.run_id
