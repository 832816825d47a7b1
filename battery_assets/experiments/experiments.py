"""An experiment: a model on a dataset's split, judged on systems that it never saw, logged in MLflow."""

from typing import Any

import dagster as dg

from battery_assets.experiments.said import experiments as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import experiment as table


class Trial(dg.Config):
    """What is tried. `job_id` carries out a job that was asked for; 0 asks for a new one."""

    job_id: int = 0
    dataset: str = ""
    model_type: str = "forest_own_lines"
    split: str = "system"
    seed: int = 1
    control: str = ""
    hyperparameters: dict[str, Any] = {}  # noqa: RUF012


@dg.asset(
    **says("experiments", table, 2, partitions, follows=["signals"], kinds=("postgres", "pytorch", "mlflow"))
)
def experiments(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Trial
) -> dg.MaterializeResult:
    from battery_assets.experiments.trying.work import ask, carry_out

    terms = {key: value for key, value in config.model_dump().items() if key != "job_id"}
    number = config.job_id or ask(warehouse, context.partition_key, terms)
    scores = carry_out(warehouse, tracking, number, context.run.run_id, context.log.info)
    shown = {name: dg.MetadataValue.float(value) for name, value in sorted(scores.items())}
    return dg.MaterializeResult(metadata={"job": number, **shown})
