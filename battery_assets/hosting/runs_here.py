"""Runs of this process as Dagster's pages know them: of a job of the code location, on its timeline."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

LOCATION, REPOSITORY = "battery_assets", "__repository__"
# The daemon starts a launched run anew whose worker was killed; whoever ended a command meant to.
NOT_STARTED_ANEW = {"dagster/max_retries": "0"}


def show_runs(instance: "DagsterInstance") -> None:
    """Let every run that is made on this instance name its job's code location."""
    from dagster._core.remote_origin import (
        RegisteredCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )

    storage = instance.run_storage
    add_run = storage.add_run
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), REPOSITORY)

    def add_named(dagster_run: "DagsterRun") -> "DagsterRun":
        if dagster_run.remote_job_origin is not None:
            return add_run(dagster_run)
        origin = RemoteJobOrigin(repository, dagster_run.job_name)
        return add_run(dagster_run._replace(remote_job_origin=origin))

    storage.add_run = add_named  # type: ignore


@contextmanager
def signals_kept() -> Iterator[None]:
    """Leave the handlers of SIGINT and SIGTERM as they were before the block.

    Dagster gives SIGTERM the handler of SIGINT with each run. A script ignores SIGINT for a command that it
    starts beside itself: nobody could ask that command to end any more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
