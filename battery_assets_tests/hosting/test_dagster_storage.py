"""Dagster's storage keeps its connections, and outlives a database that closed them."""

import json
import os
import time

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster import DagsterEvent, EventLogEntry, MetadataValue
from dagster._core.execution.plan.objects import StepSuccessData
from dagster._core.execution.plan.outputs import StepOutputData, StepOutputHandle

from battery_assets.hosting.databases import running_database
from battery_assets.hosting.readiness import DagsterStorage
from battery_assets.platform.dagster.metadata import picture, pictures_of

# Clients alone: now and then PostgreSQL's own vacuum is at work in the database.
OTHERS = """FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'"""


@pytest.fixture(scope="module")
def storage(database_settings):
    """Dagster's storage as dagster.yaml names it, and a connection that watches it."""
    before = dict(os.environ)
    with running_database(database_settings) as urls, DagsterStorage(database_settings, urls) as opened:
        watcher = sa.create_engine(urls.dagster, isolation_level="AUTOCOMMIT")
        with watcher.connect() as connection:
            yield opened.instance, connection
        watcher.dispose()
    os.environ.clear()
    os.environ.update(before)


def backends(connection: sa.Connection) -> set[int]:
    return set(connection.scalars(sa.text(f"SELECT pid {OTHERS}")))


def test_a_hundred_questions_are_asked_over_one_connection(storage):
    instance, connection = storage
    instance.get_runs_count()
    asked = backends(connection)
    for _ in range(100):
        instance.get_runs_count()
    assert backends(connection) == asked


def test_a_connection_that_the_database_closed_is_replaced(storage):
    instance, connection = storage
    instance.get_runs_count()
    closed = backends(connection)
    connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {OTHERS}"))
    while backends(connection) & closed:
        time.sleep(0.01)
    assert instance.get_runs_count() == 0
    assert backends(connection).isdisjoint(closed)


def log_line(words: str, event: DagsterEvent | None = None) -> EventLogEntry:
    return EventLogEntry(None, "INFO", words, "a-run", time.time(), "a_step", "a_job", event)


def lines(connection: sa.Connection) -> list[str]:
    """What others see of the run's log."""
    query = "SELECT event::json ->> 'user_message' FROM event_logs WHERE run_id = 'a-run' ORDER BY id"
    return list(connection.scalars(sa.text(query)))


def test_events_are_seen_here_at_once_in_their_order_and_by_others_soon(storage):
    instance, connection = storage
    for number in range(3):
        instance.handle_new_event(log_line(f"first {number}"))
    assert lines(connection) == []
    seen = instance.all_logs("a-run")
    assert [entry.user_message for entry in seen] == ["first 0", "first 1", "first 2"]
    instance.handle_new_event(log_line("later"))
    assert lines(connection) == ["first 0", "first 1", "first 2"]
    time.sleep(1.5)
    assert lines(connection)[3:] == ["later"]


def test_the_end_of_a_step_takes_what_waits_with_it(storage):
    instance, connection = storage
    before = len(lines(connection))
    instance.handle_new_event(log_line("within"))
    data = StepSuccessData(duration_ms=1.0)
    ended = DagsterEvent("STEP_SUCCESS", "a_job", step_key="a_step", event_specific_data=data)
    instance.handle_new_event(log_line("end", ended))
    assert lines(connection)[before:] == ["within", "end"]


def test_the_end_of_a_run_is_a_transaction_of_its_own(storage):
    """Behind the newest id that it has seen the daemon looks for runs to launch again, and never before it."""
    instance, connection = storage
    for words in ("one", "two"):
        instance.handle_new_event(log_line(words))
    ended = DagsterEvent("PIPELINE_CANCELED", "a_job", message="over")
    instance.event_log_storage.store_event(log_line("over", ended))
    query = "SELECT xmin::text FROM event_logs WHERE run_id = 'a-run' ORDER BY id DESC LIMIT 3"
    over, two, one = connection.scalars(sa.text(query))
    assert one == two != over


def test_an_output_does_not_repeat_the_picture_of_its_materialization(storage):
    instance, _ = storage
    metadata = {"picture": MetadataValue.md("!" * 2000), "rows": MetadataValue.int(7)}
    data = StepOutputData(StepOutputHandle("a_step"), metadata=metadata)
    event = DagsterEvent("STEP_OUTPUT", "a_job", step_key="a_step", event_specific_data=data)
    instance.handle_new_event(log_line("output", event))
    [kept] = [entry for entry in instance.all_logs("a-run") if entry.user_message == "output"]
    assert kept.dagster_event.event_specific_data.metadata == {"rows": MetadataValue.int(7)}


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a"]))
def drawn() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 7, "picture": picture(bytes(3000))})


@dg.asset
def drawn_whole() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 8, "picture": picture(bytes(3000))})


@dg.asset_check(asset=drawn)
def dense() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True, metadata={"share": 0.5})


@pytest.fixture(scope="module")
def made(storage):
    """The id of a run, and the texts of its events by kind, as they lie in the database."""
    instance, connection = storage
    result = dg.materialize([drawn, drawn_whole, dense], instance=instance, partition_key="a")
    query = "SELECT dagster_event_type, event FROM event_logs WHERE run_id = :run ORDER BY id"
    rows = connection.execute(sa.text(query), {"run": result.run_id}).all()
    return result.run_id, [(kind, json.loads(text)) for kind, text in rows]


def test_what_a_result_says_its_output_does_not_repeat(storage, made):
    instance, _ = storage
    run_id, rows = made
    outputs = [text["dagster_event"]["event_specific_data"] for kind, text in rows if kind == "STEP_OUTPUT"]
    assert len(outputs) == 3
    assert [output["metadata_entries"] for output in outputs] == [[]] * 3
    [entry] = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert entry.dagster_event.asset_check_evaluation_data.metadata["share"].value == 0.5
    for key, rows_there in ((drawn.key, 7), (drawn_whole.key, 8)):
        [record] = instance.fetch_materializations(key, limit=1).records
        said = record.asset_materialization.metadata
        assert said["rows"].value == rows_there and pictures_of(said) == {"picture": bytes(3000)}


def test_no_event_names_its_run_and_step_a_second_time_for_python(made):
    _, rows = made
    assert len(rows) > 15
    assert not [kind for kind, text in rows if (text["dagster_event"] or {}).get("logging_tags")]


def test_the_row_of_an_asset_has_the_pictures_only_where_it_is_not_cut(storage, made):
    instance, connection = storage
    query = "SELECT asset_key, last_materialization FROM asset_keys"
    texts = dict(connection.execute(sa.text(query)).all())
    assert "image/png" not in texts['["drawn"]'] and "image/png" in texts['["drawn_whole"]']
    [record] = instance.get_asset_records([drawn.key])
    assert record.asset_entry.last_materialization.asset_materialization.metadata["rows"].value == 7
    assert record.asset_entry.last_run_id == made[0]


def test_a_partition_that_is_taken_away_is_none_at_once(storage):
    instance, _ = storage
    instance.add_dynamic_partitions("site", ["here"])
    assert instance.has_dynamic_partition("site", "here")
    instance.delete_dynamic_partition("site", "here")
    assert not instance.has_dynamic_partition("site", "here")


def test_a_tick_does_not_ask_which_tables_the_database_has(storage):
    instance, _ = storage
    asked: list[str] = []
    engine = instance.schedule_storage._engine

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    def looked() -> list[str]:
        return [statement for statement in asked if "pg_catalog" in statement or "secondary" in statement]

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        for _ in range(2):
            asked.clear()
            assert instance.get_instigator_state("an-origin", "a-selector") is None
            assert instance.schedule_storage.supports_batch_queries
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert asked and looked() == []
