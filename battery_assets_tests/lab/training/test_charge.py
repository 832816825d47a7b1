"""A lab of cells under a changing load, imported and run: its network of charge is trained through the job."""

from types import SimpleNamespace

import dagster as dg
import numpy as np
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.lab.p6_models.charge_model import charge_model
from battery_assets.lab.training import books
from battery_assets.lab.training.points import series_of
from battery_assets.lab.training.predicting import Asked, predict
from battery_assets.lab.training.selection import BadSelection
from battery_assets.lab.training.work import WEIGHTS
from battery_assets.platform.dagster.assets import declared_reads
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse, recorded_reads
from battery_assets.tables.lab import training as s
from battery_assets_tests.cases.cells import Lab
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.lab.test_lab_month import run
from battery_assets_tests.worlds.lab_files.drives import NOMINAL_AH, driven
from battery_assets_tests.worlds.lab_files.taken_in import write_bdf

MONTH = Part("drives", "2024-03")
TERMS = {"nominal_capacity_ah": NOMINAL_AH, "cutoff_voltage_v": 2.8, "timezone": "UTC"}
SMALL = {"target": "soc", "epochs": 6, "width": 12, "window": 6, "rows_per_epoch": 512, "batch": 32}


@pytest.fixture(scope="module")
def bench(migrated_url, tmp_path_factory):
    """warehouse, tracking, instance and numbers of six driven cells."""
    home = tmp_path_factory.mktemp("charge")
    for seed in range(1, 7):
        write_bdf(home / "files" / f"D{seed}.csv", driven(seed, seed / 60, cycles=2).drop("soc"))
    with copied_database(migrated_url) as url, dg.DagsterInstance.ephemeral() as instance:
        warehouse = Warehouse(database_url=url, lake_url=str(home / "lake"))
        lab = Lab(warehouse, home, home, run)
        found = lab.enter(MONTH, {f"D{seed}": ((f"files/D{seed}.csv",), TERMS) for seed in range(1, 7)})
        assert {one.status for one in found} == {"accepted"}, found
        assert run(warehouse, str(home), MONTH).success
        instance.add_dynamic_partitions("lab", [str(MONTH.site)])
        tracking = Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home))
        units = warehouse.read(t.battery_unit, Part(site=MONTH.site)).collect().sort("id")
        numbers = units["id"].to_list()
        sides = {"train": numbers[:3], "val": numbers[3:4], "test": numbers[4:]}
        yield SimpleNamespace(warehouse=warehouse, tracking=tracking, instance=instance, sides=sides)


@pytest.fixture(scope="module")
def trained(bench):
    """Runs the job of a training with a run config. Returns its result and the training's row."""
    from battery_assets.definitions import defs

    def go(**config):
        config = {"algorithm": "bilstm", "batteries": bench.sides, **config}
        result = defs.resolve_job_def("lab_charge_training").execute_in_process(
            instance=bench.instance,
            resources={"warehouse": bench.warehouse, "tracking": bench.tracking},
            partition_key=str(MONTH.site),
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "ops": {"charge_model": {"config": config}},
            },
        )
        return result, books.trainings(bench.warehouse)[-1]

    return go


@pytest.fixture(scope="module")
def first(trained):
    result, job = trained(hyperparams=SMALL, model_name="charge")
    assert result.success, job["reason"]
    return job


def rows(bench, table, **where):
    query = sa.select(table).filter_by(**where)
    with bench.warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def test_a_training_leaves_job_model_and_what_it_says_of_cells_it_did_not_see(bench, first):
    assert (first["status"], first["current_epoch"]) == ("succeeded", 6)
    assert len(rows(bench, s.training_job_metric, job_id=first["id"])) == 6
    [model] = rows(bench, s.model, job_id=first["id"])
    scores = model["metrics"]
    assert scores["soc_rmse"] < 0.5 * scores["soc_rmse_mean"]
    assert scores["soc_rmse_kalman"] < 0.1
    assert {"soc_rmse_counting", "soc_mae_by_cell", "memory_steps"} <= set(scores)
    said = rows(bench, s.prediction, model_id=model["id"])
    assert sorted(one["battery_id"] for one in said) == sorted(bench.sides["test"])
    assert all(0 <= one["result"]["soc"] <= 1 for one in said)


def test_the_registered_weights_predict_to_the_bit(bench, first, tmp_path):
    from battery_assets.learning.charge.scores import overall
    from battery_assets.learning.charge.stored import load

    [model] = rows(bench, s.model, job_id=first["id"])
    path = bench.tracking.fetch("charge", model["version"], tmp_path)
    assert path.name == WEIGHTS
    test = series_of(bench.warehouse, str(MONTH.site), bench.sides, 60.0).sides["test"]
    assert overall(test, load(path).predict(test))["soc_rmse"] == model["metrics"]["soc_rmse"]


def test_labels_and_capacities_of_the_series_are_those_of_the_tables(bench):
    found = series_of(bench.warehouse, str(MONTH.site), bench.sides, 60.0)
    test = found.sides["test"]
    for place in range(2):
        own = test.only(place)
        assert np.isfinite(own.soc).mean() > 0.5
        # The first cycle has no measured capacity before it; the second one has the first one's.
        assert own.capacity[0] == 1.0
        assert own.capacity[-1] < 0.99
    assert len(found.versions) == 1


def test_the_asset_reads_what_it_declares(bench):
    with recorded_reads() as reads:
        series_of(bench.warehouse, str(MONTH.site), bench.sides, 60.0)
    assert reads == declared_reads(charge_model)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"hyperparams": {**SMALL, "epochs": 0}}, "epochs: 0; at least 1 is needed"),
        ({"hyperparams": {**SMALL, "magic": 1}}, "'magic' is no term of a recipe of charge"),
        ({"algorithm": "deephpm", "hyperparams": SMALL}, "algorithm: 'deephpm' is none of bilstm"),
        ({"batteries": {"train": [1], "val": [1], "test": [1]}}, "battery 1 is not known"),
    ],
)
def test_bad_input_leaves_a_failed_job_with_its_reason(trained, config, words):
    result, job = trained(**config)
    assert not result.success
    assert job["status"] == "failed"
    assert words in job["reason"]


def test_a_lab_without_points_is_refused(bench):
    with pytest.raises(BadSelection, match="lab nowhere has no points of tests"):
        series_of(bench.warehouse, "nowhere", None, 60.0)


def test_a_model_of_charge_speaks_of_a_cell_and_of_stated_points(bench, first):
    [model] = rows(bench, s.model, job_id=first["id"])
    battery = bench.sides["test"][0]
    said = predict(bench.warehouse, bench.tracking, model["id"], Asked(battery_id=battery))
    [stored] = [one for one in rows(bench, s.prediction, model_id=model["id"], battery_id=battery)
                if one["id"] != said["id"]]  # fmt: skip
    assert said["result"]["soc"] == pytest.approx(stored["result"]["soc"], abs=0.05)
    drive = driven(5, 5 / 60, cycles=1)
    points = [
        {"time_s": row[0], "voltage_v": row[1], "current_a": row[2], "temperature_c": row[3]}
        for row in drive.select("test_time_s", "voltage_v", "current_a", "temperature_c").head(900).rows()
    ]
    payload = {"nominal_capacity_ah": NOMINAL_AH, "points": points}
    said = predict(bench.warehouse, bench.tracking, model["id"], Asked(payload=payload))
    assert abs(said["result"]["soc"] - drive["soc"][899]) < 0.2
    for broken, words in (
        ({"points": points}, "payload.nominal_capacity_ah: is missing"),
        ({**payload, "points": points[:1]}, "payload.points: a list of 2 to"),
        ({**payload, "points": [points[1], points[0]]}, r"payload.points\[1\].time_s: 0.0 follows"),
        ({**payload, "points": [{**points[0], "voltage_v": "3"}, points[1]]}, r"points\[0\].voltage_v: '3' is no finite"),
        ({**payload, "magic": 1}, "payload.magic: there is no such field"),
        ({**payload, "points": [{**points[0], "x": 1}, points[1]]}, r"points\[0\].x: the model takes no such"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            predict(bench.warehouse, bench.tracking, model["id"], Asked(payload=broken))
