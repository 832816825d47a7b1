"""What is judged of datasets, experiments and campaigns, a partition at a time, on their pages in Dagster."""

import math
from typing import Any

import dagster as dg

from battery_assets.experiments import said
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.searching import books as campaigns
from battery_assets.experiments.trying import books
from battery_assets.platform.lake import captures
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import hpo_campaign, nas_campaign


@dg.asset_check(
    asset="signals",
    name="whole",
    partitions_def=said.datasets,
    description="Every signal stands in a file that is what it was, and the leak certificate is there.",
)
def signals_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    row = datasets.ready(warehouse, context.partition_key)
    signals = datasets.signals_of(warehouse, int(row.id))
    sums = {one["file_path"]: one["sha256"] for one in signals}
    faults = [
        f"{path} is missing or damaged"
        for path, checksum in sums.items()
        if captures.digest(warehouse.lake, path) != checksum
    ]
    if len(signals) != row.num_signals:
        faults.append(f"{len(signals)} signals, where the dataset says {row.num_signals}")
    if not row.meta_data.get("leak"):
        faults.append("no leak certificate")
    return _judged(faults, {"signals": len(signals), "files": len(sums)})


@dg.asset_check(
    asset="experiments",
    name="stores_agree",
    partitions_def=said.experiments,
    description="Scores, state and files of the experiment are those of its run in MLflow.",
)
def experiments_check(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.AssetCheckResult:
    from battery_assets.experiments.trying.reconciling import differences_of

    row = books.one(warehouse, context.partition_key)
    return _judged(differences_of(tracking, row), {"scores": len(row["metrics"] or {})})


@dg.asset_check(
    asset="hpo_campaigns",
    name="each_point_once",
    partitions_def=said.campaigns,
    description="Each point was tried once, and the best value is that of its trials.",
)
def hpo_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    row = campaigns.campaign(warehouse, hpo_campaign, context.partition_key)
    trials = campaigns.trials(warehouse, row.id)
    faults = _twice([one.params_hash for one in trials])
    faults += _best(row.best_accuracy, [one.value for one in trials if one.state == "completed"])
    if left := sum(one.state in ("waiting", "running") for one in trials):
        faults.append(f"{left} trials were not done")
    return _judged(faults, {"trials": len(trials)})


@dg.asset_check(
    asset="nas_campaigns",
    name="each_network_once",
    partitions_def=said.campaigns,
    description="Each network was trained once, the best is theirs, and fresh seeds have judged it.",
)
def nas_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    row = campaigns.campaign(warehouse, nas_campaign, context.partition_key)
    networks = campaigns.networks(warehouse, row.id)
    faults = _twice([one.architecture_hash for one in networks])
    faults += _best(row.best_accuracy, [one.validation_accuracy for one in networks])
    if not row.verdict:
        faults.append("no fresh seeds: nobody knows whether noise decides")
    return _judged(faults, {"networks": len(networks)})


def _twice(marks: list[str]) -> list[str]:
    again = len(marks) - len(set(marks))
    return [f"{again} were tried twice"] if again else []


def _best(stated: float | None, values: list[float]) -> list[str]:
    finite = [value for value in values if math.isfinite(value)]
    best = max(finite, default=None)
    return [] if stated == best else [f"the best is stated as {stated}, and is {best}"]


def _judged(faults: list[str], facts: dict[str, Any]) -> dg.AssetCheckResult:
    words = "; ".join(faults[:10]) or ", ".join(f"{count} {name}" for name, count in facts.items())
    return dg.AssetCheckResult(
        passed=not faults, severity=dg.AssetCheckSeverity.WARN, description=words, metadata=facts
    )
