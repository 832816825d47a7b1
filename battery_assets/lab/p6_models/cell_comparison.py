"""Two models of a lab's cells held against each other: paired differences by cell, with an interval."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.p6_models.cell_model import CELL_MODEL
from battery_assets.platform.dagster.assets import Model, materializes
from battery_assets.platform.dagster.metadata import picture
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

CELL_COMPARISON = Model(
    name="cell_comparison",
    registered_name="none: its models are registered",
    phase=6,
    cut="lab",
    comment="Paired differences between two models of a lab's cells, whole and by slice, with intervals.",
    kinds=frozenset({"pytorch", "mlflow"}),
)


class Sides(dg.Config):
    """Two models, each by the numbers of its trainings in lab_training.model."""

    one: list[int]
    other: list[int]


@dg.asset(**materializes(CELL_COMPARISON, reads=[t.cycle_data, t.battery_unit], after=[CELL_MODEL]))
def cell_comparison(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Sides
) -> dg.MaterializeResult:
    from battery_assets.lab.training.comparing import compare

    made = compare(warehouse, tracking, context.partition_key, config.one, config.other)
    return dg.MaterializeResult(
        metadata={
            "differences": picture(made.png),
            "comparison": dg.MetadataValue.json(made.found.summary.fill_nan(None).to_dicts()),
            "notes": "; ".join(made.notes) or "none",
            "mlflow_run_id": made.mlflow_run_id,
        }
    )
