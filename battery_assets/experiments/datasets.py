"""A dataset of signals: its files in the lake, made by the generator or from the fleet's captures."""

from typing import Any

import dagster as dg

from battery_assets.experiments.making import MAKERS
from battery_assets.experiments.said import datasets as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import GENERATION
from battery_assets.tables.experiments.signals import datasets as table


class Making(dg.Config):
    """How the dataset is made. `job_id` carries out a job that was asked for; 0 asks for a new one."""

    job_id: int = 0
    kind: str = GENERATION
    terms: dict[str, Any] = {}  # noqa: RUF012


@dg.asset(**says("datasets", table, 1, partitions, kinds=("postgres", "parquet")))
def datasets(context: dg.AssetExecutionContext, warehouse: Warehouse, config: Making) -> dg.MaterializeResult:
    maker = MAKERS[config.kind]
    number = config.job_id or maker.ask(warehouse, context.partition_key, config.terms)
    made = maker.make(warehouse, number, context.run.run_id, context.log.info)
    if made["stopped"]:
        raise dg.Failure(f"job {number} was stopped after {made['files']} files; next step: run it again")
    return dg.MaterializeResult(metadata={"job": number, **made})
