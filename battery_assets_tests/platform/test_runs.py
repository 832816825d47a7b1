"""A month of a small site through Dagster: what is read, what is checked, what is kept."""

import contextlib
from collections.abc import Iterator

import dagster as dg
import pytest

from battery_assets import tables as t
from battery_assets.arrival import Landing
from battery_assets.platform import registry
from battery_assets.platform.assets import declared_reads
from battery_assets.platform.partitions import Part
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse import Warehouse, recorded_reads
from battery_assets_tests.conftest import copied_database

PART = Part("alpha", "2025-03")
KEY = dg.MultiPartitionKey({"month": "2025-03", "site": "alpha"})
CONFIG = {
    "place": "bangrak",
    "seed": 7,
    "interval_s": 3600,
    "strings": 1,
    "jars_per_string": 4,
    "start": "2025-02",
}
READS: dict[str, set[str]] = {}
_OPEN = contextlib.ExitStack()


class Watched(Warehouse):
    """A warehouse that notes which tables each asset reads between its claim and its replace."""

    def claim(self, table, context, **more):
        READS[table.name] = _OPEN.enter_context(recorded_reads())
        return super().claim(table, context, **more)

    def replace(self, *given, **more):
        result = super().replace(*given, **more)
        _OPEN.close()
        return result


def jobs(url: str, folder) -> dg.Definitions:
    """The code location, on the stores of the test."""
    from battery_assets import definitions as d

    resources = {
        "warehouse": Watched(database_url=url, lake_url=str(folder / "lake")),
        "landing": Landing(folder=str(folder / "landing")),
        "tracking": Tracking(
            tracking_uri=f"sqlite:///{folder}/mlflow.db", artifact_root=str(folder / "artifacts")
        ),
    }
    return dg.Definitions(
        assets=d.assets, asset_checks=d.checks, jobs=[d.catalogue_job, d.site_month_job], resources=resources
    )


class World:
    """Stores, an instance, and the results of the runs in it."""

    def __init__(self, url: str, folder) -> None:
        self.warehouse = Warehouse(database_url=url, lake_url=str(folder / "lake"))
        self.defs, self.instance = jobs(url, folder), dg.DagsterInstance.ephemeral()

    def site(self, site: str, source: str, config: dict) -> None:
        with self.warehouse.transaction() as connection:
            registry.put_site(connection, site, source, config)
        self.instance.add_dynamic_partitions("site", [site])

    def run(self, job: str, key=None, selection=None) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=key, raise_on_error=False, asset_selection=selection
        )

    def evaluations(self, result) -> dict[str, dg.AssetCheckEvaluation]:
        return {
            event.event_specific_data.asset_key.path[-1]: event.event_specific_data
            for event in result.all_events
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
        }


@pytest.fixture(scope="module")
def world(migrated_url, tmp_path_factory) -> Iterator[World]:
    with copied_database(migrated_url) as url:
        made = World(url, tmp_path_factory.mktemp("world"))
        made.site("alpha", "synthetic", CONFIG)
        made.catalogue = made.run("catalogue")
        made.month = made.run("site_month", KEY)
        yield made


def failures(result) -> list[str]:
    return [
        f"{event.step_key}: {event.event_specific_data.error.cause or event.event_specific_data.error}"
        for event in result.all_events
        if event.is_step_failure
    ] + [
        f"{event.event_specific_data.asset_key}: {event.event_specific_data.description}"
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION" and not event.event_specific_data.passed
    ]


def test_a_month_of_a_site_runs_from_master_to_work_orders(world):
    assert world.catalogue.success, failures(world.catalogue)
    assert world.month.success, failures(world.month)
    for table in t.TABLES:
        if table.name == "ml_model":
            continue
        part = Part() if table.info["cut"] == "whole" else PART
        profile = world.warehouse.profile(table, part)
        assert profile is not None, table.name
        assert profile["rows"] or table.info["may_be_empty"], table.name


def test_every_asset_reads_what_it_declares(world):
    """What is declared and not read orders runs for nothing; what is read and not declared may be stale."""
    for asset in world.defs.assets:
        name = asset.key.path[-1]
        if name in ("rul_model", "ml_model"):
            continue
        assert READS[name] == declared_reads(asset), name
        upstream = {key.path[-1] for key in asset.dependency_keys}
        assert READS[name] <= upstream, name


def test_no_asset_was_seen_to_read_the_truth(world):
    assert READS["jar_truth"] == set()
    assert len(READS) >= len([table for table in t.TABLES if table.info["cut"] == "site_month"])
    assert not [name for name, reads in READS.items() if "jar_truth" in reads]
    assert world.warehouse.read(t.jar_truth, PART).collect().height >= 4


def test_every_check_is_kept_with_its_partition(world):
    evaluations = world.evaluations(world.month)
    tables = {table.name for table in t.TABLES if table.info["cut"] == "site_month"}
    assert set(evaluations) == tables
    assert {evaluation.partition for evaluation in evaluations.values()} == {str(KEY)}
    assert all(evaluation.blocking for evaluation in evaluations.values())
    storage = world.instance.event_log_storage
    for name in tables:
        [kept] = storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(name), "suite"), limit=5
        )
        assert kept.partition == str(KEY), name
        assert kept.status.value == "SUCCEEDED", name
    assert {e.partition for e in world.evaluations(world.catalogue).values()} == {None}


def test_a_materialization_says_what_was_kept(world):
    for table in t.TABLES:
        if table.info["cut"] != "site_month":
            continue
        records = world.instance.fetch_materializations(dg.AssetKey(table.name), limit=1).records
        event = records[0].asset_materialization
        profile = world.warehouse.profile(table, PART)
        assert event.partition == str(KEY)
        assert event.metadata["dagster/partition_row_count"].value == profile["rows"]
        assert event.tags["dagster/data_version"] == event.metadata["sha256"].value
        # Alerts learn their incident after they were materialized.
        assert event.metadata["sha256"].value == profile["sha256"] or table is t.alert
    jars = world.instance.fetch_materializations(dg.AssetKey("telemetry_jar_raw"), limit=1).records[0]
    metadata = jars.asset_materialization.metadata
    assert metadata["from"].value.startswith("2025-03-01T00")
    assert metadata["to"].value.startswith("2025-03-31T23")


def test_running_the_month_again_changes_nothing(world):
    tables = [table for table in t.TABLES if table.info["cut"] == "site_month"]
    before = {table.name: world.warehouse.profile(table, PART)["sha256"] for table in tables}
    again = world.run("site_month", KEY)
    assert again.success, failures(again)
    assert {table.name: world.warehouse.profile(table, PART)["sha256"] for table in tables} == before


def test_a_failing_check_stops_what_comes_after_it(world):
    """A site of files without any file has no location, where one is expected."""
    world.site("hollow", "files", {})
    result = world.run("site_month", dg.MultiPartitionKey({"month": "2025-03", "site": "hollow"}))
    assert not result.success
    evaluation = world.evaluations(result)["location"]
    assert not evaluation.passed
    assert evaluation.partition == "2025-03|hollow"
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert "0 rows" in evaluation.description
    done = {event.step_key for event in result.all_events if event.event_type_value == "STEP_SUCCESS"}
    begun = {event.step_key for event in result.all_events if event.event_type_value == "STEP_START"}
    apart = {"audit_log", "audit_log_suite"}
    assert done - apart == {"location"}
    assert begun - apart == {"location", "location_suite"}
    healthy = world.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("location"), "suite"), limit=9
    )
    assert {(kept.partition, kept.status.value) for kept in healthy} == {
        (str(KEY), "SUCCEEDED"), ("2025-03|hollow", "FAILED")
    }  # fmt: skip


def test_an_unknown_site_is_told_how_to_become_known(world):
    world.instance.add_dynamic_partitions("site", ["nowhere"])
    result = world.run(
        "site_month", dg.MultiPartitionKey({"month": "2025-03", "site": "nowhere"}), [dg.AssetKey("location")]
    )
    [words] = failures(result)
    assert "site 'nowhere' is not known. Next step: battery-assets site add nowhere" in words
    assert "Known: alpha" in words


def test_the_training_reads_what_its_dependencies_name(world):
    from battery_assets.p6_ml_digital_twin.rul_model import rul_model, training_frames

    with recorded_reads() as reads:
        training_frames(world.warehouse, Part(month="2025-04"))
    assert reads == {key.path[-1] for key in rul_model.dependency_keys}
