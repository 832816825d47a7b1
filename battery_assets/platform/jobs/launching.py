"""Jobs that programs ask for: the daemon asks Dagster for their runs, and follows those that are runs alone.

A job is asked for in the transaction of the request, with what is to be launched. A tick asks for its runs
under keys of their own, so that whatever dies in between, no run is launched twice and none is forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from battery_assets.platform.dagster.partitions import know_months
from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.jobs import core
from battery_assets.platform.jobs.abandoned import abandoned_jobs_sensor
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.service.jobs import job

Job = dg.JobDefinition | UnresolvedAssetJobDefinition
TAG, REQUEST_TAG = "battery_assets/job", "battery_assets/request"
DAEMON = "the daemon"
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_SECONDS = 10


@dataclass(frozen=True)
class Launch:
    """What the daemon asks Dagster for.

    partitions: keys of runs, in order; `month|site` for those of two. named: the set of partitions that these
    keys belong to, where they are names that come with the job. followed: the job is its runs, and nobody
    else says how far it is. by: who asked.
    """

    job: str
    partitions: list[str]
    ops: dict[str, Any] = field(default_factory=dict)
    named: str = ""
    followed: bool = False
    by: str = ""


def launch_later(connection: sa.Connection, number: int, launch: Launch, request_id: str) -> None:
    """Leave a job that is queued to the daemon."""
    values = {"launch": asdict(launch), "request_id": request_id[:64] or None}
    connection.execute(sa.update(job).where(job.c.id == number).values(**values))


def job_sensors(warehouse: Warehouse, jobs: Sequence[Job]) -> tuple[dg.SensorDefinition, ...]:
    """The sensors that look after jobs: those that were asked for, and those whose worker is gone."""
    return asked_jobs_sensor(warehouse, jobs), abandoned_jobs_sensor(warehouse)


def asked_jobs_sensor(warehouse: Warehouse, jobs: Sequence[Job]) -> dg.SensorDefinition:
    """The sensor that launches what programs asked for; `jobs` are those that it may launch."""

    @dg.sensor(
        jobs=list(jobs),
        name="asked_jobs",
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Launches jobs that were asked for through the API, and follows backfills.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        url = initialized(warehouse)
        with url.transaction() as connection:
            rows = unfinished(connection)
        requests = [one for row in rows for one in tended(url, context.instance, row)]
        return dg.SensorResult(run_requests=requests) if requests else dg.SkipReason(f"{len(rows)} under way")

    return sensor


def unfinished(connection: sa.Connection) -> list[sa.Row]:
    """Jobs of the daemon that may have runs to launch or to end, oldest first."""
    # Who stopped a job in the queue ended it; its runs may wait still.
    just_ended = job.c.finished_at > sa.func.now() - sa.text("interval '10 minutes'")
    open_ones = sa.or_(job.c.finished_at.is_(None), sa.and_(just_ended, job.c.state == core.STOPPED))
    query = sa.select(job).where(job.c.launch.is_not(None), open_ones).order_by(job.c.id)
    return list(connection.execute(query))


def tended(warehouse: Warehouse, instance: dg.DagsterInstance, row: sa.Row) -> list[dg.RunRequest]:
    """The runs of a job that are to be launched now; what its runs came to is entered."""
    launch, number = Launch(**row.launch), int(row.id)
    runs = newest_runs(instance.get_runs(dg.RunsFilter(tags={TAG: str(number)})))
    if row.stop_asked or row.state == core.STOPPED:
        cancel(instance, runs.values())
        if row.state == core.STOPPED:
            return []
    missing = [] if row.stop_asked else [key for key in launch.partitions if key not in runs]
    with warehouse.transaction() as connection:
        if row.launched_at is None and not missing:
            connection.execute(sa.update(job).where(job.c.id == number).values(launched_at=sa.func.now()))
        if launch.followed:
            follow(connection, row, launch, runs)
        elif not missing and row.state == core.QUEUED and all(run.status in _ENDED for run in runs.values()):
            said = "its run of Dagster ended before it began the job; next step: read the run, ask again"
            core.fail_queued(connection, number, said)
    return _requests(instance, row, launch, missing)


def newest_runs(runs: Iterable[dg.DagsterRun]) -> dict[str, dg.DagsterRun]:
    """Of each partition the run that was launched last: Dagster starts one anew whose worker was killed."""
    by_job: dict[str, dg.DagsterRun] = {}
    for run in runs:
        # Dagster lists the newest first.
        by_job.setdefault(run.tags.get("dagster/partition", ""), run)
    return by_job


def follow(connection: sa.Connection, row: sa.Row, launch: Launch, runs: Mapping[str, dg.DagsterRun]) -> None:
    """Enter how far a job is that is its runs, and what it came to once all of them have ended."""
    number, total = int(row.id), len(launch.partitions)
    ended = {key: run for key, run in runs.items() if run.status in _ENDED}
    bad = sorted(key for key, run in ended.items() if run.status != dg.DagsterRunStatus.SUCCESS)
    if row.state == core.QUEUED:
        if not runs:
            return
        core.take(connection, number, DAEMON)
    # Nobody renews a lease: where the daemon rests, the runs go on, and are counted when it is back.
    progress = {"lease_until": None, "step": len(ended), "progress": round(len(ended) / total, 5)}
    mine = sa.update(job).where(job.c.id == number, job.c.state == core.RUNNING)
    connection.execute(mine.values(**progress))
    if len(ended) > row.step:
        core.say(connection, number, "INFO", f"{len(ended)} of {total} runs have ended, {len(bad)} not well")
    if len(ended) == total and not bad:
        core.end(connection, number, DAEMON, core.SUCCEEDED)
    elif row.stop_asked and len(ended) == len(runs):
        core.end(connection, number, DAEMON, core.STOPPED, f"stopped, as was asked, after {len(ended)} runs")
    elif len(ended) == total:
        said = f"{len(bad)} of {total} runs did not succeed, first {bad[0]}; next step: read these runs"
        core.end(connection, number, DAEMON, core.FAILED, said)


def cancel(instance: dg.DagsterInstance, runs: Iterable[dg.DagsterRun]) -> None:
    """Take runs out of the queue; one that has started ends its partition."""
    for run in runs:
        if run.status == dg.DagsterRunStatus.QUEUED:
            instance.run_coordinator.cancel_run(run.run_id)


def _requests(
    instance: dg.DagsterInstance, row: sa.Row, launch: Launch, keys: Sequence[str]
) -> list[dg.RunRequest]:
    _know(instance, launch, keys)
    tags = {TAG: str(row.id), **({REQUEST_TAG: row.request_id} if row.request_id else {})}
    config = {"ops": launch.ops} if launch.ops else {}
    return [
        dg.RunRequest(
            run_key=f"job {row.id} {key}",
            job_name=launch.job,
            partition_key=_key(key),
            tags=tags,
            run_config=config,
        )
        for key in keys
    ]


def _key(key: str) -> str:
    month, _, site = key.partition("|")
    return dg.MultiPartitionKey({"month": month, "site": site}) if site else key


def _know(instance: dg.DagsterInstance, launch: Launch, keys: Sequence[str]) -> None:
    """Make keys partitions where they are not yet."""
    months = {month for month, _, site in (key.partition("|") for key in keys) if site}
    if months:
        know_months(instance, months, lab=launch.job.startswith("lab_"))
    if launch.named and keys:
        there = set(instance.get_dynamic_partitions(launch.named))
        instance.add_dynamic_partitions(launch.named, [key for key in keys if key not in there])
