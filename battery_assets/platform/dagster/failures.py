"""Runs that failed, as events: which job, of which partition, and what it said."""

import dagster as dg

from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.outbox.events import Event, emit
from battery_assets.platform.outbox.kinds import RUN_FAILED, WARNING
from battery_assets.platform.warehouse.resource import Warehouse

LONGEST = 300


def failures_sensor(warehouse: Warehouse) -> dg.SensorDefinition:
    """Enters each run that failed into the outbox; the run's own id tells it from all others."""

    @dg.run_failure_sensor(
        name="run_failures",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of runs that failed.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> None:
        with initialized(warehouse).transaction() as connection:
            emit(connection, failure(context.dagster_run, _words(context)))

    return sensor


def failure(run: dg.DagsterRun, words: str) -> Event:
    """The event of a run that failed. Digests put the failures of a job together."""
    partition = run.tags.get("dagster/partition", "")
    _, bar, site = partition.partition("|")
    of = f" of {partition}" if partition else ""
    return Event(
        RUN_FAILED,
        "run",
        run.run_id,
        f"{run.job_name}{of} failed: {words}",
        severity=WARNING,
        site=site if bar else None,
        group=f"job:{run.job_name}",
        facts={"job": run.job_name, "partition": partition},
    )


def _words(context: dg.RunFailureSensorContext) -> str:
    """The innermost cause of the first step that failed, in one line; the run's own words without one."""
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            return " ".join(error.message.split())[:LONGEST]
    return " ".join((context.failure_event.message or "no reason is recorded").split())[:LONGEST]
