"""A training from run config to model, seen in SQL, Dagster and MLflow alike; and what ends one badly."""

import hashlib
import threading
import time

import dagster as dg
import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions import train as action
from battery_assets.lab.training import books
from battery_assets.lab.training.selection import BadSelection, Selection, select
from battery_assets.lab.training.work import WEIGHTS
from battery_assets.platform.jobs import core
from battery_assets.platform.registry import books as registry
from battery_assets.tables.lab import training as s


def rows(bench, table: sa.Table, **where) -> list[dict]:
    query = sa.select(table).where(*(table.c[name] == value for name, value in where.items()))
    with bench.warehouse.transaction() as connection:
        return [
            dict(row) for row in connection.execute(query.order_by(*table.primary_key.columns)).mappings()
        ]


@pytest.mark.parametrize("algorithm", ["baseline", "bilstm", "deephpm"])
def test_a_training_is_one_story_in_three_places(bench, trained, algorithm):
    result, job = trained(algorithm=algorithm)
    assert result.success
    assert (job["status"], job["algorithm"], job["progress"]) == ("succeeded", algorithm, 1)
    epochs = rows(bench, s.training_job_metric, job_id=job["id"])
    assert [row["epoch"] for row in epochs] == list(range(1, job["current_epoch"] + 1))
    [model] = rows(bench, s.model, job_id=job["id"])
    made = result.asset_materializations_for_node("cell_model")[0]
    run_id = made.metadata["mlflow_run_id"].value
    client = bench.tracking.client()
    curve = {one.step: one.value for one in client.get_metric_history(run_id, "val_loss")}
    assert curve == {row["epoch"]: row["val_loss"] for row in epochs}
    assert client.get_run(run_id).data.params["algorithm"] == algorithm
    sides = rows(bench, s.training_job_battery, job_id=job["id"])
    assert [sum(row["split_role"] == side for row in sides) for side in ("train", "val", "test")] == [
        12,
        3,
        3,
    ]
    told = rows(bench, s.prediction, model_id=model["id"])
    assert {row["battery_id"] for row in told} == {
        row["battery_id"] for row in sides if row["split_role"] == "test"
    }
    assert model["metrics"]["probe_moved_by_the_future"] == 0
    assert {"rul_rmse_mean_life", "rul_rmse_linear_fade", "soh_rmse"} <= set(model["metrics"])


def test_a_registered_model_gives_what_was_stored(bench, trained, tmp_path):
    from battery_assets.learning.networks.stored import load

    _, job = trained(algorithm="baseline", model_name="kept")
    [model] = rows(bench, s.model, job_id=job["id"])
    path = bench.tracking.fetch("kept", model["version"], tmp_path)
    assert path.name == WEIGHTS
    assert hashlib.sha256(path.read_bytes()).hexdigest()
    fitted, chosen = load(path), select(bench.warehouse, bench.lab)
    test = chosen.cells("test", fitted.features)
    health, left = fitted.predict(test)
    for row in rows(bench, s.prediction, model_id=model["id"]):
        at = [chosen.numbers[name] for name in test.names].index(row["battery_id"])
        last = int(np.flatnonzero(test.cell == at)[-1])
        assert (row["soh"], row["rul"]) == (float(health[last]), float(left[last]))


def test_lineage_leads_from_the_model_to_the_training_table(bench, trained):
    from battery_assets.definitions import defs

    graph = defs.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get(dg.AssetKey("cell_model")).parent_keys} == {
        "cycle_data", "battery_unit",
    }  # fmt: skip
    with bench.warehouse.transaction() as connection:
        [part] = registry.committed_parts(connection, t.cycle_data, site=bench.lab)
    chosen = select(bench.warehouse, bench.lab)
    assert chosen.versions == {f"cycle_data {part.month}|{bench.lab}": part.sha256}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"more": {"epochs": 0}}, "epochs: 0; at least 1 is needed"),
        ({"algorithm": "magic"}, "algorithm: 'magic' is none of"),
        ({"more": {"features": ["feature_8"]}}, "feature_8 are NULL in the training cells"),
        ({"batteries": {"train": [1], "val": [1], "test": [1]}}, "battery 1 is not known"),
    ],
)
def test_bad_input_leaves_a_failed_job_with_its_reason(bench, trained, config, words):
    result, job = trained(**config)
    assert not result.success
    assert job["status"] == "failed"
    assert words in job["reason"]
    with bench.warehouse.transaction() as connection:
        log = connection.execute(
            sa.text("SELECT level, message FROM lab_training.training_job_log WHERE job_id = :id"),
            {"id": job["id"]},
        ).all()
    assert ("ERROR", job["reason"]) in [tuple(line) for line in log]


def test_cells_on_two_sides_are_refused_also_under_two_names(bench):
    numbers = sorted(select(bench.warehouse, bench.lab).roles)
    with pytest.raises(BadSelection, match="is on the sides train and test"):
        select(bench.warehouse, bench.lab, {"train": numbers[:5], "val": [numbers[5]], "test": numbers[4:5]})
    with pytest.raises(BadSelection, match="no cell is on the side val"):
        select(bench.warehouse, bench.lab, {"train": numbers[:5], "test": numbers[5:]})
    with pytest.raises(BadSelection, match="'held' is no side"):
        select(bench.warehouse, bench.lab, {"held": numbers})


@pytest.fixture
def held(bench) -> dict[str, list[int]]:
    """The cells of the lab's own val and test sides, and, as `going_on`, those whose end was not seen."""
    roles = select(bench.warehouse, bench.lab).roles
    lives = bench.warehouse.read(t.cycle_data).collect()
    return {
        "val": [one for one in roles if roles[one] == "val"],
        "test": [one for one in roles if roles[one] == "test"],
        "going_on": sorted(lives.filter(pl.col("rul").is_null())["battery_id"].unique()),
    }


def test_one_training_cell_fails_with_a_next_step(trained, held):
    going_on = held.pop("going_on")
    _, job = trained(batteries={**held, "train": going_on[:1]})
    assert job["status"] == "failed"
    assert "1 training cell: at least 2 are needed; next step: bring in more" in job["reason"]


def test_cells_none_of_which_has_ended_fail_with_a_next_step(trained, held):
    going_on = held.pop("going_on")
    _, job = trained(batteries={**held, "train": going_on})
    assert job["status"] == "failed"
    assert "no training cell has reached its end of life" in job["reason"]
    assert "next step: wait for one, or train on soh alone" in job["reason"]
    _, job = trained(batteries={**held, "train": going_on}, more={"target": "soh", "epochs": 1})
    assert job["status"] == "succeeded"


def test_an_overlapping_split_fails(trained, held):
    _, job = trained(batteries={"train": held["test"], "val": held["val"], "test": held["test"]})
    assert job["status"] == "failed"
    assert f"battery {held['test'][0]} is on the sides t" in job["reason"]


def test_a_feature_that_is_no_number_is_not_stored_and_would_fail_the_job(bench, trained, monkeypatch):
    from battery_assets.lab.training import work

    change = sa.text("UPDATE lab.cycle_data SET feature_1 = 'NaN' WHERE cycle_num = 9")
    with (
        pytest.raises(sa.exc.IntegrityError, match="ck_cycle_data_feature_1"),
        bench.warehouse.transaction() as c,
    ):
        c.execute(change)

    def spoiled(*asked):
        found = select(*asked)
        feature = (
            pl.when(pl.col("cycle_num") == 9).then(float("nan")).otherwise("feature_1").alias("feature_1")
        )
        return Selection(found.rows.with_columns(feature), found.versions)

    monkeypatch.setattr(work, "select", spoiled)
    _, job = trained(algorithm="baseline")
    assert job["status"] == "failed"
    assert "has features that are NaN or infinite; next step: mend its rows" in job["reason"]


def test_a_red_probe_is_a_warning_in_the_log(bench, trained, monkeypatch):
    from battery_assets.learning.networks import probes

    monkeypatch.setattr(probes, "TOLD_LIFE", 10.0)
    _, job = trained(algorithm="baseline", more={"epochs": 1})
    [model] = rows(bench, s.model, job_id=job["id"])
    assert model["metrics"]["probes_red"] >= 1
    with bench.warehouse.transaction() as connection:
        lines = connection.execute(
            sa.text(
                "SELECT message FROM lab_training.training_job_log WHERE job_id = :id AND level = 'WARNING'"
            ),
            {"id": job["id"]},
        ).scalars()
        assert any("error_of_life_told_by_one_feature" in line for line in lines)


def test_a_stop_keeps_the_best_weights(bench):
    from battery_assets.lab.training.work import train

    facts = {"lab": bench.lab, "algorithm": "baseline", "model_name": "stopped",
             "hyperparams": {"epochs": 5000, "patience": 5000, "width": 16}}  # fmt: skip
    with bench.warehouse.transaction() as connection:
        number = core.ask(connection, s.KIND, facts, 5000)
    found = []
    worker = threading.Thread(
        target=lambda: found.append(train(bench.warehouse, bench.tracking, number, None, lambda line: None))
    )
    worker.start()
    while not rows(bench, s.training_job_metric, job_id=number):
        time.sleep(0.05)
    [seen] = books.trainings(bench.warehouse, number)
    assert seen["status"] == "running", "it is seen while it runs"
    assert action.stop_training(bench, number) == "running"
    worker.join()
    [job] = books.trainings(bench.warehouse, number)
    assert (job["status"], job["current_epoch"] < 5000) == ("stopped", True)
    assert found[0].stopped
    epochs = rows(bench, s.training_job_metric, job_id=number)
    [model] = rows(bench, s.model, job_id=number)
    assert model["metrics"]["best_val_loss"] == min(row["val_loss"] for row in epochs)
