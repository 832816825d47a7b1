"""Months that were made from what has changed since are made again, the oldest of each site first."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from battery_assets.platform.dagster.partitions import (
    calendar,
    know_months,
    labs,
    months,
    months_of_labs,
    sites,
)
from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.dagster.schedules import running
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_SOURCES
from battery_assets.platform.registry.staleness import stale_parts
from battery_assets.platform.warehouse.resource import Warehouse

Job = dg.JobDefinition | UnresolvedAssetJobDefinition
# Month, site, and when what is stale of it was committed last.
Stale = tuple[str, str, str]


def oldest_stale(warehouse: Warehouse) -> dict[str, list[Stale]]:
    """Of each site and lab that nobody holds, the oldest month that is stale; sites and labs apart.

    What a month changes makes later ones stale in turn, so that one month of a site at a time suffices.
    """
    stale: dict[str, list[Stale]] = {"site": [], "lab": []}
    with warehouse.transaction() as connection:
        free = {row.site: row.source for row in registry.free_sites(connection)}
        strangers_seen: set[str] = set()
        for row in stale_parts(connection):
            if row.site in free and row.month and row.site not in strangers_seen:
                strangers_seen.add(row.site)
                kind = "lab" if free[row.site] in LAB_SOURCES else "site"
                stale[kind].append((row.month, row.site, row.committed_at.isoformat()))
    return stale


def stale_sensor(warehouse: Warehouse, jobs: Mapping[str, Job]) -> dg.SensorDefinition:
    """The sensor that runs stale months; `jobs` names the job of a site's month, and that of a lab's."""

    @dg.sensor(
        jobs=list(jobs.values()),
        name="stale_months",
        minimum_interval_seconds=120,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs months whose history has changed, the oldest of each site first.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        ready = initialized(warehouse)
        if any(running(context.instance, job.name) for job in jobs.values()):
            return dg.SkipReason("months are being run: what they change is looked at when they have ended")
        stale = oldest_stale(ready)
        for kind, parts in stale.items():
            know_months(context.instance, {month for month, *_ in parts}, lab=kind == "lab")
        # A run that fails leaves the key as it is: it is not launched again before anything has changed.
        requests = [
            dg.RunRequest(
                run_key=f"{site} {month} {committed}",
                job_name=jobs[kind].name,
                partition_key=dg.MultiPartitionKey({"month": month, "site": site}),
            )
            for kind, parts in stale.items()
            for month, site, committed in parts
        ]
        return dg.SensorResult(
            run_requests=requests, dynamic_partitions_requests=_strangers(ready, context.instance)
        )

    return sensor


def _strangers(warehouse: Warehouse, instance: dg.DagsterInstance) -> list[dg.DeleteDynamicPartitionsRequest]:
    """Take away partitions that are no site of the books, or no month: a typo on the page would be run."""
    with warehouse.transaction() as connection:
        registered = {row.site for row in registry.sites(connection)}
    typed = {of: set(instance.get_dynamic_partitions(str(of.name))) - registered for of in (sites, labs)}
    for of, lab in ((months, False), (months_of_labs, True)):
        typed[of] = set(instance.get_dynamic_partitions(str(of.name))) - set(calendar(lab=lab))
    return [of.build_delete_request(sorted(names)) for of, names in typed.items() if names]
