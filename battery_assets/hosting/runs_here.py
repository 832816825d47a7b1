"""Runs of this process as Dagster's pages know runs: of a job of the code location, in timeline and job bars."""

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

    def add_named(run: "DagsterRun") -> "DagsterRun":
        if run.remote_job_origin is None:
            run = run._replace(remote_job_origin=RemoteJobOrigin(repository, run.job_name))
        return add_run(run)

    storage.add_run = add_named  # type: ignore[method-assign]
