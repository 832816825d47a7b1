"""A lab of cells that fade by a known law, imported and run once."""

import json
from types import SimpleNamespace

import dagster as dg
import pytest

from battery_assets.actions import import_per_cycle as action
from battery_assets.platform.landing import Landing
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.lab.test_lab_month import run
from battery_assets_tests.lab.test_per_cycle import MONTH
from battery_assets_tests.worlds.lab_files.fading import fading

LAYOUT = {
    "name": "fading", "features": {"feature_1": "feature_1", "feature_2": "feature_2"}, "cell": "cell_id",
    "cycle": "cycle_num", "pcl": "pcl", "nominal_capacity_ah": 1.0, "side": "side",
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(migrated_url, tmp_path_factory):
    """warehouse, tracking, instance and home of a lab with 12 cells of train, 3 of val and 3 of test."""
    home = tmp_path_factory.mktemp("trainings")
    rows = fading(18, seed=4, unfinished=(2, 7))
    place = rows["cell_id"].str.slice(5).cast(int)
    sides = ["train" if one < 12 else "val" if one < 15 else "test" for one in place]
    book, path = home / "layout.json", home / "cells.csv"
    book.write_text(json.dumps(LAYOUT))
    rows.drop("rul").insert_column(0, rows["cell_id"].alias("side").replace_strict(
        dict(zip(rows["cell_id"], sides, strict=True)))).write_csv(path)  # fmt: skip
    lab = str(MONTH.site)
    with copied_database(migrated_url) as url, dg.DagsterInstance.ephemeral() as instance:
        warehouse = Warehouse(database_url=url, lake_url=str(home / "lake"))
        at = SimpleNamespace(warehouse=warehouse, instance=instance, landing=Landing(folder=str(home)))
        terms = action.enter_lab_of_cycles(at, lab, str(book), {})
        action.enter(at, lab, terms, action.land_tables(at.landing, lab, [path]), lambda *_: None)
        assert run(warehouse, str(home), MONTH).success
        instance.add_dynamic_partitions("lab", [lab])
        tracking = Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home))
        yield SimpleNamespace(warehouse=warehouse, tracking=tracking, instance=instance, home=home, lab=lab)


@pytest.fixture(scope="module")
def trained(bench):
    """Runs the Dagster job of a training with a run config. Returns its result and the training's row."""
    from battery_assets.definitions import defs
    from battery_assets.lab.training import books

    def go(**config):
        config["hyperparams"] = {
            "epochs": 6, "width": 16, "layers": 2, "rows_per_epoch": 512, "window": 4, **config.pop("more", {})
        }  # fmt: skip
        result = defs.resolve_job_def("lab_training").execute_in_process(
            instance=bench.instance,
            resources={"warehouse": bench.warehouse, "tracking": bench.tracking},
            partition_key=bench.lab,
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "ops": {"cell_model": {"config": config}},
            },
        )
        return result, books.trainings(bench.warehouse)[-1]

    return go
