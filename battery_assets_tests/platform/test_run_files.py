"""Where the files of runs lie: under one root that may be moved, and nowhere else."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from battery_assets.platform.run_files import free_from_folder
from battery_assets.platform.tracking import Tracking
from battery_assets_tests.worlds.stores import CONTENT, RUL, registered


def test_the_files_may_be_moved_and_nothing_names_the_folder_they_were_in(tmp_path: Path) -> None:
    tracking = Tracking(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db", artifact_root=str(tmp_path / "old"))
    _, version = registered(tracking, tmp_path, "rul-moved")
    (tmp_path / "old").rename(tmp_path / "new")
    moved = Tracking(tracking_uri=tracking.tracking_uri, artifact_root=str(tmp_path / "new"))
    assert moved.fetch("rul-moved", version, tmp_path / "model").read_bytes() == CONTENT
    assert not [told for told in _addresses(tmp_path / "mlflow.db") if str(tmp_path) in told]


def _addresses(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        queries = (
            "artifact_location FROM experiments",
            "artifact_uri FROM runs",
            "source FROM model_versions",
        )
        return [row[0] for query in queries for row in connection.execute(f"SELECT {query}")]


def test_addresses_of_before_are_freed_from_their_folder(tmp_path: Path) -> None:
    tracking = Tracking(
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db", artifact_root=str(tmp_path / "mlflow")
    )
    _, version = registered(tracking, tmp_path, "rul-old")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            old = f"'file:///gone/mlflow' || substr({column}, 18)"
            connection.execute(f"UPDATE {table} SET {column} = {old}")
        connection.commit()
    assert tracking.fetch("rul-old", version, tmp_path / "model").read_bytes() == CONTENT, (
        "before they are freed, too"
    )
    assert free_from_folder(tracking.tracking_uri, tracking.artifact_root) >= 2
    assert {told.partition(":")[0] for told in _addresses(tmp_path / "mlflow.db")} == {"mlflow-artifacts"}
    assert tracking.fetch("rul-old", version, tmp_path / "model").read_bytes() == CONTENT
    assert free_from_folder(tracking.tracking_uri, tracking.artifact_root) == 0


def test_no_empty_default_experiment_and_no_file_where_a_command_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracking = Tracking(tracking_uri=f"sqlite:///{tmp_path}/home.db", artifact_root=str(tmp_path / "home"))
    with tracking.run(RUL, "a"):
        pass
    assert [one.name for one in tracking.client().search_experiments()] == ["rul"]
    assert {path.name for path in tmp_path.iterdir()} <= {"home.db", "home"}
    assert "_MLFLOW_SERVER_ARTIFACT_ROOT" not in os.environ
