"""What the bench's models say of cells they did not see, beside what was true."""

import json
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.lives import training_frame
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import empty


@dg.asset(
    **materializes(
        t.prediction, reads=[t.model_run], history=[t.cycle_data, t.battery_unit], history_months=1200,
        after=[t.cycle],
    )
)  # fmt: skip
def prediction(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    part = warehouse.claim(t.prediction, context)
    runs = warehouse.read(t.model_run, part).collect()
    rows = training_frame(warehouse, part).filter(pl.col("group_tag") != "train")
    frames = [_predicted(run, rows) for run in runs.to_dicts()]
    nothing = empty(t.prediction)
    predictions = [frame.select(nothing.columns) for frame in frames]
    return warehouse.replace(t.prediction, part, pl.concat([nothing, *predictions], how="vertical_relaxed"))


def _predicted(run: dict, rows: pl.DataFrame) -> pl.DataFrame:
    from battery_assets.learning.cycles.ridge import RECIPES, Ridge

    fitted: dict[str, Any] = json.loads(run["parameters_json"])
    numbers: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fitted.items()
    }
    model = Ridge(**numbers)
    target = next(recipe.target for recipe in RECIPES if recipe.task == run["task"])
    values = model.predict(rows)
    # A row of a table of cycles has no cycle of a test to be named after.
    named_rows = rows.with_columns(predicted=values, named=pl.coalesce("cycle_id", "row_id")).filter(
        pl.Series(np.isfinite(values))
    )
    ids = [identity("prediction", run["run_id"], one) for one in named_rows["named"]]
    return named_rows.with_columns(
        pl.Series("prediction_id", ids, dtype=pl.String),
        run_id=pl.lit(run["run_id"]),
        task=pl.lit(run["task"]),
        true_value=pl.col(target).cast(pl.Float64),
    )
