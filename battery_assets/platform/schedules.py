"""When things run: daily the month that is running, monthly the one that closed, files when they come."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import dagster as dg

from battery_assets.platform.partitions import lab_calendar, labs, months, sites

# New data go before a backfill of old months that fills the queue: whoever launches one has priority 0.
FIRST = {"dagster/priority": "1"}
# (month, site), and what else is told of it.
Wanted = TypeVar("Wanted", bound=tuple[str, ...])


def _requests(
    context: dg.ScheduleEvaluationContext, month: str, of: dg.DynamicPartitionsDefinition
) -> Iterator[dg.RunRequest]:
    for site in context.instance.get_dynamic_partitions(str(of.name)):
        key = dg.MultiPartitionKey({"month": month, "site": site})
        yield dg.RunRequest(
            run_key=f"{context.scheduled_execution_time.isoformat()} {key}", partition_key=key, tags=FIRST
        )


def current_month(job: dg.JobDefinition, *, lab: bool = False) -> dg.ScheduleDefinition:
    """Every night: the month that is running, of every site, or of every lab."""

    @dg.schedule(
        job=job,
        cron_schedule="15 1 * * *",
        execution_timezone="UTC",
        name="current_lab_month" if lab else "current_month",
        description=f"Refreshes the running month of every {'lab' if lab else 'site'}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        # At 01:15 of the 1st there is an hour of the new month: still the month that is running.
        yield from _requests(
            context, context.scheduled_execution_time.strftime("%Y-%m"), labs if lab else sites
        )

    return schedule


def closed_month(job: dg.JobDefinition, *, lab: bool = False) -> dg.ScheduleDefinition:
    """On the 2nd of each month: the month before, of every site or lab, late files included."""

    @dg.schedule(
        job=job,
        cron_schedule="0 3 2 * *",
        execution_timezone="UTC",
        name="closed_lab_month" if lab else "closed_month",
        description=f"Closes the month before, of every {'lab' if lab else 'site'}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        before = context.scheduled_execution_time.replace(day=1) - timedelta(days=1)
        yield from _requests(context, before.strftime("%Y-%m"), labs if lab else sites)

    return schedule


def monthly_training(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """On the 3rd of each month: a model that has seen every month before this one."""

    @dg.schedule(
        job=job,
        cron_schedule="0 6 3 * *",
        execution_timezone="UTC",
        name="monthly_training",
        description="Trains the remaining-life model on every closed month.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        yield dg.RunRequest(partition_key=context.scheduled_execution_time.strftime("%Y-%m"))

    return schedule


def nightly_tidying(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Every night, after the running months: what nobody needs any more goes."""
    return dg.ScheduleDefinition(
        name="nightly_tidying",
        job=job,
        cron_schedule="30 4 * * *",
        execution_timezone="UTC",
        description="Deletes lake files that no version has named for two days.",
    )


def _running(instance: dg.DagsterInstance, job_name: str) -> bool:
    unfinished = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    return bool(instance.get_run_ids(dg.RunsFilter(job_name=job_name, statuses=unfinished), limit=1))


def _runnable(
    context: dg.SensorEvaluationContext, parts: set[Wanted], calendar: dg.PartitionsDefinition
) -> set[Wanted]:
    """The parts whose month is a partition: one that is not would make Dagster refuse all of them."""
    known = set(calendar.get_partition_keys())
    for month, site, *_ in sorted(part for part in parts if part[0] not in known):
        context.log.warning(f"{site} has rows of {month}, which is no partition: they are not loaded")
    return {part for part in parts if part[0] in known}


def landing_sensor(
    job: dg.JobDefinition,
    catalogue: dg.JobDefinition,
    touched: Callable[[dict[str, str]], tuple[dict[str, str], bool, set[tuple[str, str]]]],
) -> dg.SensorDefinition:
    """New files in the landing folder run the partitions they touch.

    `touched` takes what was known (path -> checksum) and gives what is there now, whether the catalogue
    changed, and the (month, site) pairs to run. The catalogue runs first, the partitions one tick later.
    """

    @dg.sensor(
        jobs=[job, catalogue],
        name="landing",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sees new exports and materializes the partitions they touch.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        import json

        state = json.loads(context.cursor) if context.cursor else {"files": {}, "waiting": []}
        files, catalogue_changed, parts = touched(state["files"])
        parts = _runnable(context, parts, months)
        waiting = {tuple(part) for part in state["waiting"]}
        if files == state["files"] and not waiting:
            return dg.SkipReason("no new files")
        if waiting and _running(context.instance, catalogue.name):
            return dg.SkipReason("waiting for the catalogue that the partitions refer to")
        cursor = {"files": files, "waiting": sorted(parts | waiting) if catalogue_changed else []}
        requests = (
            [dg.RunRequest(run_key=None, job_name=catalogue.name, tags=FIRST)]
            if catalogue_changed
            else [
                dg.RunRequest(
                    run_key=None,
                    job_name=job.name,
                    partition_key=dg.MultiPartitionKey({"month": month, "site": site}),
                    tags=FIRST,
                )
                for month, site in sorted(parts | waiting)
            ]
        )
        known = set(context.instance.get_dynamic_partitions(str(sites.name)))
        fresh = sorted({site for _, site in parts} - known)
        return dg.SensorResult(
            run_requests=requests,
            cursor=json.dumps(cursor),
            dynamic_partitions_requests=[sites.build_add_request(fresh)] if fresh else [],
        )

    return sensor


def lab_landing_sensor(
    job: dg.JobDefinition, looked_at: Callable[[], set[tuple[str, str, str]]]
) -> dg.SensorDefinition:
    """New files of cyclers run the months their tests began in.

    `looked_at` enters what is new and gives (month, lab, stamp) of what waits; the stamp makes the run's key,
    so that a state of a month is asked for once, however often it is looked at.
    """

    @dg.sensor(
        job=job,
        name="lab_landing",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sees new files of cyclers and materializes the months of their tests.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = _runnable(context, looked_at(), lab_calendar)
        if not found:
            return dg.SkipReason("no new tests")
        known = set(context.instance.get_dynamic_partitions(str(labs.name)))
        fresh = sorted({lab for _, lab, _ in found} - known)
        requests = [
            dg.RunRequest(
                run_key=f"{lab} {month} {stamp}",
                partition_key=dg.MultiPartitionKey({"month": month, "site": lab}),
                tags=FIRST,
            )
            for month, lab, stamp in sorted(found)
        ]
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[labs.build_add_request(fresh)] if fresh else [],
        )

    return sensor
