"""Which partitions the files of the landing folder touch, and the sensor that runs them."""

import json
from collections.abc import Iterable

import dagster as dg

from battery_assets import tables as t
from battery_assets.fleet.jobs import catalogue_job, site_month_job
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import LandingFile, landing_files, months_touched
from battery_assets.platform.dagster.partitions import sites
from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.dagster.schedules import FIRST, runnable, running
from battery_assets.platform.landing import Landing, name_in
from battery_assets.platform.registry import accounts
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.platform.warehouse.resource import Warehouse

CATALOGUE = {"battery_model", "user"}


def landing_changes(
    warehouse: Warehouse, landing: Landing, before: dict[str, str]
) -> tuple[dict[str, str], bool, set[tuple[str, str]]]:
    """Files there now (name -> checksum), whether the catalogue changed, and (month, site) of what is new.

    New is what is neither known nor accounted for; a site that an import holds is looked at next time. A site
    that cannot be looked at keeps what was known of it, and its books say why: the others go on.
    """
    now: dict[str, str] = {}
    parts: set[tuple[str, str]] = set()
    catalogue_changed = False
    with warehouse.transaction() as connection:
        sites = [site for site in registry.free_sites(connection) if site.source == FILES]
        read = {site.site: registry.accounted_files(connection, site.site) for site in sites}
    for site in sites:
        try:
            contract = SourceContract.from_config(site.config)
            root = landing.root(site.site)
            files, problems = landing_files(root, site.site)
            refused = {name_in(root, p.path): (p.reason, p.detail) for p in problems}
            tell_problems(warehouse, site.site, refused)
            fresh = [
                file
                for file in files
                if before.get(file.name) != file.sha256 and (file.table, file.sha256) not in read[site.site]
            ]
            fresh_months = months_of(fresh, files, contract)
        except Exception as error:
            # One site's fault is that site's.
            tell_problems(warehouse, site.site, {f"{site.site}/": (type(error).__name__, str(error))})
            continue
        now |= {file.name: file.sha256 for file in files}
        catalogue_changed |= any(file.table in CATALOGUE for file in fresh)
        parts |= {(month, site.site) for month in fresh_months}
    return now, catalogue_changed, parts


def tell_problems(
    warehouse: Warehouse, site: str, problems: dict[str, tuple[str, str]], findings: Iterable[str] = ()
) -> None:
    """Enter into a site's books the files that no table can be read from, and what else is to be told.

    problems: reason and detail by path.
    """
    with warehouse.transaction() as connection:
        accounts.put_problems(connection, site, problems, list(findings))


def months_of(fresh: list[LandingFile], files: list[LandingFile], contract: SourceContract) -> set[str]:
    """The months that new files touch: those of their rows.

    New master data, and a file that cannot be read and has to be shown as refused, touch every month that any
    file of the site has.
    """
    tables = {table.name: table for table in t.TABLES}
    touched_by = [months_touched(file, tables[file.table], contract) for file in fresh]
    if not all(touched_by):
        touched_by = [months_touched(file, tables[file.table], contract) for file in files]
    return set().union(*touched_by)


def landing_sensor(warehouse: Warehouse, landing: Landing) -> dg.SensorDefinition:
    """New files in the landing folder run the partitions they touch.

    The catalogue runs first where it changed, the partitions one tick later.
    """

    @dg.sensor(
        jobs=[site_month_job, catalogue_job],
        name="landing",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sees new exports and materializes the partitions they touch.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        state = json.loads(context.cursor) if context.cursor else {"files": {}, "waiting": []}
        files, catalogue_changed, parts = landing_changes(
            initialized(warehouse), initialized(landing), state["files"]
        )
        parts = runnable(context, parts)
        waiting = {tuple(part) for part in state["waiting"]}
        if files == state["files"] and not waiting:
            return dg.SkipReason("no new files")
        if waiting and running(context.instance, catalogue_job.name):
            return dg.SkipReason("waiting for the catalogue that the partitions refer to")
        cursor = {"files": files, "waiting": sorted(parts | waiting) if catalogue_changed else []}
        requests = (
            [dg.RunRequest(run_key=None, job_name=catalogue_job.name, tags=FIRST)]
            if catalogue_changed
            else [
                dg.RunRequest(
                    run_key=None,
                    job_name=site_month_job.name,
                    partition_key=dg.MultiPartitionKey({"month": month, "site": site}),
                    tags=FIRST,
                )
                for month, site in sorted(parts | waiting)
            ]
        )
        partitions = set(context.instance.get_dynamic_partitions(str(sites.name)))
        fresh = sorted({site for _, site in parts} - partitions)
        return dg.SensorResult(
            run_requests=requests,
            cursor=json.dumps(cursor),
            dynamic_partitions_requests=[sites.build_add_request(fresh)] if fresh else [],
        )

    return sensor
