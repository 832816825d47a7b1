"""The health of a run that workers carry out, as the monitor hears of it."""

import pytest

pytest.importorskip("dagster_celery", reason="the extra [scale] is not installed")

from contextlib import nullcontext
from datetime import timedelta

import dagster as dg
import sqlalchemy as sa
from dagster._core.launcher import WorkerStatus

from battery_assets.errors import UserError
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.hosting.workers import alive, launcher
from battery_assets.hosting.workers.application import application, execute
from battery_assets.hosting.workers.launcher import TASK_ID, WorkersRunLauncher
from battery_assets.platform import clock
from battery_assets.platform.dagster.retention import forget_results

AWAY = "amqp://nobody:s3cret@127.0.0.1:1//"


@dg.job
def nothing():
    """A job without steps."""


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def workers(instance, warehouse_url, monkeypatch):
    made = WorkersRunLauncher(AWAY, libpq_url(warehouse_url).replace("postgresql:", "postgresql+psycopg2:"))
    made.register_instance(instance)
    made._missed = alive.Missed(apart_s=0.0)
    return made


def begun(instance: dg.DagsterInstance, workers: WorkersRunLauncher, state: str) -> dg.DagsterRun:
    """A run that says it is in progress, and the state that Celery keeps of its task."""
    run = instance.create_run_for_job(nothing, tags={TASK_ID: f"task-{state}"})
    instance.handle_new_event(started(run))
    workers.celery.backend.store_result(f"task-{state}", None, state)
    return instance.get_run_by_id(run.run_id)


def started(run: dg.DagsterRun):
    from dagster._core.events import DagsterEvent, DagsterEventType
    from dagster._core.events.log import EventLogEntry

    event = DagsterEvent(DagsterEventType.RUN_START.value, run.job_name, message="begun")
    return EventLogEntry(None, 20, "begun", run.run_id, 1.0, job_name=run.job_name, dagster_event=event)


@pytest.mark.parametrize("state", ["STARTED", "SUCCESS", "PENDING", "REVOKED"])
def test_a_run_that_says_started_without_a_process_has_failed_whatever_celery_says(instance, workers, state):
    run = begun(instance, workers, state)
    assert run.status == dg.DagsterRunStatus.STARTED
    health = workers.check_run_worker_health(run)
    assert health.status == WorkerStatus.FAILED
    assert launcher.GONE in health.msg
    assert state in health.msg


def test_a_run_with_a_process_is_well_even_where_its_task_was_taken_a_second_time(
    instance, workers, warehouse_url
):
    run = begun(instance, workers, "SUCCESS")
    with alive.working_on(warehouse_url, run.run_id):
        assert workers.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_a_run_that_a_command_carries_out_itself_is_left_alone(instance, workers):
    run = instance.create_run_for_job(nothing)
    instance.handle_new_event(started(run))
    assert workers.check_run_worker_health(run).status == WorkerStatus.RUNNING
    assert workers.terminate(run.run_id) is False
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.STARTED


def test_a_task_that_comes_again_fails_its_run_at_once_and_does_not_begin_it_twice(
    instance, workers, monkeypatch
):
    run = begun(instance, workers, "STARTED")
    monkeypatch.setattr(dg.DagsterInstance, "get", classmethod(lambda _cls: nullcontext(instance)))
    assert execute(run.run_id, "worker-2") == 1
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    words = [entry.message for entry in instance.all_logs(run.run_id)]
    assert any("another one took its task again" in word for word in words)


def test_a_broker_that_is_away_is_said_in_the_run_s_debug_words(instance, workers):
    words = workers.get_run_worker_debug_info(begun(instance, workers, "PENDING"))
    assert "127.0.0.1:1" in words
    assert "next step" in words
    assert "s3cret" not in words


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"broker": AWAY, "backend": "rpc://"}, "rpc:// cannot"),
        ({"broker": AWAY}, "no backend"),
        ({"backend": "postgresql+psycopg2://h/d"}, "no broker"),
    ],
)
def test_a_configuration_that_would_queue_for_ever_is_refused(given, named):
    with pytest.raises(UserError, match=named) as refused:
        WorkersRunLauncher.from_config_value(None, given)
    assert refused.value.next_step


def test_what_celery_keeps_of_old_tasks_is_let_go(workers, warehouse_url):
    engine = sa.create_engine(warehouse_url)
    now = clock.now()
    with engine.begin() as connection:
        assert forget_results(connection, now) == 0
    for name in ("old", "new"):
        workers.celery.backend.store_result(name, 1, "SUCCESS")
    with engine.begin() as connection:
        aged = "UPDATE celery_taskmeta SET date_done = date_done - interval '40 days' WHERE task_id = 'old'"
        assert connection.execute(sa.text(aged)).rowcount == 1
        assert forget_results(connection, now - timedelta(days=30)) == 1
        assert forget_results(connection, now - timedelta(days=30)) == 0
    engine.dispose()


def test_tasks_are_acknowledged_late_and_taken_one_at_a_time(warehouse_url):
    app = application(AWAY, warehouse_url)
    [task] = [task for name, task in app.tasks.items() if name == "execute_job"]
    assert task.acks_late is True
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_acks_late is True
    assert app.conf.result_backend.startswith("db+postgresql")
