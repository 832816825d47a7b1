"""MLflow as it really runs: on a database file, and behind its own server."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import polars as pl
import pytest

from battery_assets.platform.experiments import VIEW, Experiment, runs_pages
from battery_assets.platform.tracking import (
    ArtifactMismatch,
    Tracking,
    TrackingUnavailable,
    without_password,
)
from battery_assets_tests.worlds.stores import CONTENT, NOTE, RUL, registered


class Served(Tracking):
    """MLflow behind its server, and the folder of its database."""

    folder: str

    @property
    def home(self) -> Path:
        return Path(self.folder)


@pytest.fixture(scope="module")
def on_a_database(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    """MLflow straight on a database, artifacts in a folder."""
    home = tmp_path_factory.mktemp("mlflow-database")
    return Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home / "artifacts"))


@pytest.fixture(scope="module")
def on_a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """MLflow's own server on a free loopback port, artifacts served by it."""
    home = tmp_path_factory.mktemp("mlflow-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{home}/mlflow.db"]
    command += ["--artifacts-destination", str(home / "artifacts"), "--serve-artifacts"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (home / "server.log").open("wb") as log:
        place = {"stdout": log, "stderr": log, "start_new_session": True}
        server = subprocess.Popen(command, env=os.environ | quiet, **place)
    try:
        _wait(f"http://127.0.0.1:{port}/health", server, home / "server.log")
        yield Served(tracking_uri=f"http://127.0.0.1:{port}", folder=str(home))
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=20)


def _wait(address: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        try:
            urlopen(address, timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"no answer from {address}: {log.read_text()}")


def test_the_server_shows_the_files_that_steps_logged_on_its_database(on_a_server: Served) -> None:
    home = on_a_server.home
    beside = Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home / "artifacts"))
    with beside.run(Experiment("remaining useful life", "Lives.", ("c_index",), ("depth",)), "a") as run:
        run.log_table(pl.DataFrame({"jar": ["a"]}), "tables/worst.csv")
    client = on_a_server.client()
    assert [item.path for item in client.list_artifacts(run.run_id, "tables")] == ["tables/worst.csv"]
    page = runs_pages(on_a_server.tracking_uri)["remaining useful life"]
    assert page.endswith(f"/{run.experiment_id}/runs?viewStateShareKey={VIEW}&workflowType=machine_learning")


@pytest.mark.parametrize("where", ["on_a_database", "on_a_server"])
def test_a_run_keeps_all_it_was_told_and_its_model_comes_back(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tracking = request.getfixturevalue(where)
    run_id, version = registered(tracking, tmp_path, "rul-bkk")
    client = tracking.client()
    stored = client.get_run(run_id)
    assert stored.info.status == "FINISHED"
    assert stored.data.tags["partition"] == "2026-10|bkk"
    assert stored.data.params["depth"] == "4"
    assert stored.data.params["data_versions_count"] == "2"
    assert stored.data.metrics["c_index"] == 0.9
    assert "not_computable" not in stored.data.metrics
    assert len(client.get_metric_history(run_id, "nll")) == 250
    assert {item.path for item in tracking.files_of(run_id).list_artifacts()} == {
        "data_versions.json", "figures", "model", "tables"
    }  # fmt: skip
    entry = client.get_model_version("rul-bkk", version)
    assert entry.tags["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert entry.tags["cutoff"] == "2026-11-01"
    assert entry.source.endswith("/model")
    assert tracking.fetch("rul-bkk", version, tmp_path / "fetched").read_bytes() == CONTENT


def test_a_file_that_is_only_looked_at_is_gone_afterwards(
    on_a_database: Tracking, tmp_path: Path, monkeypatch
) -> None:
    _, version = registered(on_a_database, tmp_path, "rul-looked-at")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    with on_a_database.fetched("rul-looked-at", version) as path:
        assert path.read_bytes() == CONTENT
        assert path.is_relative_to(tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_an_experiment_says_what_it_is_for_and_which_columns_decide(on_a_database: Tracking) -> None:
    told = Experiment("remaining life", "How long.", ("c_index", "brier_90d"), ("cutoff_month",))
    with on_a_database.run(told, "a") as run:
        run.log_dataset("fleet before 2026-10", {"feature_store 2026-09|bkk": "ab" * 32})
    client = on_a_database.client()
    experiment = client.get_experiment(run.experiment_id)
    assert experiment.tags["mlflow.note.content"] == "How long."
    view = json.loads(json.loads(experiment.tags[f"mlflow.sharedViewState.{VIEW}"])["state"])
    decisive = ["metrics.`c_index`", "metrics.`brier_90d`", "params.`cutoff_month`"]
    assert view["selectedColumns"][-3:] == decisive
    stored = client.get_run(run.run_id)
    [dataset] = stored.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.tags[0].value) == ("fleet before 2026-10", "training")
    assert re.fullmatch("[0-9a-f]{40}", stored.data.tags["mlflow.source.git.commit"])
    client.set_experiment_tag(run.experiment_id, "mlflow.note.content", "A person's words.")
    with on_a_database.run(told, "b"):
        pass
    assert client.get_experiment(run.experiment_id).tags["mlflow.note.content"] == "A person's words."


def test_the_newest_cut_off_is_in_production(on_a_database: Tracking, tmp_path: Path) -> None:
    made = {}
    for cutoff in ("2026-11", "2026-12", "2026-10"):
        with on_a_database.run(RUL, cutoff) as run:
            (tmp_path / "model.cbm").write_bytes(CONTENT)
            run.log_artifact_file(tmp_path / "model.cbm", "model")
        tags = {"cutoff_month": cutoff}
        made[cutoff] = on_a_database.register("lives", run.run_id, "model/model.cbm", "Lives.", tags)
        on_a_database.set_aliases("lives", made[cutoff], cutoff)
    found = on_a_database.client().get_registered_model("lives")
    assert found.description == "Lives."
    assert str(found.aliases["production"]) == made["2026-12"]
    assert str(found.aliases["before_2026-10"]) == made["2026-10"]


@pytest.mark.parametrize("left_out", ["note", "metrics", "params"])
def test_an_experiment_that_says_nothing_of_itself_is_none(left_out: str) -> None:
    said = {"name": "lives", "note": "How long.", "metrics": ("c_index",), "params": ("depth",)}
    with pytest.raises(ValueError, match=f"experiment 'lives' has no {left_out}"):
        Experiment(**{**said, left_out: type(said[left_out])()})


def test_every_registered_model_says_what_it_is_and_which_is_the_newest(
    on_a_database: Tracking, tmp_path: Path
) -> None:
    """One that an older version registered without words has them with its next training."""
    client = on_a_database.client()
    client.create_registered_model("rul-mute")
    registered(on_a_database, tmp_path, "rul-mute")
    _, second = registered(on_a_database, tmp_path, "rul-mute")
    shown = client.get_registered_model("rul-mute")
    assert (shown.description, str(shown.aliases["newest"])) == (NOTE, second)
    client.update_registered_model("rul-mute", "A person's words.")
    registered(on_a_database, tmp_path, "rul-mute")
    assert client.get_registered_model("rul-mute").description == "A person's words."


def test_registering_twice_gives_one_version(on_a_database: Tracking, tmp_path: Path) -> None:
    run_id, version = registered(on_a_database, tmp_path, "rul-twice")
    assert on_a_database.register("rul-twice", run_id, "model/model.cbm", NOTE) == version


def test_a_second_training_gives_a_second_version(on_a_database: Tracking, tmp_path: Path) -> None:
    _, first = registered(on_a_database, tmp_path, "rul-again")
    _, second = registered(on_a_database, tmp_path, "rul-again")
    assert (first, second) == ("1", "2")


def test_a_changed_artifact_is_refused(on_a_database: Tracking, tmp_path: Path) -> None:
    run_id, version = registered(on_a_database, tmp_path, "rul-damaged")
    stored = Path(on_a_database.artifact_root) / "rul" / run_id / "artifacts" / "model" / "model.cbm"
    stored.write_bytes(CONTENT.replace(b"real model", b"rea1 model"))
    with pytest.raises(ArtifactMismatch, match="rul-damaged version 1"):
        on_a_database.fetch("rul-damaged", version, tmp_path / "fetched")


def test_an_exception_marks_the_run_failed_and_still_reaches_the_caller(on_a_database: Tracking) -> None:
    def train() -> None:
        with on_a_database.run(RUL, "2026-11|bkk") as run:
            ids.append(run.run_id)
            run.log_metrics({"seen": 1.0})
            raise KeyError("no such column")

    ids: list[str] = []
    with pytest.raises(KeyError, match="no such column"):
        train()
    stored = on_a_database.client().get_run(ids[0])
    assert stored.info.status == "FAILED"
    assert stored.data.metrics == {"seen": 1.0}
    assert "no such column" in stored.data.tags["failure"]


def test_two_partitions_have_two_runs_of_one_experiment(on_a_database: Tracking) -> None:
    with on_a_database.run(RUL, "a") as first:
        pass
    with on_a_database.run(RUL, "b") as second:
        pass
    assert first.run_id != second.run_id
    assert first.experiment_id == second.experiment_id


def test_no_run_is_left_open_in_the_process(on_a_database: Tracking) -> None:
    import mlflow

    with on_a_database.run(RUL, "a"):
        assert mlflow.active_run() is None


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "postgresql+psycopg2://mlflow:secret@127.0.0.1:9/mlflow"]
)
def test_a_silent_address_is_told_in_seconds_and_without_its_password(address: str) -> None:
    started = time.monotonic()
    with pytest.raises(TrackingUnavailable, match=r"127\.0\.0\.1:9.*does not answer") as told:
        Tracking(tracking_uri=address).client()
    assert "secret" not in str(told.value)
    assert time.monotonic() - started < 60  # MLflow itself tries for minutes


def test_a_password_never_shows() -> None:
    assert without_password("postgresql://me:p@ss@host/db") == "postgresql://***@host/db"
    assert without_password("sqlite:////tmp/x.db") == "sqlite:////tmp/x.db"


def test_telemetry_is_off_before_mlflow_is_imported() -> None:
    script = (
        "import os, sys, tempfile\n"
        "from battery_assets.platform.tracking import Tracking\n"
        "assert 'mlflow' not in sys.modules\n"
        "Tracking(tracking_uri='sqlite:///' + tempfile.mkdtemp() + '/m.db').client()\n"
        "print(os.environ['MLFLOW_DISABLE_TELEMETRY'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "true"
