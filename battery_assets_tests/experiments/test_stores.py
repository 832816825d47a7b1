"""A writer may die at any step between both stores: they end with equal sets, and what completed is left alone."""

import json
import math
import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa

from battery_assets.experiments.searching import books as campaigns
from battery_assets.experiments.searching import settings
from battery_assets.experiments.trying import books, work
from battery_assets.experiments.trying.reconciling import reconcile
from battery_assets.platform.jobs import core
from battery_assets.platform.registry.identity import books_id
from battery_assets.tables.experiments.campaigns import hpo_campaign
from battery_assets_tests.experiments import killed
from battery_assets_tests.experiments.test_datasets import rows

STEPS = ("asked", "taken", "run made", "run known", "epochs", "run ended")


@pytest.fixture(scope="module")
def sound(place, small):
    """The place with an experiment that completed, and stores that agree."""
    assert place.run("experiment", "stands", dataset=small, model_type="cnn1d", hyperparameters={
        "epochs": 2, "stages": [{"width": 8, "kernel": 15, "stride": 16}]}).success  # fmt: skip
    reconcile(place.warehouse, place.tracking)
    return place


def marks(place, number: int) -> dict[str, str]:
    """What a run of an experiment of these books carries."""
    with place.warehouse.reading() as connection:
        return {"experiment_id": str(number), "books": books_id(connection)}


def die_at(place, name: str, step: str) -> None:
    """Everything that a worker does up to a step, and no more: its lease has passed."""
    number = work.ask(place.warehouse, name, {"dataset": "small", "model_type": "forest_own_lines"})
    row = books.one(place.warehouse, name)
    if step == "asked":
        with place.warehouse.transaction() as connection:
            core.stop(connection, number)
        return
    with place.warehouse.transaction() as connection:
        core.take(connection, number, "dead")
    if step != "taken":
        client = place.tracking.client()
        at = place.tracking._experiment(client, work.EXPERIMENT)
        run = client.create_run(at, run_name=name, tags=marks(place, row["id"])).info.run_id
        if step != "run made":
            books.change(place.warehouse, name, mlflow_run_id=run)
        if step in ("epochs", "run ended"):
            books.put_epoch(place.warehouse, row["id"], 1, {"val_loss": 0.5})
            client.log_metric(run, "macro_auroc", 0.9)
        if step == "run ended":
            client.set_terminated(run, "FINISHED")
    past = sa.text("UPDATE service.job SET lease_until = now() - interval '1 s' WHERE id = :id").bindparams(
        id=number
    )
    with place.warehouse.transaction() as connection:
        connection.execute(past)


def sets(place) -> tuple[dict, dict]:
    """State of each experiment here, and of each run in MLflow that has not been deleted, by run."""
    known = {
        row["mlflow_run_id"]: "FINISHED" if row["status"] == "completed" else "FAILED"
        for row in rows(place, "SELECT * FROM experiments.experiments WHERE mlflow_run_id IS NOT NULL")
    }
    client = place.tracking.client()
    at = client.get_experiment_by_name(work.EXPERIMENT.name).experiment_id
    return known, {run.info.run_id: run.info.status for run in client.search_runs([at], max_results=500)}


def test_whatever_step_a_worker_dies_at_both_stores_end_with_equal_sets(sound):
    for step in STEPS:
        die_at(sound, f"dies-{step.replace(' ', '-')}", step)
    healed, differences = reconcile(sound.warehouse, sound.tracking)
    assert differences == []
    assert healed["runs of a dead writer"] == 4
    assert healed["experiments that did not know their run"] == 1
    here, there = sets(sound)
    assert here == {run: state for run, state in there.items() if run in here}
    assert all(state == "FAILED" for run, state in there.items() if run not in here)
    states = {
        row["name"]: row["status"] for row in rows(sound, "SELECT name, status FROM experiments.experiments")
    }
    assert {states[f"dies-{step.replace(' ', '-')}"] for step in STEPS[1:]} == {"failed"}
    assert states["stands"] == "completed", "what completed is left alone"
    assert reconcile(sound.warehouse, sound.tracking) == ({}, []), "a second look finds nothing"


def test_workers_killed_with_signal_9_at_each_step_leave_equal_sets(sound):
    """Real processes and a real signal: what each leaves is what the protocol had written, and no more."""
    network = {"model_type": "cnn1d", "hyperparameters": {"epochs": 2, "stages": [
        {"width": 8, "kernel": 15, "stride": 16}]}}  # fmt: skip
    names = {step: f"killed-{step.replace(' ', '-')}" for step in killed.STEPS}
    jobs = {
        step: work.ask(sound.warehouse, name, {"dataset": "small", **network}) for step, name in names.items()
    }
    order = {
        "jobs": jobs, "database": sound.warehouse.database_url, "lake": sound.warehouse.lake_url,
        "tracking": sound.tracking.tracking_uri, "artifacts": sound.tracking.artifact_root,
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", killed.__name__, json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == dict.fromkeys(killed.STEPS, -signal.SIGKILL)
    before = {name: books.one(sound.warehouse, name) for name in names.values()}
    states = "SELECT DISTINCT state FROM service.job WHERE id IN "
    assert rows(sound, f"{states}({', '.join(map(str, jobs.values()))})") == [{"state": "running"}]
    assert before["killed-row-entered"]["metrics"] and not before["killed-run-ended"]["metrics"]
    past = "UPDATE service.job SET lease_until = now() - interval '1 s' WHERE id = ANY (:jobs)"
    with sound.warehouse.transaction() as connection:
        connection.execute(sa.text(past).bindparams(jobs=list(jobs.values())))
    healed, differences = reconcile(sound.warehouse, sound.tracking)
    assert differences == []
    assert healed["runs of a dead writer"] == len(jobs) - 1, "all but the one that had made no run"
    assert healed["experiments that did not know their run"] == 1
    here, there = sets(sound)
    assert here == {run: state for run, state in there.items() if run in here}
    assert {books.one(sound.warehouse, name)["status"] for name in names.values()} == {"failed"}
    assert reconcile(sound.warehouse, sound.tracking) == ({}, []), "a second look finds nothing"


def test_a_number_that_differs_is_told_and_not_changed(sound):
    row = books.one(sound.warehouse, "stands")
    books.change(sound.warehouse, "stands", metrics={**row["metrics"], "macro_auroc": 0.123})
    _, differences = reconcile(sound.warehouse, sound.tracking)
    assert len(differences) == 1 and differences[0].startswith("stands: macro_auroc is 0.123 here")
    books.change(sound.warehouse, "stands", metrics=row["metrics"])
    assert reconcile(sound.warehouse, sound.tracking)[1] == []


def test_a_file_that_was_changed_is_told(sound):
    row = books.one(sound.warehouse, "stands")
    [path] = sound.home.rglob(f"{row['mlflow_run_id']}/**/network.safetensors")
    with open(path, "ab") as file:
        file.write(b"x")
    _, differences = reconcile(sound.warehouse, sound.tracking)
    with open(path, "rb+") as file:
        file.truncate(file.seek(0, 2) - 1)
    assert differences == ["stands: model/network.safetensors is not what was kept"]


def test_a_run_of_an_experiment_that_is_gone_is_deleted(sound):
    client = sound.tracking.client()
    at = sound.tracking._experiment(client, work.EXPERIMENT)
    run = client.create_run(at, tags=marks(sound, 999999)).info.run_id
    healed, _ = reconcile(sound.warehouse, sound.tracking)
    assert healed == {"runs without an experiment": 1}
    assert client.get_run(run).info.lifecycle_stage == "deleted"


@pytest.mark.parametrize(
    "tags", [{}, {"experiment_id": "999999"}, {"experiment_id": "999999", "books": "others"}]
)
def test_a_run_of_people_or_of_another_platform_is_left_alone(sound, tags):
    client = sound.tracking.client()
    at = sound.tracking._experiment(client, work.EXPERIMENT)
    run = client.create_run(at, tags=tags).info.run_id
    try:
        assert reconcile(sound.warehouse, sound.tracking) == ({}, [])
        assert client.get_run(run).info.lifecycle_stage == "active"
        assert client.get_run(run).info.status == "RUNNING"
    finally:
        client.delete_run(run)


def test_numbers_that_are_none_and_long_spaces_survive(sound):
    row = books.one(sound.warehouse, "stands")
    books.put_epoch(sound.warehouse, row["id"], 99, {"train_loss": math.nan, "val_loss": math.inf})
    [kept] = rows(
        sound, f"SELECT * FROM experiments.training_runs WHERE experiment_id = {row['id']} AND epoch = 99"
    )
    assert math.isnan(kept["train_loss"]) and kept["val_loss"] == math.inf
    space = {"min_samples_leaf": {"choices": list(range(1, 2500))}}
    assert len(str(space)) > 10_000
    terms = {
        "dataset": "small",
        "method": "random_search",
        "base_model_type": "forest_own_lines",
        "trials": 1,
    }
    settings.ask(sound.warehouse, "long-space", {**terms, "search_space": space})
    assert campaigns.campaign(sound.warehouse, hpo_campaign, "long-space").search_space == space
