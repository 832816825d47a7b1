"""What an experiment's network saw in signals of its test systems, by methods that earned their place."""

import dagster as dg

from battery_assets.experiments.said import experiments as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import explanations as table


@dg.asset(
    **says("explanations", table, 2, partitions, follows=["experiments"], kinds=("postgres", "pytorch"))
)
def explanations(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking
) -> dg.MaterializeResult:
    from battery_assets.experiments.trying.explaining import explain

    explained = explain(warehouse, tracking, context.partition_key)
    return dg.MaterializeResult(metadata={"methods": dg.MetadataValue.json(explained)})
