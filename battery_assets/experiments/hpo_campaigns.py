"""A search for settings of a model: trials on validation systems, the best of them as an experiment."""

from typing import Any

import dagster as dg

from battery_assets.experiments.said import campaigns as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import hpo_campaign as table


class Search(dg.Config):
    """What is searched. `job_id` carries out a job that was asked for; 0 asks for a new one."""

    job_id: int = 0
    terms: dict[str, Any] = {}  # noqa: RUF012


@dg.asset(**says("hpo_campaigns", table, 3, partitions, follows=["signals"], kinds=("postgres", "mlflow")))
def hpo_campaigns(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Search
) -> dg.MaterializeResult:
    from battery_assets.experiments.searching import books, rules
    from battery_assets.experiments.searching.chosen import try_best
    from battery_assets.experiments.searching.settings import ask, search
    from battery_assets.experiments.searching.tracked import show_settings

    name = context.partition_key
    of_rules = "signal" in config.terms
    number = config.job_id or (rules.ask if of_rules else ask)(warehouse, name, config.terms)
    summary = search(warehouse, number, context.run.run_id, context.log.info)
    campaign = books.campaign(warehouse, table, name)
    shown: dict[str, Any] = {"job": number, "trials": summary["trials"]}
    if not summary["stopped"]:
        shown["mlflow"] = show_settings(warehouse, tracking, campaign)
    if campaign.base_model_type == rules.ALERT_RULE:
        front = rules.keep_front(warehouse, campaign)
        return dg.MaterializeResult(metadata={**shown, "front": dg.MetadataValue.json(front)})
    scores = {} if summary["stopped"] else try_best(warehouse, tracking, name, context.run.run_id)
    figures = {key: dg.MetadataValue.float(value) for key, value in sorted(scores.items())}
    return dg.MaterializeResult(metadata={**shown, **figures})
