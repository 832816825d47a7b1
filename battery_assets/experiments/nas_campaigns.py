"""A search for a small network: each trained for real, best and median again with fresh seeds."""

from typing import Any

import dagster as dg

from battery_assets.experiments.said import campaigns as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import nas_campaign as table


class Search(dg.Config):
    """What is searched. `job_id` carries out a job that was asked for; 0 asks for a new one."""

    job_id: int = 0
    terms: dict[str, Any] = {}  # noqa: RUF012


@dg.asset(**says("nas_campaigns", table, 3, partitions, follows=["signals"], kinds=("postgres", "pytorch")))
def nas_campaigns(
    context: dg.AssetExecutionContext, warehouse: Warehouse, config: Search
) -> dg.MaterializeResult:
    from battery_assets.experiments.searching.networks import ask, search

    number = config.job_id or ask(warehouse, context.partition_key, config.terms)
    summary = search(warehouse, number, context.run.run_id, context.log.info)
    return dg.MaterializeResult(metadata={"job": number, "verdict": dg.MetadataValue.json(summary)})
