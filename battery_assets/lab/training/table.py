"""Errors of every model of a lab, cell by cell, as MLflow has them: what tables of scores are made of."""

import tempfile
from pathlib import Path

import polars as pl

from battery_assets.lab.training.work import EXPERIMENT, SHORT
from battery_assets.platform.tracking import Tracking

CELLS = "cells.csv"
ERRORS = ("soh_rmse", "soh_mape", "rul_rmse")


def errors_by_cell(tracking: Tracking, lab: str) -> pl.DataFrame:
    """model, seed, cell_id, rows, soh_rmse, soh_mape, rul_rmse of every finished run of a lab.

    Runs of one model and seed on other cells, such as folds, stand together. Rules without a model stand
    there once. An ensemble has no seed: 0.
    """
    client = tracking.client()
    experiment = client.get_experiment_by_name(EXPERIMENT.name)
    if experiment is None:
        return _none()
    runs = client.search_runs(
        [experiment.experiment_id], f"tags.lab = '{lab}' and attributes.status = 'FINISHED'", max_results=5000
    )
    frames = []
    for run in sorted(runs, key=lambda one: int(one.info.start_time)):
        files = tracking.files_of(run.info.run_id)
        there = {one.path for one in files.list_artifacts()}
        for name, file in {
            "": CELLS,
            **{rule: f"cells_{short}.csv" for rule, short in SHORT.items()},
        }.items():
            if file not in there:
                continue
            with tempfile.TemporaryDirectory() as folder:
                rows = pl.read_csv(Path(files.download_artifacts(file, folder)))
            seed = 0 if name else int(run.data.params.get("seed", 0))
            frames.append(
                rows.select(
                    pl.lit(name or run.data.params.get("model", "")).alias("model"),
                    pl.lit(seed, pl.Int64).alias("seed"),
                    pl.col("cell_id").cast(pl.String),
                    pl.col("rows").cast(pl.Int64),
                    *(pl.col(one).cast(pl.Float64) for one in ERRORS),
                )
            )
    # The same training again takes the place of an earlier one; a rule is the same in every run.
    together = pl.concat([_none(), *frames])
    return together.unique(["model", "seed", "cell_id"], keep="last", maintain_order=True)


def _none() -> pl.DataFrame:
    kinds = {"model": pl.String, "seed": pl.Int64, "cell_id": pl.String, "rows": pl.Int64}
    return pl.DataFrame(schema={**kinds, **dict.fromkeys(ERRORS, pl.Float64)})
