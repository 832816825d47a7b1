"""Models of a lab's cells that speak together, judged beside the best single one."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.p6_models.cell_model import CELL_MODEL
from battery_assets.platform.dagster.assets import Model, materializes
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

CELL_ENSEMBLE = Model(
    name="cell_ensemble",
    registered_name="none: its members are registered",
    phase=6,
    cut="lab",
    comment="Networks of a lab's cells that speak together: compared, averaged, weighted or stacked.",
    kinds=frozenset({"pytorch", "mlflow"}),
)


class Ensemble(dg.Config):
    """Which models speak together, by their numbers in lab_training.model, and how.

    No numbers: the newest model of each algorithm of the lab.
    """

    strategy: str
    models: list[int] = []  # noqa: RUF012
    name: str = ""


@dg.asset(**materializes(CELL_ENSEMBLE, reads=[t.cycle_data, t.battery_unit], after=[CELL_MODEL]))
def cell_ensemble(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Ensemble
) -> dg.MaterializeResult:
    from battery_assets.lab.training.books import newest_models
    from battery_assets.lab.training.ensemble import combine

    lab = context.partition_key
    name = config.name or f"{lab}-{config.strategy}"
    models = config.models or newest_models(warehouse, lab)
    combined = combine(warehouse, tracking, lab, name, config.strategy, models)
    shown = {name: dg.MetadataValue.float(value) for name, value in combined.scores.items()}
    weights = {str(number): weight for number, weight in combined.weights.items()}
    return dg.MaterializeResult(
        metadata={**shown, "ensemble": combined.ensemble_id, "weights": dg.MetadataValue.json(weights),
                  "mlflow_run_id": combined.mlflow_run_id}
    )  # fmt: skip
