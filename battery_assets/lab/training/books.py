"""What a training writes into PostgreSQL while it runs, and what came of it."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.lab import training as s
from battery_assets.tables.service.jobs import job

_STATUS = sa.text("SELECT * FROM lab_training.training_job WHERE (:id IS NULL OR id = :id) ORDER BY id")


def put_batteries(warehouse: Warehouse, job_id: int, roles: dict[int, str]) -> None:
    """Write which cells are on which side."""
    rows = [{"job_id": job_id, "battery_id": one, "split_role": role} for one, role in roles.items()]
    with warehouse.transaction() as connection:
        connection.execute(sa.insert(s.training_job_battery), rows)


def put_epoch(
    warehouse: Warehouse, job_id: int, epoch: int, train: float, valid: float, more: dict[str, float]
) -> None:
    """Write an epoch's losses; the same epoch again takes their place."""
    values = {"train_loss": train, "val_loss": valid, "metrics": more}
    statement = insert(s.training_job_metric).values(job_id=job_id, epoch=epoch, **values)
    with warehouse.transaction() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["job_id", "epoch"], set_=values))


def put_model(warehouse: Warehouse, predictions: list[dict[str, Any]], **values: Any) -> int:
    """Write a model and what it says of the cells that it did not see, together. Returns its number."""
    with warehouse.transaction() as connection:
        made = connection.execute(sa.insert(s.model).values(**values).returning(s.model.c.id))
        number = int(made.scalar_one())
        rows = [{**row, "model_id": number, "input_source": "battery"} for row in predictions]
        if rows:
            connection.execute(sa.insert(s.prediction), rows)
    return number


def trainings(warehouse: Warehouse, job_id: int | None = None) -> list[dict[str, Any]]:
    """Rows of training_job, all of them or one."""
    with warehouse.reading() as connection:
        query = _STATUS.bindparams(sa.bindparam("id", job_id, sa.BigInteger))
        return [dict(row) for row in connection.execute(query).mappings()]


def model_of(warehouse: Warehouse, number: int) -> sa.Row | None:
    """A row of model; None where there is none."""
    with warehouse.reading() as connection:
        return connection.execute(sa.select(s.model).where(s.model.c.id == number)).one_or_none()


def metrics_of_lab(warehouse: Warehouse, lab: str) -> list[tuple[str, dict[str, float]]]:
    """Name and scores of every model of a lab's cells, oldest first."""
    query = (
        sa.select(s.model.c.name, s.model.c.metrics)
        .join_from(s.model, job, s.model.c.job_id == job.c.id)
        .where(job.c.facts["lab"].astext == lab)
        .order_by(s.model.c.id)
    )
    with warehouse.reading() as connection:
        return [(str(row.name), dict(row.metrics or {})) for row in connection.execute(query)]


def newest_models(warehouse: Warehouse, lab: str) -> list[int]:
    """The newest model of each algorithm of a lab's cycles, by number; those of charge see points."""
    of_points = sa.func.coalesce(job.c.facts["hyperparams"]["target"].astext, "") == "soc"
    query = (
        sa.select(sa.func.max(s.model.c.id))
        .join_from(s.model, job, s.model.c.job_id == job.c.id)
        .where(job.c.facts["lab"].astext == lab, ~of_points)
        .group_by(s.model.c.algorithm)
    )
    with warehouse.reading() as connection:
        return sorted(int(number) for number in connection.execute(query).scalars())


def model_of_job(warehouse: Warehouse, job_id: int) -> int:
    """The number of the model that a training made."""
    with warehouse.reading() as connection:
        models = connection.execute(sa.select(s.model.c.id).where(s.model.c.job_id == job_id))
        return int(models.scalar_one())


def recipe_of(warehouse: Warehouse, number: int) -> dict[str, Any]:
    """Algorithm and terms that a model's training was asked with."""
    query = (
        sa.select(job.c.facts)
        .join_from(s.model, job, s.model.c.job_id == job.c.id)
        .where(s.model.c.id == number)
    )
    with warehouse.reading() as connection:
        facts = connection.execute(query).scalar_one()
        return {"algorithm": facts["algorithm"], **(facts.get("hyperparams") or {})}


def facts_of(warehouse: Warehouse, job_id: int) -> dict[str, Any]:
    """What a training was asked with."""
    with warehouse.reading() as connection:
        return dict(connection.execute(sa.select(job.c.facts).where(job.c.id == job_id)).scalar_one())


def lab_of(warehouse: Warehouse, job_id: int) -> str:
    """The lab whose cells a training used."""
    with warehouse.reading() as connection:
        labs_found = connection.execute(sa.select(job.c.facts["lab"].astext).where(job.c.id == job_id))
        return str(labs_found.scalar_one())


def batteries_of(warehouse: Warehouse, job_id: int) -> dict[int, str]:
    """Side of each cell of a training, by its number."""
    cells = s.training_job_battery.c
    query = sa.select(cells.battery_id, cells.split_role).where(cells.job_id == job_id)
    with warehouse.reading() as connection:
        rows = connection.execute(query.order_by(cells.battery_id))
        return {int(row.battery_id): str(row.split_role) for row in rows}


def members_of(warehouse: Warehouse, ensemble_id: int) -> dict[int, float | None]:
    """Weight of each member of an ensemble, by the model's number; empty where there is none."""
    member = s.model_ensemble_member.c
    query = sa.select(member.model_id, member.weight).where(member.ensemble_id == ensemble_id)
    with warehouse.reading() as connection:
        rows = connection.execute(query.order_by(member.model_id))
        return {int(row.model_id): None if row.weight is None else float(row.weight) for row in rows}


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON holds them."""
    document: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return document


def scores_of(warehouse: Warehouse, job_id: int) -> dict[str, float]:
    """The scores of the model of a training; none where it made none."""
    with warehouse.reading() as connection:
        rows = connection.execute(sa.select(s.model.c.metrics).where(s.model.c.job_id == job_id))
        return dict(rows.scalar_one_or_none() or {})


def newest_ensemble(warehouse: Warehouse) -> dict[str, Any]:
    """What is stored of the newest ensemble: lab, best single member, scores."""
    newest = sa.select(s.model_ensemble.c.config).order_by(s.model_ensemble.c.id.desc()).limit(1)
    with warehouse.reading() as connection:
        return dict(connection.execute(newest).scalar_one())
