"""What Dagster forgets of old runs, and what its pages go on to show."""

import os
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from battery_assets.hosting.databases import running_database
from battery_assets.hosting.readiness import DagsterStorage
from battery_assets.platform import clock
from battery_assets.platform.dagster.retention import prune

PARTS = dg.StaticPartitionsDefinition(["a", "b"])
KEY = dg.AssetKey("kept_asset")


@dg.asset(name="kept_asset", partitions_def=PARTS)
def kept_asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("a line of the log")
    return dg.MaterializeResult(metadata={"picture": dg.MetadataValue.md("!" * 5000)})


@dg.asset_check(asset=KEY, partitions_def=PARTS)
def whole() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@pytest.fixture(scope="module")
def instance(database_settings):
    before = dict(os.environ)
    with running_database(database_settings) as urls, DagsterStorage(database_settings, urls) as opened:
        yield opened.instance
    os.environ.clear()
    os.environ.update(before)


def run(instance, part: str, *, days_ago: float = 0.0) -> str:
    """A run that ended so many days ago."""
    result = dg.materialize([kept_asset, whole], instance=instance, partition_key=part, raise_on_error=True)
    ended = (clock.now() - timedelta(days=days_ago)).replace(tzinfo=None)
    with instance.run_storage.connect() as connection:
        change = sa.text("UPDATE runs SET update_timestamp = :ended WHERE run_id = :run")
        connection.execute(change, {"ended": ended, "run": result.run_id})
    return result.run_id


def kinds(instance, run_id: str) -> set[str]:
    entries = instance.all_logs(run_id)
    return {entry.dagster_event.event_type_value if entry.dagster_event else "LINE" for entry in entries}


def size(instance) -> int:
    with instance.event_log_storage.index_connection() as connection:
        return connection.execute(sa.text("SELECT sum(length(event)) FROM event_logs")).scalar_one()


def test_of_old_runs_only_what_pages_show_of_a_partition_stays(instance):
    first, second = (run(instance, "a", days_ago=age) for age in (50, 40))
    other, fresh = run(instance, "b", days_ago=45), run(instance, "a")
    logs = Path(instance.compute_log_manager._base_dir)
    for run_id in (first, second, other, fresh):
        (logs / run_id / "compute_logs").mkdir(parents=True, exist_ok=True)
    before, lines = size(instance), kinds(instance, fresh)
    assert prune(instance, 0) == {"events": 0, "runs": 0, "logs": 0}
    gone = prune(instance, 30)
    assert (gone["runs"], gone["logs"]) == (2, 3)
    assert gone["events"] > 20
    assert size(instance) < before * 0.7
    assert not instance.has_run(first)
    assert not instance.has_run(second)
    assert kinds(instance, other) == {
        "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_START", "PIPELINE_SUCCESS",
    }  # fmt: skip
    assert kinds(instance, fresh) == lines
    assert {path.name for path in logs.iterdir()} & {first, second, other, fresh} == {fresh}
    assert instance.get_materialized_partitions(KEY) == {"a", "b"}
    [newest] = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(KEY, "whole"), limit=1
    )
    assert newest.status.value == "SUCCEEDED"
    records = instance.fetch_materializations(KEY, limit=10).records
    assert {record.run_id for record in records} == {other, fresh}
    assert prune(instance, 30)["events"] == 0, "a second time there is nothing to forget"


def test_another_storage_is_left_as_it_is():
    with dg.DagsterInstance.ephemeral() as memory:
        assert prune(memory, 1) == {"events": 0, "runs": 0, "logs": 0}
