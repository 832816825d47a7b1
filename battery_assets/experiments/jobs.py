"""What is run of the experiment platform: a job, its assets, and what it does."""

from typing import Any

import dagster as dg

from battery_assets.experiments.making import files
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

# What is tidied up asks these which files and captures of the lake datasets name.
NAMED = files.NAMED
_JOBS = {
    "dataset": (
        ("datasets", "signals", "capacitor_calendar"),
        "Makes a dataset of signals, as the run config says.",
    ),
    "experiment": (("experiments",), "Tries a model on a dataset, as the run config says."),
    "hpo_campaign": (("hpo_campaigns",), "Searches for settings of a model, as the run config says."),
    "nas_campaign": (("nas_campaigns",), "Searches for a small network, as the run config says."),
    "string_power": (
        ("detection_power",),
        "Tells what the strings of a site would have seen of a capacitor's loss.",
    ),
    "explanation": (("explanations",), "Explains what a network saw, by methods that earned their place."),
}


@dg.op(description="Heals what dead writers left, and is red where what completed differs.")
def hold_stores_together(context: dg.OpExecutionContext, warehouse: Warehouse, tracking: Tracking) -> None:
    """Hold the rows of experiments and MLflow's runs against each other."""
    from battery_assets.experiments.trying.reconciling import reconcile

    healed, differences = reconcile(warehouse, tracking)
    context.log.info(f"healed: {healed or 'nothing'}")
    if differences:
        examples = "; ".join(differences[:10])
        raise dg.Failure(f"{len(differences)} differences: {examples}; next step: look at these experiments")


@dg.job(description="Holds experiments and MLflow's runs against each other.")
def experiment_stores() -> None:
    """The nightly look at both stores."""
    hold_stores_together()


SCHEDULES = (
    dg.ScheduleDefinition(
        name="nightly_experiment_stores",
        job=experiment_stores,
        cron_schedule="35 2 * * *",
        execution_timezone="UTC",
        description="Every night: heals what killed workers of experiments left in MLflow.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    ),
)
JOBS: tuple[Any, ...] = (
    experiment_stores,
    *(
        dg.define_asset_job(
            name,
            dg.AssetSelection.assets(*assets),
            executor_def=dg.in_process_executor,
            description=does,
        )
        for name, (assets, does) in _JOBS.items()
    ),
)
