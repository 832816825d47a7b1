"""A month of a small site through Dagster: what is read, what is checked, what is kept."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.definitions import assets as ASSETS
from battery_assets.definitions import checks as CHECKS
from battery_assets.platform.dagster import checks, steps
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.steps import in_steps
from battery_assets.synthetic import catalogue
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.code_location import World, evaluations, failures, materialized
from battery_assets_tests.worlds.months.replaced import flipped
from battery_assets_tests.worlds.watched import Watched, assert_declared, reads_of

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


@pytest.fixture(scope="module")
def world(migrated_url, tmp_path_factory) -> Iterator[World]:
    with copied_database(migrated_url) as url:
        made = World(url, tmp_path_factory.mktemp("world"), Watched)
        made.site("alpha", "synthetic", CONFIG)
        made.catalogue = made.run("catalogue")
        made.month = made.run("site_month", KEY)
        yield made


def test_a_month_of_a_site_runs_from_master_to_work_orders(world):
    assert world.catalogue.success, failures(world.catalogue)
    assert world.month.success, failures(world.month)
    for table in t.FLEET_TABLES:
        if table.name == "ml_model":
            continue
        part = Part() if table.info["cut"] == "whole" else PART
        profile = world.warehouse.profile(table, part)
        assert profile is not None, table.name
        assert profile["rows"] or table.info["may_be_empty"], table.name


def _capacity_test(warehouse, before: pl.DataFrame) -> pl.DataFrame:
    """The month's tests and one more: without any nobody asks what the string did meanwhile."""
    test = {
        "test_id": "00000000-0000-0000-0000-0000000000aa",
        "string_id": warehouse.read(t.string, PART).collect()["string_id"][0],
        "test_date": PART.start + timedelta(days=9),
        "test_type": "full_discharge",
        "discharge_rate_a": 12.0,
        "discharge_duration_min": 630.0,
    }
    rows = pl.DataFrame([test], schema_overrides={"test_date": pl.Datetime("us", "UTC")})
    return pl.concat([before, rows], how="diagonal_relaxed")


def test_every_asset_of_the_fleet_reads_what_it_declares_the_models_too(world):
    for asset in ("rul_model", "ml_model"):
        world.run("training", "2025-04", [dg.AssetKey(asset)])
    world.run("anomaly_training", "2025-04", [dg.AssetKey("anomaly_models")])
    report = world.run("monthly_report", PART.month, [dg.AssetKey("fleet_report")])
    assert report.success, failures(report)
    before = world.warehouse.read(t.capacity_test_raw, PART).collect()
    for rows in (_capacity_test(world.warehouse, before), before):
        world.warehouse.replace(t.capacity_test_raw, world.warehouse.claim(t.capacity_test_raw, PART), rows)
        assert world.run("site_month", KEY, [dg.AssetKey("capacity_test_calc")]).success
    of_fleet = [a for a in ASSETS if steps.body_of(a).__module__.startswith("battery_assets.fleet.")]
    assert len(of_fleet) == len(t.FLEET_TABLES) + len({"rul_model", "anomaly_models", "fleet_report"})
    assert_declared(of_fleet, reads_of(world.warehouse))


def test_no_asset_was_seen_to_read_the_truth(world):
    reads = reads_of(world.warehouse)
    assert reads["jar_truth"] == set()
    assert len(reads) >= len([table for table in t.FLEET_TABLES if table.info["cut"] == "site_month"])
    assert not [name for name, tables in reads.items() if "jar_truth" in tables]
    assert world.warehouse.read(t.jar_truth, PART).collect().height >= 4


def test_every_check_is_kept_with_its_partition(world):
    said = evaluations(world.month)
    tables = {table.name for table in t.FLEET_TABLES if table.info["cut"] == "site_month"}
    assert {asset for asset, check in said if check == "suite"} == tables
    assert {evaluation.partition for evaluation in said.values()} == {str(KEY)}
    declared = {(spec.asset_key.path[-1], spec.name): spec.blocking for c in CHECKS for spec in c.check_specs}
    assert {key: evaluation.blocking for key, evaluation in said.items()} == {
        key: blocking for key, blocking in declared.items() if key[0] in tables
    }
    storage = world.instance.event_log_storage
    for name, check in said:
        kept, *_ = storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(name), check), limit=5
        )
        assert kept.partition == str(KEY), name
        assert kept.status.value == "SUCCEEDED", name
    assert {evaluation.partition for evaluation in evaluations(world.catalogue).values()} == {None}


def test_a_materialization_says_what_was_kept(world):
    for table in t.FLEET_TABLES:
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
    tables = [table for table in t.FLEET_TABLES if table.info["cut"] == "site_month"]
    before = {table.name: world.warehouse.profile(table, PART)["sha256"] for table in tables}
    again = world.run("site_month", KEY)
    assert again.success, failures(again)
    assert {table.name: world.warehouse.profile(table, PART)["sha256"] for table in tables} == before


def test_a_suite_judges_a_content_once_and_another_content_again(world, monkeypatch):
    looked = []
    validated = checks._validated

    def _validated(frame, *given):
        looked.append(frame)
        return validated(frame, *given)

    monkeypatch.setattr(checks, "_validated", _validated)
    assert world.run("site_month", KEY).success
    assert looked == []
    assert world.run("site_month", KEY, from_scratch=True).success
    assert len(looked) == len([table for table in t.FLEET_TABLES if table.info["newest_wins"]]) >= 5
    said = [
        checks._once(world.warehouse, t.location, PART, content, lambda words=words: words)
        for content, words in (("one", ["wrong"]), ("one", []), ("other", []), ("one", ["worse"]))
    ]
    assert said == [["wrong"], ["wrong"], [], ["worse"]]


def test_a_failing_check_stops_what_comes_after_it(world, monkeypatch):
    """Of the tables of its own step too."""
    wrong = lambda table, _stored: ["a column too many"] * (table is t.location)  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(checks, "column_failures", wrong)
        result = world.run("site_month", KEY)
    assert not result.success
    evaluation = evaluations(result)["location", "suite"]
    assert (evaluation.passed, evaluation.partition) == (False, str(KEY))
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert evaluation.description.startswith(
        "a column too many; next step: materialize location 2025-03|alpha"
    )
    [last] = [event for event in result.all_events if event.is_step_failure]
    words = last.step_failure_data.error
    assert "location: suite: a column too many" in (words.cause or words).message
    begun = {event.step_key for event in result.all_events if event.event_type_value == "STEP_START"}
    assert begun == {"master"}
    assert materialized(result) == {"location"}
    [newest] = world.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("location"), "suite"), limit=1
    )
    assert (newest.partition, newest.status.value) == (str(KEY), "FAILED")


def test_of_a_check_that_is_a_step_of_its_own_the_last_words_are_its_own_too(world, monkeypatch):
    red = dg.AssetCheckResult(passed=False, description="a jar is missing")
    body_of = steps.body_of
    [check] = [one for one in CHECKS if next(iter(one.check_specs)).name == "jar_sum"]
    monkeypatch.setattr(
        steps, "body_of", lambda one: (lambda _context: red) if one is check else body_of(one)
    )
    job = dg.define_asset_job("judged", dg.AssetSelection.assets("telemetry_jar_raw"))
    code = dg.Definitions(assets=in_steps(ASSETS, CHECKS, {}), jobs=[job], resources=world.defs.resources)
    result = code.resolve_job_def("judged").execute_in_process(
        instance=world.instance, partition_key=KEY, raise_on_error=False
    )
    [last] = [event for event in result.all_events if event.is_step_failure]
    words = last.step_failure_data.error
    assert "telemetry_jar_raw: jar_sum: a jar is missing" in (words.cause or words).message
    assert not evaluations(result)["telemetry_jar_raw", "jar_sum"].passed


def test_a_damaged_file_that_was_made_again_is_a_warning_that_somebody_sees(world):
    table = t.telemetry_jar_raw
    flipped(Path(world.warehouse.lake.table_url(table)) / world.warehouse.lake.paths(table, PART)[6])
    result = world.run("site_month", KEY)
    assert result.success, failures(result)
    said = evaluations(result)["telemetry_jar_raw", "suite"]
    assert (said.passed, said.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert said.description.startswith("1 days were damaged or changed by others and were made again")
    [record] = world.instance.fetch_materializations(dg.AssetKey(table.name), limit=1).records
    assert record.asset_materialization.metadata["days mended"].value == 1
    logged = [entry.user_message for entry in world.instance.all_logs(result.run_id) if entry.level == 30]
    assert any("2025-03-07 were damaged or changed by others" in message for message in logged)
    world.warehouse.verify(table, PART)
    assert evaluations(world.run("site_month", KEY))["telemetry_jar_raw", "suite"].passed


def test_what_one_site_brings_to_the_catalogue_makes_no_other_site_unsynced(world, monkeypatch):
    def version() -> str:
        assert world.run("catalogue").success
        [record] = world.instance.fetch_materializations(dg.AssetKey("battery_model"), limit=1).records
        return record.asset_materialization.tags["dagster/data_version"]

    first, known = version(), catalogue.battery_models()
    named = {"model_id": "00000000-0000-0000-0000-0000000000aa", "model_name": "another"}
    more = known.head(1).with_columns(**{name: pl.lit(value) for name, value in named.items()})
    monkeypatch.setattr(catalogue, "battery_models", lambda: pl.concat([known, more]))
    assert version() == first, "rows were only added"
    changed = known.with_columns(manufacturer=pl.lit("another"))
    monkeypatch.setattr(catalogue, "battery_models", lambda: changed)
    assert version() != first
    monkeypatch.undo()
    version()


def test_numbers_that_make_a_trend_are_numbers(world):
    def shown(name: str) -> dict:
        [record] = world.instance.fetch_materializations(dg.AssetKey(name), limit=1).records
        return {key: value.value for key, value in record.asset_materialization.metadata.items()}

    health = world.warehouse.read(t.digital_twin_state, PART).collect()["soh_pct"]
    assert shown("digital_twin_state")["worst SOH, %"] == pytest.approx(health.min(), abs=0.01)
    assert shown("digital_twin_state")["mean SOH, %"] == pytest.approx(health.mean(), abs=0.01)
    rides = world.warehouse.read(t.string_runtime, PART).collect()
    assert shown("string_runtime")["weakest string, min"] >= rides["runtime_min"].min()
    still = world.warehouse.read(t.alert, PART).collect().filter(pl.col("resolved_at").is_null())
    levels = ("info", "warning", "critical")
    counts = [shown("alert")[f"open alerts, {level}"] for level in levels]
    assert counts == [still.filter(pl.col("severity") == level).height for level in levels]


def test_a_check_that_warns_stops_nothing_in_its_step(world):
    """A site of files without any file has no location, where one is expected."""
    world.site("hollow", "files", {})
    result = world.run("site_month", dg.MultiPartitionKey({"month": "2025-03", "site": "hollow"}))
    evaluation = evaluations(result)["location", "suite"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert materialized(result) >= {"location", "battery_system", "string", "battery", "environmental_sensor"}


def test_an_unknown_site_is_told_how_to_become_known(world):
    world.instance.add_dynamic_partitions("site", ["nowhere"])
    result = world.run(
        "site_month", dg.MultiPartitionKey({"month": "2025-03", "site": "nowhere"}), [dg.AssetKey("location")]
    )
    [words] = failures(result)
    assert "site 'nowhere' is not known. Next step: battery-assets site add nowhere" in words
    assert "Known: alpha" in words
