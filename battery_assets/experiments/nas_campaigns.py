"""A search for a small network: each trained for real, best and median again with fresh seeds."""

from typing import Any

import dagster as dg

from battery_assets.experiments.said import campaigns as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import nas_campaign as table


class Search(dg.Config):
    """What is searched. `job_id` carries out a job that was asked for; 0 asks for a new one."""

    job_id: int = 0
    terms: dict[str, Any] = {}  # noqa: RUF012


@dg.asset(
    **says(
        "nas_campaigns", table, 3, partitions, follows=["signals"], kinds=("postgres", "pytorch", "mlflow")
    )
)
def nas_campaigns(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Search
) -> dg.MaterializeResult:
    from battery_assets.experiments.searching import books
    from battery_assets.experiments.searching.networks import ask, search
    from battery_assets.experiments.searching.tracked import show_networks

    name = context.partition_key
    number = config.job_id or ask(warehouse, name, config.terms)
    summary = search(warehouse, number, context.run.run_id, context.log.info)
    shown: dict[str, Any] = {"job": number, "verdict": dg.MetadataValue.json(summary)}
    if not summary["stopped"]:
        shown["mlflow"] = show_networks(warehouse, tracking, books.campaign(warehouse, table, name))
    return dg.MaterializeResult(metadata=shown)
