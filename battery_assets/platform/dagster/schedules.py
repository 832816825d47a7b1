"""When things run: daily the month that is running, monthly the one that closed, files when they come."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TypeVar

import dagster as dg
from dagster._core.definitions.target import ExecutableDefinition

from battery_assets.platform.dagster.partitions import calendar, know_months, labs, sites

# New data go before a backfill of old months that fills the queue: whoever launches one has priority 0.
FIRST = {"dagster/priority": "1"}
# (month, site), and what else is told of it.
Wanted = TypeVar("Wanted", bound=tuple[str, ...])


# Sites that have nothing to be run of a month, and why.
Idle = Callable[[str], Mapping[str, str]]


def _nobody(month: str) -> Mapping[str, str]:
    return {}


def _requests(
    context: dg.ScheduleEvaluationContext, month: str, *, lab: bool, idle: Idle = _nobody
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """A run of each site's month; of a site that has nothing to be run, the words why."""
    present = context.instance.get_dynamic_partitions(str((labs if lab else sites).name))
    why = {site: words for site, words in (idle(month) if present else {}).items() if site in present}
    for words in why.values():
        context.log.info(words)
    if why and set(why) == set(present):
        yield dg.SkipReason("; ".join(why.values()))
    wanted = [site for site in present if site not in why]
    if wanted:
        know_months(context.instance, [month], lab=lab)
    for site in wanted:
        key = dg.MultiPartitionKey({"month": month, "site": site})
        yield dg.RunRequest(
            run_key=f"{context.scheduled_execution_time.isoformat()} {key}", partition_key=key, tags=FIRST
        )


def current_month(
    job: ExecutableDefinition, *, lab: bool = False, idle: Idle = _nobody
) -> dg.ScheduleDefinition:
    """Every night: the month that is running, of every site, or of every lab, that is not `idle`."""

    @dg.schedule(
        job=job,
        cron_schedule="15 1 * * *",
        execution_timezone="UTC",
        name="current_lab_month" if lab else "current_month",
        description=f"Refreshes the running month of every {'lab' if lab else 'site'}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        # At 01:15 of the 1st there is an hour of the new month: still the month that is running.
        month = context.scheduled_execution_time.strftime("%Y-%m")
        yield from _requests(context, month, lab=lab, idle=idle)

    return schedule


def last_day(job: ExecutableDefinition, *, idle: Idle = _nobody) -> dg.ScheduleDefinition:
    """On the 1st of each month, before the new one: the month before, whose last day is over."""

    @dg.schedule(
        job=job,
        cron_schedule="45 0 1 * *",
        execution_timezone="UTC",
        name="last_day",
        description="Takes in the last day of the month before, of every site.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        before = context.scheduled_execution_time - timedelta(days=1)
        yield from _requests(context, before.strftime("%Y-%m"), lab=False, idle=idle)

    return schedule


def closed_month(
    job: ExecutableDefinition, *, lab: bool = False, idle: Idle = _nobody
) -> dg.ScheduleDefinition:
    """On the 2nd of each month: the month before, of every site or lab, late files included."""

    @dg.schedule(
        job=job,
        cron_schedule="0 3 2 * *",
        execution_timezone="UTC",
        name="closed_lab_month" if lab else "closed_month",
        description=f"Closes the month before, of every {'lab' if lab else 'site'}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        before = context.scheduled_execution_time.replace(day=1) - timedelta(days=1)
        yield from _requests(context, before.strftime("%Y-%m"), lab=lab, idle=idle)

    return schedule


def monthly_training(job: ExecutableDefinition) -> dg.ScheduleDefinition:
    """On the 3rd of each month: a model that has seen every month before this one."""

    @dg.schedule(
        job=job,
        cron_schedule="0 6 3 * *",
        execution_timezone="UTC",
        name="monthly_training",
        description="Trains the remaining-life model on every closed month.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        month = context.scheduled_execution_time.strftime("%Y-%m")
        know_months(context.instance, [month])
        yield dg.RunRequest(partition_key=month)

    return schedule


def nightly_report(job: ExecutableDefinition) -> dg.ScheduleDefinition:
    """Every night, after the running months: the page of the month, and of one that has just been closed."""

    @dg.schedule(
        job=job,
        cron_schedule="0 5 * * *",
        execution_timezone="UTC",
        name="nightly_report",
        description="Writes the page of the running month, and until the 3rd that of the month before.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        today = context.scheduled_execution_time
        months = sorted({f"{today - timedelta(days=days):%Y-%m}" for days in (0, 3)})
        know_months(context.instance, months)
        for month in months:
            yield dg.RunRequest(run_key=f"{today.isoformat()} {month}", partition_key=month)

    return schedule


def nightly_tidying(job: ExecutableDefinition) -> dg.ScheduleDefinition:
    """Every night, after the running months: what nobody needs any more goes."""
    return dg.ScheduleDefinition(
        name="nightly_tidying",
        job=job,
        cron_schedule="30 4 * * *",
        execution_timezone="UTC",
        description="Deletes lake files that no version has named for two days.",
    )


def running(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is queued or has not ended."""
    unfinished = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ]
    return bool(instance.get_run_ids(dg.RunsFilter(job_name=job_name, statuses=unfinished), limit=1))


def runnable(context: dg.SensorEvaluationContext, parts: set[Wanted], *, lab: bool = False) -> set[Wanted]:
    """The parts whose month can be a partition, and is one from now on.

    One that is not would make Dagster refuse all of them.
    """
    partitions = set(calendar(lab=lab))
    for month, site, *_ in sorted(part for part in parts if part[0] not in partitions):
        context.log.warning(f"{site} has rows of {month}, which is no partition: they are not loaded")
    can_be = {part for part in parts if part[0] in partitions}
    # To ask for the context's instance makes one, with connections of its own: not on each tick.
    if can_be:
        know_months(context.instance, {month for month, *_ in can_be}, lab=lab)
    return can_be
