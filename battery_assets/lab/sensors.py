"""Which months of which labs wait to be run: tests in the books that no points were made of since."""

import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.lab.intake import enter_new_tests
from battery_assets.lab.jobs import lab_month_job
from battery_assets.platform.dagster.partitions import labs
from battery_assets.platform.dagster.resources import initialized
from battery_assets.platform.dagster.schedules import FIRST, runnable
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_FILES
from battery_assets.platform.registry.tables import partition_version
from battery_assets.platform.registry.tables import site as sites
from battery_assets.platform.warehouse.resource import Warehouse

PATIENCE_S = 40.0
# Month, lab, and the stamp of the newest test that waits.
Waiting = tuple[str, str, str]
log = logging.getLogger(__name__)


def enter_landed_tests(
    warehouse: Warehouse, landing: Landing, patience_s: float = PATIENCE_S
) -> set[Waiting]:
    """Enter what is new in the labs' landing folders, then give (month, lab, stamp) of what waits to be run.

    Stops entering after `patience_s`: the next look goes on. A lab that an import holds is left to it, and so
    is a cell whose cell.json cannot be read, with a warning. The stamp changes with every test that arrives,
    so that each state of a month is run once.
    """
    started = time.monotonic()
    with warehouse.transaction() as connection:
        labs = [row for row in registry.free_sites(connection) if row.source == LAB_FILES]
    for lab in labs:
        terms = dict(lab.config)
        root = landing.root(lab.site)
        folder = root / lab.site
        if not Path(folder).is_dir():
            continue
        for _ in enter_new_tests(warehouse, lab.site, folder, terms, left_out=log.warning, root=root):
            if time.monotonic() - started > patience_s:
                break
    return waiting(warehouse, [lab.site for lab in labs])


def waiting(warehouse: Warehouse, labs: list[str]) -> set[Waiting]:
    """(month, lab, stamp) of months with a test that was entered, or replaced, after its points were made."""
    books, points = intake.intake, partition_version
    newest = sa.func.max(books.c.registered_at)
    query = (
        sa.select(books.c.month, books.c.site, newest)
        .join(sites, sites.c.site == books.c.site)
        .outerjoin(
            points,
            sa.and_(
                points.c.table_name == t.timeseries_point.name,
                points.c.site == books.c.site,
                points.c.month == books.c.month,
            ),
        )
        .where(books.c.status.in_([intake.ACCEPTED, intake.REPLACED]), books.c.site.in_(labs))
        .group_by(books.c.month, books.c.site, points.c.committed_at)
        .having(sa.or_(points.c.committed_at.is_(None), newest > points.c.committed_at))
    )
    with warehouse.transaction() as connection:
        return {(month, lab, stamp.isoformat()) for month, lab, stamp in connection.execute(query)}


def unfinished(
    warehouse: Warehouse, instance: dg.DagsterInstance, lab: str, names: Collection[str]
) -> set[str]:
    """Months of these files' tests, where the newest run did not bring all that arrived to its end.

    A run that still says it is in progress counts as one that did not: after a power cut nobody knows, and of
    two that do run the later one alone may write.
    """
    with warehouse.transaction() as connection:
        rows = [row for row in intake.entries(connection, lab).values() if row.month]
    months = {row.month for row in rows if not set(names).isdisjoint(file["path"] for file in row.files)}
    arrived = [row for row in rows if row.status in (intake.ACCEPTED, intake.REPLACED)]
    newest = {
        month: max(row.registered_at for row in arrived if row.month == month)
        for month in months & {row.month for row in arrived}
    }
    return {
        month for month, at in newest.items() if not _finished_since(instance, lab, month, at.timestamp())
    }


def _finished_since(instance: dg.DagsterInstance, lab: str, month: str, at: float) -> bool:
    """Whether the newest run of a lab's month began after an instant (s since 1970) and succeeded."""
    key = dg.MultiPartitionKey({"month": month, "site": lab})
    of_month = dg.RunsFilter(job_name=lab_month_job.name, tags={"dagster/partition": str(key)})
    runs = instance.get_run_records(of_month, limit=1)
    return any(
        run.dagster_run.status == dg.DagsterRunStatus.SUCCESS and (run.start_time or 0.0) >= at
        for run in runs
    )


def lab_landing_sensor(
    warehouse: Warehouse,
    landing: Landing,
    look: Callable[[Warehouse, Landing], set[Waiting]] = enter_landed_tests,
) -> dg.SensorDefinition:
    """New files of cyclers run the months their tests began in.

    `look` enters what is new and returns what waits; its stamp makes the run's key, so that a state of a
    month is asked for once, however often it is looked at.
    """

    @dg.sensor(
        job=lab_month_job,
        name="lab_landing",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sees new files of cyclers and materializes the months of their tests.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        to_run = runnable(
            context,
            look(initialized(warehouse), initialized(landing)),
            lab=True,
        )
        if not to_run:
            return dg.SkipReason("no new tests")
        partitions = set(context.instance.get_dynamic_partitions(str(labs.name)))
        fresh = sorted({lab for _, lab, _ in to_run} - partitions)
        requests = [
            dg.RunRequest(
                run_key=f"{lab} {month} {stamp}",
                partition_key=dg.MultiPartitionKey({"month": month, "site": lab}),
                tags=FIRST,
            )
            for month, lab, stamp in sorted(to_run)
        ]
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[labs.build_add_request(fresh)] if fresh else [],
        )

    return sensor
