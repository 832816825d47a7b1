"""A made-up lab through the whole job: points to training table, partitioned, checked, reproducible."""

import json

import dagster as dg
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.platform import registry
from battery_assets.platform.partitions import Part
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse import Warehouse
from battery_assets_tests.conftest import copied_database

LAB = Part("lab-t", "2025-01")
CONFIG = {"seed": 5, "cells": 8, "sample_s": 150}


@pytest.fixture(scope="module")
def ran(migrated_url, tmp_path_factory):
    """A warehouse in which the lab's month has run, and the run."""
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(tmp_path_factory.mktemp("lab") / "lake"))
        with warehouse.transaction() as connection:
            registry.put_site(connection, str(LAB.site), "lab-synthetic", CONFIG)
        yield warehouse, run(warehouse, str(tmp_path_factory.mktemp("mlflow")))


@pytest.fixture
def lab(ran):
    return ran[0]


def run(warehouse, folder):
    from battery_assets.definitions import defs

    job = defs.resolve_job_def("lab_month")
    tracking = Tracking(tracking_uri=f"sqlite:///{folder}/mlflow.db", artifact_root=folder)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("lab", [str(LAB.site)])
        return job.execute_in_process(
            instance=instance,
            resources={"warehouse": warehouse, "tracking": tracking},
            partition_key=dg.MultiPartitionKey({"month": str(LAB.month), "site": str(LAB.site)}),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def test_a_lab_month_runs_from_points_to_the_training_table(ran):
    lab, result = ran
    assert result.success
    checked = {e.asset_key.path[-1]: e for e in result.get_asset_check_evaluations()}
    assert set(checked) == {table.name for table in t.LAB_TABLES}
    assert all(evaluation.passed for evaluation in checked.values())
    sessions = lab.read(t.test_session, LAB).collect()
    assert sorted(sessions["protocol"].unique()) == ["characterisation", "cycle_life"]
    assert sessions.height == 2 * CONFIG["cells"]
    cycles = lab.read(t.cycle, LAB).collect()
    features = lab.read(t.cycle_feature, LAB).collect()
    assert cycles.height == features.height
    points = lab.read(t.timeseries_point, LAB).select(pl.len()).collect().item()
    assert cycles["points_count"].sum() == points == sessions["points_count"].sum()
    assert lab.read(t.label_soc, LAB).select(pl.len()).collect().item() == points


def test_a_prediction_row_leads_back_to_session_and_cell(lab):
    row = lab.read(t.cycle_data, LAB).collect().row(50, named=True)
    cycle = lab.read(t.cycle, LAB).collect().filter(pl.col("cycle_id") == row["cycle_id"]).row(0, named=True)
    session = (
        lab.read(t.test_session, LAB)
        .collect()
        .filter(pl.col("session_id") == cycle["session_id"])
        .row(0, named=True)
    )
    cells = lab.read(t.battery_cell, LAB).collect()
    assert session["cell_id"] in set(cells["cell_id"])
    unit = lab.read(t.battery_unit, LAB).collect().filter(pl.col("cell_id") == session["cell_id"])
    assert unit["id"].to_list() == [row["battery_id"]]
    points = lab.read(t.timeseries_point, LAB).filter(pl.col("session_id") == session["session_id"])
    assert points.select(pl.len()).collect().item() == session["points_count"]


def test_labels_say_when_a_life_ended_or_that_it_was_not_seen(lab):
    labels = lab.read(t.label_soh, LAB).collect().filter(pl.col("definition") == "capacity")
    ended = labels.filter(pl.col("censoring") == "observed")
    assert ended.height > 0
    assert (ended["rul_cycles"] == (ended["life_cycles"] - ended["cycle_index"]).clip(lower_bound=0)).all()
    at_end = ended.filter(pl.col("cycle_index") == pl.col("life_cycles"))
    assert (at_end["soh_pct"] <= 80.0).all()
    data = lab.read(t.cycle_data, LAB).collect()
    assert data.filter(pl.col("rul").is_not_null())["rul"].min() == 0
    units = lab.read(t.battery_unit, LAB).collect()
    assert data["battery_id"].n_unique() == units.height == CONFIG["cells"]


def test_the_line_is_scored_on_cells_it_never_saw(lab):
    runs = lab.read(t.model_run, LAB).collect()
    assert sorted(runs["task"]) == ["rul", "soh"]
    units = dict(lab.read(t.battery_unit, LAB).collect().select("cell_id", "group_tag").iter_rows())
    predicted = lab.read(t.prediction, LAB).collect()
    assert {units[cell] for cell in predicted["cell_id"]} <= {"val", "test"}
    for run_row in runs.to_dicts():
        scores = json.loads(run_row["metrics_json"])
        own = predicted.filter(pl.col("run_id") == run_row["run_id"]).drop_nulls("true_value")
        for side in ("val", "test"):
            cells = [cell for cell, group in units.items() if group == side]
            rows = own.filter(pl.col("cell_id").is_in(cells))
            if f"rmse_{side}" in scores:
                error = ((rows["predicted"] - rows["true_value"]) ** 2).mean() ** 0.5
                assert error == pytest.approx(scores[f"rmse_{side}"], rel=1e-3)


def test_running_a_lab_month_again_gives_the_same_checksums(lab, tmp_path):
    def checksums():
        with lab.transaction() as connection:
            return {table.name: registry.committed(connection, table, LAB).sha256 for table in t.LAB_TABLES}

    first = checksums()
    assert run(lab, str(tmp_path)).success
    again = checksums()
    # A run of training is a new run in MLflow; what it found is the same.
    assert {**again, "model_run": ""} == {**first, "model_run": ""}


def test_a_site_that_is_no_lab_says_what_to_do(warehouse):
    from battery_assets.lab_source import sessions_of

    with pytest.raises(ValueError, match="battery-assets lab add nowhere"):
        sessions_of(warehouse, Part("nowhere", "2025-01"))
