"""What stands of experiments in PostgreSQL, and how people find them."""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.errors import BadInput
from battery_assets.platform.jobs import core
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.trainings import KIND, experiment, training_runs

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")
_VIEW = "SELECT * FROM experiments.experiments"


def ask(warehouse: Warehouse, name: str, dataset_id: int, terms: dict[str, Any], steps: int) -> int:
    """Enter an experiment and its job. Returns the job's number.

    Raises BadInput for a bad name, and for one that is taken by an experiment that has not failed.
    """
    if not NAME.fullmatch(name):
        raise BadInput(f"experiment {name!r}: letters, digits, _ . -; next step: give another name")
    row = {
        "name": name, "model_type": terms["model_type"], "dataset_id": dataset_id,
        "config": {key: terms[key] for key in ("split", "seed", "control", "dataset")},
        "hyperparameters": terms.get("hyperparameters") or {},
        "hpo_campaign_id": terms.get("hpo_campaign_id"), "created_by": terms.get("user_id", 0),
    }  # fmt: skip
    with warehouse.transaction() as connection:
        there = (
            connection.execute(sa.text(f"{_VIEW} WHERE name = :name").bindparams(name=name))
            .mappings()
            .one_or_none()
        )
        if there is not None and there["status"] not in ("failed", "cancelled"):
            raise BadInput(f"experiment {name} is there, {there['status']}; next step: give another name")
        number = core.ask(connection, KIND, {"name": name, **terms}, steps)
        if there is None:
            connection.execute(sa.insert(experiment).values(**row, job_id=number))
        else:
            again = {**row, "job_id": number, "mlflow_run_id": None, "metrics": None}
            connection.execute(sa.update(experiment).where(experiment.c.name == name).values(**again))
            connection.execute(sa.delete(training_runs).where(training_runs.c.experiment_id == there["id"]))
    return number


def change(warehouse: Warehouse, name: str, **values: Any) -> None:
    """Change columns of an experiment."""
    statement = sa.update(experiment).where(experiment.c.name == name)
    with warehouse.transaction() as connection:
        connection.execute(statement.values(**values, updated_at=sa.func.now()))


def put_epoch(warehouse: Warehouse, number: int, epoch: int, values: dict[str, float | None]) -> None:
    """Write an epoch; the same epoch again takes its place."""
    statement = insert(training_runs).values(experiment_id=number, epoch=epoch, **values)
    upsert = statement.on_conflict_do_update(index_elements=["experiment_id", "epoch"], set_=values)
    with warehouse.transaction() as connection:
        connection.execute(upsert)


def keep_weights(warehouse: Warehouse, name: str, epoch: int, path: str) -> None:
    """Say of the epoch whose weights were kept where these lie."""
    number = sa.select(experiment.c.id).where(experiment.c.name == name).scalar_subquery()
    own = (training_runs.c.experiment_id == number) & (training_runs.c.epoch == epoch)
    with warehouse.transaction() as connection:
        connection.execute(sa.update(training_runs).where(own).values(checkpoint_path=path[:255]))


def one(warehouse: Warehouse, name: str) -> dict[str, Any]:
    """The row of the view `experiments` of a name. Raises BadInput where there is none."""
    with warehouse.reading() as connection:
        rows = connection.execute(sa.text(f"{_VIEW} WHERE name = :name").bindparams(name=name))
        row = rows.mappings().one_or_none()
    if row is None:
        raise BadInput(f"there is no experiment {name!r}; next step: battery-assets experiment list")
    return dict(row)


_GROUPED = """
SELECT one.model_type, one.config ->> 'split' AS split, one.config ->> 'control' AS control,
       one.hyperparameters ->> 'epochs' AS epochs, one.hpo_campaign_id AS campaign, count(*) AS seeds,
       avg(told.macro_auroc) AS macro_auroc, stddev_samp(told.macro_auroc) AS sd,
       avg(coalesce(told.macro_auroc_low, told.macro_auroc)) AS low,
       avg(coalesce(told.macro_auroc_high, told.macro_auroc)) AS high,
       avg(told.jar_named) AS jar_named, avg(told.sound_called_sound) AS sound_called_sound,
       avg(told.both_named) AS both_named,
       avg(told.recall_capacitor_15_35) AS recall_capacitor_15_35
FROM experiments.experiment AS one
JOIN service.job AS job ON job.id = one.job_id,
LATERAL jsonb_to_record(one.metrics) AS told(macro_auroc double precision, macro_auroc_low double precision,
    macro_auroc_high double precision, sound_called_sound double precision, both_named double precision,
    jar_named double precision, recall_capacitor_15_35 double precision)
WHERE one.dataset_id = :number AND job.state = 'succeeded' AND told.macro_auroc IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
"""


def grouped(warehouse: Warehouse, dataset_id: int) -> list[dict[str, Any]]:
    """Completed experiments on a dataset by model, split, control, epochs and campaign: means over seeds."""
    with warehouse.reading() as connection:
        rows = connection.execute(sa.text(_GROUPED).bindparams(number=dataset_id))
        return [dict(row) for row in rows.mappings()]
