"""A network of state of charge, trained on the points of a lab's tests, beside a Kalman filter."""

import dagster as dg

from battery_assets import tables as t
from battery_assets.lab.p6_models.cell_model import Training, asked
from battery_assets.platform.dagster.assets import Model, materializes
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

CHARGE_MODEL = Model(
    name="charge_model",
    registered_name="the run config's model_name",
    phase=6,
    cut="lab",
    comment="A network of state of charge, trained on a lab's points, judged on cells that it did not see, "
    "beside a Kalman filter and plain counting.",
    kinds=frozenset({"pytorch", "mlflow"}),
)


@dg.asset(
    **materializes(
        CHARGE_MODEL,
        reads=[t.timeseries_point, t.label_soc, t.test_session, t.battery_cell, t.cycle, t.battery_unit],
    )
)
def charge_model(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Training
) -> dg.MaterializeResult:
    from battery_assets.lab.training.charge import train

    lab = context.partition_key
    if not config.job_id:
        terms = {**config.hyperparams, "target": "soc"}
        config = config.model_copy(update={"hyperparams": terms})
    number = config.job_id or asked(warehouse, lab, config)
    trained = train(warehouse, tracking, number, context.run.run_id, context.log.info)
    shown = {name: dg.MetadataValue.float(value) for name, value in trained.scores.items()}
    return dg.MaterializeResult(
        metadata={
            **shown, "job": number, "model": trained.model_id, "version": trained.version, "lab": lab,
            "mlflow_run_id": trained.mlflow_run_id, "stopped": trained.stopped,
        },
        data_version=dg.DataVersion(f"{trained.mlflow_run_id} {trained.version}"),
    )  # fmt: skip
