"""A network trained on the cells of a lab: started from run config, the launchpad or the command line."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from battery_assets import tables as t
from battery_assets.platform.dagster.assets import Model, materializes
from battery_assets.platform.jobs import core
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.lab.training import KIND

CELL_MODEL = Model(
    name="cell_model",
    registered_name="the run config's model_name",
    phase=6,
    cut="lab",
    comment="A network of health and cycles left, trained on a lab's cells, judged on those it did not see.",
    kinds=frozenset({"pytorch", "mlflow"}),
)


class Training(dg.Config):
    """What is to be trained. `job_id` carries out a job that was asked for; 0 asks for a new one."""

    job_id: int = 0
    algorithm: str = "baseline"
    model_name: str = ""
    hyperparams: dict[str, Any] = {}  # noqa: RUF012
    batteries: dict[str, list[int]] = {}  # noqa: RUF012


@dg.asset(**materializes(CELL_MODEL, reads=[t.cycle_data, t.battery_unit]))
def cell_model(
    context: dg.AssetExecutionContext, warehouse: Warehouse, tracking: Tracking, config: Training
) -> dg.MaterializeResult:
    from battery_assets.lab.training.work import train

    lab, number = context.partition_key, config.job_id or asked(warehouse, context.partition_key, config)
    trained = train(warehouse, tracking, number, context.run.run_id, context.log.info)
    shown = {name: dg.MetadataValue.float(value) for name, value in trained.scores.items()}
    return dg.MaterializeResult(
        metadata={
            **shown, "job": number, "model": trained.model_id, "version": trained.version, "lab": lab,
            "mlflow_run_id": trained.mlflow_run_id, "stopped": trained.stopped,
        },
        data_version=dg.DataVersion(f"{trained.mlflow_run_id} {trained.version}"),
    )  # fmt: skip


def asked(warehouse: Warehouse, lab: str, config: Training, user_id: int = 0) -> int:
    """Ask for the training that the run config describes, for a user. Returns the job's number."""
    facts = {
        "user_id": user_id, "lab": lab, "algorithm": config.algorithm,
        "model_name": config.model_name or f"{lab}-{config.algorithm}",
        "hyperparams": config.hyperparams, "batteries": config.batteries or None,
    }  # fmt: skip
    with warehouse.transaction() as connection:
        return core.ask(connection, KIND, facts, int(config.hyperparams.get("epochs") or 60))


def job_of(facts: Mapping[str, Any]) -> tuple[str, str]:
    """The Dagster job that carries out a training of these facts, and its asset: of cycles or of points."""
    if (facts.get("hyperparams") or {}).get("target") == "soc":
        return "lab_charge_training", "charge_model"
    return "lab_training", "cell_model"


def refuse_unknown(algorithm: str, hyperparams: dict[str, Any]) -> None:
    """ValueError or TypeError for terms that no recipe has, or that are of another kind than its own."""
    from battery_assets.learning.charge.sequence import Recipe as OfPoints
    from battery_assets.learning.networks.recipe import Recipe as OfCycles

    Recipe = OfPoints if hyperparams.get("target") == "soc" else OfCycles
    plain = Recipe(algorithm)
    for name, value in hyperparams.items():
        default = getattr(plain, name, value)
        fits = (
            (int, float)
            if isinstance(default, float)
            else list
            if isinstance(default, tuple)
            else type(default)
        )
        if isinstance(value, bool) is not isinstance(default, bool) or not isinstance(value, fits):
            raise ValueError(f"{name}: it is of another kind")
    Recipe.of(algorithm, hyperparams)
