"""What `celery -A battery_assets.hosting.workers.application` runs: a worker that takes one run at a time.

A run that another worker began and left is not begun a second time: it fails at once, and run_retries asks
for a new one, which keeps every step that was done.
"""

import os
import signal
from typing import Any

from billiard.process import current_process
from celery import Celery, signals
from dagster import DagsterInstance, DagsterRunStatus
from dagster._cli.api import _execute_run_command_body
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value
from dagster_celery.config import TASK_EXECUTE_JOB_NAME
from dagster_celery.make_app import make_app

from battery_assets.hosting.orphans import die_with_parent
from battery_assets.hosting.workers import queue
from battery_assets.hosting.workers.addresses import KEY, results_url
from battery_assets.hosting.workers.alive import working_on
from battery_assets.hosting.workers.launcher import GONE

_BEGUN = (DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING)


def application(broker: str, database: str) -> Celery:
    """The Celery application of a worker, with its one task."""
    made = make_app({"broker": broker, "backend": results_url(database), "config_source": queue.conf(broker)})

    @made.task(bind=True, name=TASK_EXECUTE_JOB_NAME, track_started=True, acks_late=True)
    def execute_job(task: Any, execute_job_args_packed: Any) -> int:
        run_id = unpack_value(execute_job_args_packed, as_type=ExecuteRunArgs).run_id
        with working_on(database, run_id) as alone:
            return execute(run_id, task.request.hostname) if alone else 0

    return made


def execute(run_id: str, worker: str) -> int:
    """Carry out a run in this process; its log names the worker. Returns 1 where it failed."""
    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return 0
        if run.status in _BEGUN:
            instance.report_run_failed(run, f"{GONE}; another one took its task again")
            return 1
        instance.report_engine_event(f"carried out by {worker}", run)
        _take_signals()
        return _execute_run_command_body(run_id, instance, lambda _event: None, True)


def _take_signals() -> None:
    """Celery's children ignore SIGINT and die of SIGTERM; a run that is cancelled ends in order."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@signals.worker_process_init.connect
def _end_with_the_worker(**_signal: Any) -> None:
    # A killed worker's child would go on computing beside the run that takes its place.
    die_with_parent(current_process()._parent_pid)


def __getattr__(name: str) -> Celery:
    """`app`, as Celery's command asks for it: made from the environment of a worker."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return application(os.environ[KEY], os.environ["DAGSTER_PG_URL"])
