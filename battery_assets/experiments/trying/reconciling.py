"""Both stores of experiments held against each other: halves that a dead writer left are healed one way.

Our row and its job are the truth. A run of MLflow whose experiment has failed is ended as failed; one whose
experiment is gone is deleted. Runs of people, or of another platform on the same server, are left alone. What
completed and differs is no half: it is told, and nothing is changed.
"""

import hashlib
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from battery_assets.experiments.trying import books
from battery_assets.experiments.trying.work import EXPERIMENT
from battery_assets.platform.jobs import core
from battery_assets.platform.registry.identity import books_id
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

PAGE = 500
# Files of so many of the newest runs are read again, and held against their checksums.
READ_AGAIN = 20
ENDED = ("completed", "cancelled")
_ROWS = "SELECT id, name, status, metrics, mlflow_run_id FROM experiments.experiments ORDER BY id"


def reconcile(warehouse: Warehouse, tracking: Tracking) -> tuple[dict[str, int], list[str]]:
    """Heal what dead writers left. Returns what was healed, and what differs though it completed."""
    with warehouse.transaction() as connection:
        core.fail_abandoned(connection)
        mine = books_id(connection)
        rows = {int(row.id): dict(row._mapping) for row in connection.execute(sa.text(_ROWS))}
    client = tracking.client()
    runs = [run for run in _runs(client) if _is_ours(run, mine)]
    healed, differences = Counter[str](), []
    for run in runs:
        row = rows.get(int(run.data.tags["experiment_id"]))
        if row is None:
            client.delete_run(run.info.run_id)
            healed["runs without an experiment"] += 1
        elif word := _dead(run, row):
            client.set_terminated(run.info.run_id, "FAILED")
            healed[word] += 1
        if row is not None and row["mlflow_run_id"] is None and row["status"] == "failed":
            books.change(warehouse, row["name"], mlflow_run_id=run.info.run_id)
            row["mlflow_run_id"] = run.info.run_id
            healed["experiments that did not know their run"] += 1
    there = {run.info.run_id: run for run in runs}
    done = [row for row in rows.values() if row["status"] in ENDED and row["metrics"]]
    for row in done:
        differences += _differences(row, there.get(row["mlflow_run_id"]))
    for row in done[-READ_AGAIN:]:
        if row["mlflow_run_id"] in there:
            differences += _damaged(tracking, row["name"], there[row["mlflow_run_id"]])
    return dict(healed), differences


def differences_of(tracking: Tracking, row: dict[str, Any]) -> list[str]:
    """How an experiment of a row of the view differs from its run in MLflow, files included, in words."""
    number = row["mlflow_run_id"]
    run = tracking.client().get_run(number) if number else None
    different = _differences({**row, "metrics": row["metrics"] or {}}, run)
    return different + (_damaged(tracking, row["name"], run) if run is not None else [])


def _is_ours(run: Any, books_are: str) -> bool:
    """Whether an experiment of these books began the run."""
    tags = run.data.tags
    return tags.get("books") == books_are and tags.get("experiment_id", "").isdigit()


def _runs(client: Any) -> list[Any]:
    """Every run of the experiment that is not deleted, oldest first."""
    experiment = client.get_experiment_by_name(EXPERIMENT.name)
    runs: list[Any] = []
    token = None
    while experiment is not None:
        page = client.search_runs(
            [experiment.experiment_id],
            max_results=PAGE,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        runs += page
        token = page.token
        if not token:
            break
    return runs


def _dead(run: Any, row: dict[str, Any]) -> str:
    """Why a run that is not failed has to be; empty where it has not."""
    if run.info.status == "FAILED":
        return ""
    own = row["mlflow_run_id"] in (None, run.info.run_id)
    if not own:
        return "runs of an earlier try"
    return "runs of a dead writer" if row["status"] == "failed" else ""


def _differences(row: dict[str, Any], run: Any) -> list[str]:
    """How an experiment that ended differs from its run, in words."""
    if run is None:
        return [f"{row['name']}: its run {row['mlflow_run_id']} is not in MLflow"]
    if run.info.status != "FINISHED":
        return [f"{row['name']}: {row['status']} here, {run.info.status} in MLflow"]
    theirs = run.data.metrics
    return [
        f"{row['name']}: {name} is {value} here, {theirs.get(name)} in MLflow"
        for name, value in row["metrics"].items()
        if theirs.get(name) != value
    ]


def _damaged(tracking: Tracking, name: str, run: Any) -> list[str]:
    """Files of a run that are not what was kept."""
    marks = {
        key.removeprefix("sha256 "): mark for key, mark in run.data.tags.items() if key.startswith("sha256 ")
    }
    damaged = []
    for path, mark in marks.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                kept = Path(tracking.files_of(run.info.run_id).download_artifacts(path, folder))
                same = hashlib.sha256(kept.read_bytes()).hexdigest() == mark
            except Exception as error:
                damaged.append(f"{name}: {path} cannot be read: {type(error).__name__}")
                continue
        if not same:
            damaged.append(f"{name}: {path} is not what was kept")
    return damaged
