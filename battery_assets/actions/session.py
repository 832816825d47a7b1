"""A platform that is ready to work in this process: database up and migrated, Dagster's instance at hand."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from battery_assets.errors import BadInput, Failure, RedCheck, UserError
from battery_assets.platform import clock
from battery_assets.platform.registry.kinds import LAB_SOURCES, SYNTHETIC
from battery_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

    from battery_assets.platform.landing import Landing
    from battery_assets.platform.warehouse.resource import Warehouse


_MONTH = re.compile(r"\d{4}-\d{2}")
_NEXT_STEP = re.compile(r"[.;]\s+next step: ", re.IGNORECASE)


@dataclass(frozen=True)
class Session:
    """What commands work with."""

    settings: Settings
    warehouse: "Warehouse"
    landing: "Landing"
    instance: "dg.DagsterInstance"


@contextmanager
def session(settings: Settings | None = None) -> Iterator[Session]:
    """The platform, started where it does not run and migrated where it is behind."""
    from battery_assets.hosting.abandoned import fail_abandoned_runs
    from battery_assets.hosting.databases import running_database
    from battery_assets.hosting.launch import QUIET, install_dagster_home
    from battery_assets.platform.registry.identity import refuse_strangers
    from battery_assets.platform.warehouse.migrate import migrate

    settings = settings or Settings.from_environment()
    with running_database(settings):
        migrate(settings.warehouse_url)
        refuse_strangers(
            settings.warehouse_url, settings.lake_url, settings.home, shared=settings.database_url is not None
        )
        install_dagster_home(settings)
        os.environ.update({**QUIET, **settings.variables()})
        import dagster as dg

        from battery_assets.platform.landing import Landing
        from battery_assets.platform.warehouse.resource import Warehouse

        warehouse = Warehouse(database_url=settings.warehouse_url, lake_url=settings.lake_url)
        landing = Landing(folder=settings.landing, cache=str(settings.home))
        with dg.DagsterInstance.get() as instance:
            if settings.database_url is None:
                # A command that was killed leaves a run in progress, and its place in the queue taken.
                fail_abandoned_runs(instance)
            know_sites(warehouse, instance)
            try:
                yield Session(settings, warehouse, landing, instance)
            except KeyboardInterrupt:
                if settings.database_url is None:
                    fail_abandoned_runs(instance)
                raise


def know_sites(warehouse: "Warehouse", instance: "dg.DagsterInstance", *, lab: bool = False) -> list[str]:
    """Make every site and lab that the books know a partition, and their months. Returns sites, or labs."""
    from battery_assets.platform.dagster.partitions import know_months, labs, sites
    from battery_assets.platform.registry import books as registry

    with warehouse.transaction() as connection:
        rows, made = registry.sites(connection), registry.committed_months(connection)
    registered = {
        of: [row.site for row in rows if (row.source in LAB_SOURCES) == (of is labs)] for of in (sites, labs)
    }
    for of, names in registered.items():
        present = set(instance.get_dynamic_partitions(str(of.name)))
        missing = [name for name in names if name not in present]
        if missing:
            instance.add_dynamic_partitions(str(of.name), missing)
        # A partition that somebody typed on Dagster's page would run red every night.
        for name in present - set(names):
            instance.delete_dynamic_partition(str(of.name), name)
    of_labs = set(registered[labs])
    for of_kind in (False, True):
        know_months(instance, {month for site, month in made if (site in of_labs) == of_kind}, lab=of_kind)
    return registered[labs] if lab else registered[sites]


def put_site(
    at: Session, site: str, source: str, config: dict[str, Any], *, all_made_again: bool = False
) -> bool:
    """Enter a site, or change its settings. Returns whether it is new.

    UserError for a bad id or setting, for a name that is taken, and for other settings of a site that has
    data, unless all of its months are made again.
    """
    from battery_assets.platform.registry import books as registry

    try:
        if str(config.get("start", "")) > f"{clock.now():%Y-%m}":
            raise ValueError(f"start = {config['start']!r} lies ahead: nothing has happened since then")
        wanted = _terms(site, source, config)
        with at.warehouse.transaction() as connection:
            there = next((row for row in registry.sites(connection) if row.site == site), None)
            if there is not None and there.source != source:
                raise UserError(
                    f"{site} is there already, as {there.source}, not as {source}", "give another name"
                )
            if there is not None and not all_made_again and _terms(site, source, there.config) != wanted:
                _refuse_mixture(connection, there, config)
            registry.put_site(connection, site, source, config)
    except ValueError as error:
        raise UserError(str(error), "correct the value and run the command again") from error
    know_sites(at.warehouse, at.instance)
    return there is None


def _terms(site: str, source: str, config: dict[str, Any]) -> Any:
    """What settings come to, defaults included. Raises ValueError for those that cannot be."""
    if source == SYNTHETIC:
        from battery_assets.synthetic.site import SyntheticSite

        return SyntheticSite.from_config(site, config)
    if source in LAB_SOURCES:
        from battery_assets.lab.sessions import settled_terms

        return settled_terms(site, source, config)
    from battery_assets.ingest.exports.contract import SourceContract

    return SourceContract.from_config(config)


def _refuse_mixture(connection: Any, there: Any, config: dict[str, Any]) -> None:
    """UserError where a site has months that were made with other settings."""
    from battery_assets.platform.registry import books as registry

    months = registry.months_of_site(connection, there.site)
    if not months:
        return
    others = sorted({*there.config, *config})
    changed = [
        f"{name} {there.config.get(name)!r} -> {config.get(name)!r}"
        for name in others
        if there.config.get(name) != config.get(name)
    ]
    kind = "lab" if there.source in LAB_SOURCES else "site"
    raise UserError(
        f"{there.site} has data from {months[0]} to {months[-1]} that were made with other settings: "
        f"{', '.join(changed)}",
        f"give another name, or run `battery-assets {kind} remove {there.site}` first",
    )


def run_here(
    job_name: str, partition: str | None = None, site: str | None = None, ops: dict[str, Any] | None = None
) -> str:
    """Run a job for a partition in this process, logged in Dagster like any other run. Returns the run's id.

    ops: the run config of its steps.
    Raises UserError that names the step which failed.
    """
    import dagster as dg

    from battery_assets.definitions import defs
    from battery_assets.hosting.runs_here import NOT_STARTED_ANEW, show_runs, signals_kept
    from battery_assets.platform.dagster.partitions import know_months

    key: Any = partition
    if partition and site:
        key = dg.MultiPartitionKey({"month": partition, "site": site})
    with dg.DagsterInstance.get() as instance, signals_kept():
        show_runs(instance)
        if partition and _MONTH.fullmatch(partition):
            know_months(instance, [partition], lab=job_name == "lab_month")
        result = defs.resolve_job_def(job_name).execute_in_process(
            instance=instance,
            partition_key=key,
            raise_on_error=False,
            tags=NOT_STARTED_ANEW,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, "ops": ops or {}},
        )
    if not result.success:
        raise _ended_by(result, f"{job_name} {key or ''}".strip())
    return result.run_id


def _ended_by(result: "dg.ExecuteInProcessResult", name: str) -> UserError:
    """What ended a run: the blocking checks that turned red, or else the step that failed."""
    import dagster as dg

    said = [
        event.event_specific_data
        for event in result.all_events
        if isinstance(event.event_specific_data, dg.AssetCheckEvaluation)
    ]
    stops = dg.AssetCheckSeverity.ERROR
    red = [check for check in said if check.blocking and not check.passed and check.severity == stops]
    look = f"look at run {result.run_id} in `battery-assets up`, mend it, run again"
    if red:
        causes = [_apart(check.description or "") for check in red]
        words = "; ".join(
            f"{check.asset_key.path[-1]}: the check {check.check_name} is red: {fault}"
            for check, (fault, _) in zip(red, causes, strict=True)
        )
        steps = dict.fromkeys(step for _, step in causes if step)
        return RedCheck(f"{name}: {words}", "; ".join(steps) or look)
    failed = [event for event in result.all_events if event.is_failure and event.step_key]
    if not failed or not failed[0].step_failure_data or not failed[0].step_failure_data.error:
        return Failure(f"{name}: a step failed", look)
    error = failed[0].step_failure_data.error
    error = error.cause or error
    fault, step = _apart(error.message.strip())
    if error.cls_name == BadInput.__name__:
        return UserError(f"{name}: {fault.removeprefix(f'{BadInput.__name__}: ')}", step)
    return Failure(f"{name}: {failed[0].step_key} failed: {fault}", step or look)


def _apart(words: str) -> tuple[str, str]:
    """The fault, and the next step that stands last in words; empty where none does."""
    *before, last = _NEXT_STEP.split(words)
    return ("; ".join(before), last) if before else (words, "")


def quiet_logs() -> None:
    """Leave the terminal to the progress bar: what runs say is kept in Dagster's event log."""
    import logging

    # MLflow sets up its own logger when it is imported, later than this.
    os.environ.update({"MLFLOW_LOGGING_LEVEL": "ERROR"})
    for name in ("dagster", "alembic", "mlflow", "great_expectations", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.ERROR)


def make_catalogue(at: Session) -> None:
    """Run the job of what all sites refer to, users and battery models, where it has not run or lacks one."""
    import sqlalchemy as sa

    from battery_assets import tables as t
    from battery_assets.synthetic.catalogue import battery_models

    with at.warehouse.reading() as connection:
        models = set(connection.execute(sa.select(t.battery_model.c.model_id)).scalars())
    made = all(committed_months(at, "", table) for table in (t.battery_model, t.user))
    if not made or not models >= set(battery_models()["model_id"]):
        run_here("catalogue")


def committed_months(at: Session, site: str, table: Any) -> Sequence[str]:
    """The months of a site for which a table is there and current."""
    from battery_assets.platform.registry import books as registry

    with at.warehouse.transaction() as connection:
        rows = registry.committed_parts(connection, table, site=site)
    return [row.month for row in rows if row.state == "current"]


def months_without_rows(at: Session, sites: Sequence[str], months: Sequence[str]) -> list[tuple[str, str]]:
    """Site and month where neither jars nor strings sent anything, of months that were run."""
    from battery_assets import tables as t
    from battery_assets.platform.dagster.partitions import Part

    def rows(site: str, month: str) -> int:
        profiles = [
            at.warehouse.profile(table, Part(site, month))
            for table in (t.telemetry_jar_raw, t.telemetry_string_raw)
        ]
        return sum(profile["rows"] for profile in profiles if profile)

    return [(site, month) for site in sites for month in months if not rows(site, month)]
