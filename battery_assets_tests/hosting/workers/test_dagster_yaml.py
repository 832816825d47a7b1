"""dagster.yaml as each place gets it."""

import pytest
import yaml

from battery_assets.errors import UserError
from battery_assets.hosting.launch import dagster_yaml
from battery_assets.settings import Settings
from battery_assets_tests.conftest import PROJECT

SOURCE = (PROJECT / "dagster.yaml").read_text()
BROKER = "amqp://me:s3cret@broker:5672//"


def written(tmp_path, **given: str) -> dict:
    text = dagster_yaml(SOURCE, Settings.from_environment({"BATTERY_HOME": str(tmp_path), **given}))
    assert "s3cret" not in text
    return yaml.safe_load(text)


def test_without_a_broker_it_is_the_project_s(tmp_path):
    assert dagster_yaml(SOURCE, Settings.from_environment({"BATTERY_HOME": str(tmp_path)})) == SOURCE


def test_with_a_broker_runs_go_to_workers_and_may_wait_for_one(tmp_path):
    made = written(tmp_path, BATTERY_BROKER_URL=BROKER, BATTERY_RUNS_AT_ONCE="7")
    assert made["run_launcher"]["class"] == "WorkersRunLauncher"
    assert made["run_launcher"]["config"] == {
        "broker": {"env": "BATTERY_BROKER_URL"}, "backend": {"env": "DAGSTER_PG_URL"},
    }  # fmt: skip
    assert made["concurrency"]["runs"]["max_concurrent_runs"] == 7
    assert 600 < made["run_monitoring"]["start_timeout_seconds"] < 86400


def test_with_a_bucket_what_steps_print_lies_beside_the_lake(tmp_path):
    made = written(tmp_path, BATTERY_LAKE_URL="s3://fleet/lake")
    assert made["compute_logs"]["config"]["lake_url"] == {"env": "BATTERY_LAKE_URL"}
    assert made["compute_logs"]["config"]["base_dir"] == f"{tmp_path}/dagster/storage"
    assert "run_launcher" not in made


def test_with_a_file_of_pods_a_tag_may_ask_for_one(tmp_path):
    made = written(tmp_path, BATTERY_BROKER_URL=BROKER, BATTERY_PODS_FILE="/etc/battery/pods.yaml")
    assert made["run_launcher"]["class"] == "PodsOrWorkersLauncher"
    assert made["run_launcher"]["config"]["pods_file"] == {"env": "BATTERY_PODS_FILE"}


def test_a_dagster_yaml_that_was_changed_is_named(tmp_path):
    settings = Settings.from_environment({"BATTERY_HOME": str(tmp_path), "BATTERY_RUNS_AT_ONCE": "3"})
    with pytest.raises(UserError, match="max_concurrent_runs"):
        dagster_yaml(SOURCE.replace("max_concurrent_runs: 2", "max_concurrent_runs: 5"), settings)
