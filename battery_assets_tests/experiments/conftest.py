"""A small dataset of the generator, made once through Dagster, and experiments on it."""

from types import SimpleNamespace

import dagster as dg
import pytest

from battery_assets.experiments.said import campaigns, datasets, experiments, know
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database

SMALL = {"systems": 12, "references": 6, "sound": 4, "each_fault": 2, "mixed": 2, "seed": 3}


@pytest.fixture(scope="package")
def place(migrated_url, tmp_path_factory):
    """warehouse, tracking, instance and `run`, which runs a job of the platform for a partition."""
    from battery_assets.definitions import defs

    home = tmp_path_factory.mktemp("experiments")
    with copied_database(migrated_url) as url, dg.DagsterInstance.ephemeral() as instance:
        warehouse = Warehouse(database_url=url, lake_url=str(home / "lake"))
        tracking = Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home))

        def run(job: str, key: str, **config) -> dg.ExecuteInProcessResult:
            partitions = {"dataset": datasets, "hpo_campaign": campaigns, "nas_campaign": campaigns}.get(
                job, experiments
            )
            asset, told = f"{job}s", {"config": config} if config else {}
            know(instance, partitions, key)
            return defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                resources={"warehouse": warehouse, "tracking": tracking},
                partition_key=key,
                raise_on_error=False,
                run_config={
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                    "ops": {asset: told},
                },
            )

        yield SimpleNamespace(warehouse=warehouse, tracking=tracking, instance=instance, run=run, home=home)


@pytest.fixture(scope="package")
def small(place):
    """The name of a dataset of 12 systems."""
    assert place.run("dataset", "small", terms=SMALL).success
    return "small"
