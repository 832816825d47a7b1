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
from battery_assets.platform.dagster.metadata import picture, pictures_of
from battery_assets.platform.dagster.retention import KEEP_LINES_DAYS, KEEP_PICTURES_DAYS, prune

PARTS = dg.StaticPartitionsDefinition(["a", "b"])
KEY = dg.AssetKey("kept_asset")
NOTHING = {"events": 0, "pictures": 0, "runs": 0, "logs": 0}
PNG = bytes(range(256)) * 40


@dg.asset(name="kept_asset", partitions_def=PARTS)
def kept_asset(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("a line of the log")
    metadata = {
        "rows": 7,
        "words": dg.MetadataValue.md("!" * 5000),
        "map": picture(PNG),
        "bars": picture(PNG[:5000]),
    }
    return dg.MaterializeResult(metadata=metadata)


@dg.asset(name="broken_asset", partitions_def=PARTS)
def broken_asset() -> None:
    raise ValueError("no such thing")


@dg.asset_check(asset=KEY, partitions_def=PARTS)
def whole() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True, metadata={"share": 0.25})


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
    age(instance, result.run_id, days_ago)
    return result.run_id


def age(instance, run_id: str, days: float) -> None:
    """Let a run have ended so many days ago."""
    ended = (clock.now() - timedelta(days=days)).replace(tzinfo=None)
    with instance.run_storage.connect() as connection:
        change = sa.text("UPDATE runs SET update_timestamp = :ended WHERE run_id = :run")
        connection.execute(change, {"ended": ended, "run": run_id})


def newest(instance, part: str) -> dict:
    """Metadata of the newest result of a partition."""
    asked = dg.AssetRecordsFilter(KEY, asset_partitions=[part])
    [record] = instance.fetch_materializations(asked, limit=1).records
    return dict(record.asset_materialization.metadata)


def asked(instance, query: str, **values) -> int:
    with instance.event_log_storage.index_connection() as connection:
        return connection.execute(sa.text(query), values).scalar_one()


# Other tests of the session store events in the same database.
PICTURES = """SELECT count(*) FROM event_logs
WHERE position('image/png' IN event) > 0 AND asset_key = '["kept_asset"]'"""


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
    assert prune(instance, 0) == NOTHING
    gone = prune(instance, 30)
    assert (gone["runs"], gone["logs"]) == (2, 3)
    assert gone["events"] > 20
    assert size(instance) < before * 0.7
    assert not instance.has_run(first)
    assert not instance.has_run(second)
    assert kinds(instance, other) == {"ASSET_MATERIALIZATION", "PIPELINE_START", "PIPELINE_SUCCESS"}
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


def test_lines_of_a_run_that_succeeded_go_after_days_and_those_of_one_that_failed_stay(instance):
    done = run(instance, "a", days_ago=KEEP_LINES_DAYS + 1)
    fresh = run(instance, "a", days_ago=KEEP_LINES_DAYS - 1)
    failed = dg.materialize([broken_asset], instance=instance, partition_key="a", raise_on_error=False)
    age(instance, failed.run_id, KEEP_LINES_DAYS + 1)
    before = {run_id: kinds(instance, run_id) for run_id in (fresh, failed.run_id)}
    assert {"STEP_FAILURE", "PIPELINE_FAILURE"} <= before[failed.run_id]
    assert prune(instance, 30)["events"] > 5
    assert kinds(instance, done) == {"ASSET_MATERIALIZATION", "PIPELINE_START", "PIPELINE_SUCCESS"}
    [judged] = [
        record
        for record in instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(KEY, "whole"), limit=9
        )
        if record.run_id == done
    ]
    assert judged.status.value == "SUCCEEDED"
    said = judged.event.dagster_event.asset_check_evaluation_data
    assert said.metadata["share"].value == 0.25 and judged.partition == "a"
    assert {run_id: kinds(instance, run_id) for run_id in before} == before


@dg.asset
def judged_alone() -> None:
    """An asset that a check looks at, and that nobody makes."""


@dg.asset_check(asset=judged_alone)
def looked_at() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def test_a_run_that_only_judged_stays_as_long_as_its_result_is_the_newest(instance):
    def judge(days_ago: float) -> str:
        selection = dg.AssetSelection.checks(looked_at)
        result = dg.materialize([judged_alone, looked_at], instance=instance, selection=selection)
        age(instance, result.run_id, days_ago)
        return result.run_id

    first = judge(50)
    prune(instance, 30)
    assert instance.has_run(first)
    second = judge(40)
    prune(instance, 30)
    assert not instance.has_run(first) and instance.has_run(second)


def test_a_picture_stays_with_the_newest_result_of_its_partition_alone(instance):
    older, newer = run(instance, "a"), run(instance, "a")
    run(instance, "b")
    assert prune(instance, 30)["pictures"] >= 1
    [record] = [
        record for record in instance.fetch_materializations(KEY, limit=9).records if record.run_id == older
    ]
    said = record.asset_materialization.metadata
    assert said["rows"].value == 7 and said["words"].value == "!" * 5000
    assert said["map"].value == said["bars"].value == "A newer result took the place of this picture."
    assert instance.has_run(newer)
    for part in ("a", "b"):
        assert pictures_of(newest(instance, part)) == {"map": PNG, "bars": PNG[:5000]}
    assert asked(instance, PICTURES) == 2
    assert prune(instance, 30)["pictures"] == 0
    with clock.stop_at(clock.now() + timedelta(days=KEEP_PICTURES_DAYS + 1)):
        assert prune(instance, 30)["pictures"] >= 2
    assert asked(instance, PICTURES) == 0
    assert newest(instance, "b")["rows"].value == 7, "numbers stay"


def test_thirty_nights_leave_what_the_first_fourteen_did(instance):
    began, counts, texts = clock.now() + timedelta(days=100), [], []
    for night in range(30):
        with clock.stop_at(began + timedelta(days=night)):
            for part in ("a", "b"):
                run(instance, part)
            prune(instance, 10)
        counts.append(asked(instance, "SELECT count(*) FROM event_logs"))
        texts.append(size(instance))
        assert asked(instance, PICTURES) == 2
    assert counts[3] > 3 * counts[0] / 2, "nights do leave something"
    assert len({*counts[14:]}) == 1, counts
    assert max(texts[14:]) < 1.02 * min(texts[14:]), texts
    for table in ("asset_check_executions", "asset_event_tags", "runs"):
        assert asked(instance, f"SELECT count(*) FROM {table}") < 200, table


def test_another_storage_is_left_as_it_is():
    with dg.DagsterInstance.ephemeral() as memory:
        assert prune(memory, 1) == NOTHING
