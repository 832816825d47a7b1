"""A code location on stores of a test's own: sites are put in, jobs run in this process, checks are read back."""

from pathlib import Path

import dagster as dg

from battery_assets.fleet.jobs import JOBS
from battery_assets.platform.dagster.partitions import know_months
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import FROM_SCRATCH, Warehouse


class World:
    """Stores, an instance, and the runs in it. `kind` is the warehouse that the assets are given."""

    def __init__(self, url: str, folder: Path, kind: type[Warehouse] = Warehouse) -> None:
        from battery_assets import definitions as d

        lake = str(folder / "lake")
        self.warehouse = Warehouse(database_url=url, lake_url=lake)
        self.defs = dg.Definitions(
            assets=d.steps,
            jobs=list(JOBS),
            resources={
                "warehouse": kind(database_url=url, lake_url=lake),
                "landing": Landing(folder=str(folder / "landing")),
                "tracking": Tracking(
                    tracking_uri=f"sqlite:///{folder}/mlflow.db", artifact_root=str(folder / "artifacts")
                ),
            },
        )
        self.instance = dg.DagsterInstance.ephemeral()

    def site(self, site: str, source: str, config: dict) -> None:
        """Make a site known."""
        with self.warehouse.transaction() as connection:
            registry.put_site(connection, site, source, config)
        self.instance.add_dynamic_partitions("site", [site])

    def run(self, job: str, key=None, selection=None, *, from_scratch=False) -> dg.ExecuteInProcessResult:
        """Run a job, or the selected assets of it with their checks; from scratch, no day is kept."""
        if key is not None:
            know_months(self.instance, [str(key).partition("|")[0]])
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=key,
            raise_on_error=False,
            asset_selection=selection,
            tags={FROM_SCRATCH: "true"} if from_scratch else None,
        )


def evaluations(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """What each check of a run said, by asset and check."""
    return {
        (event.event_specific_data.asset_key.path[-1], event.event_specific_data.check_name): (
            event.event_specific_data
        )
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    }


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    """The assets that a run wrote."""
    return {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}


def failures(result: dg.ExecuteInProcessResult) -> list[str]:
    """What went wrong in a run, in words."""
    return [
        f"{event.step_key}: {event.event_specific_data.error.cause or event.event_specific_data.error}"
        for event in result.all_events
        if event.is_step_failure
    ] + [
        f"{asset} {check}: {said.description}"
        for (asset, check), said in evaluations(result).items()
        if not said.passed
    ]
