"""Trainings of networks on cells, the models that came of them, and what these predict.

Names and columns are those of the lab training schema, in a schema of their own: the bench has a table
`prediction` too. `training_job` and `training_job_log` are views of the job core. `user_id` is the number of
who asked; 0 is the command line. `battery_id` is battery_unit.id, which whoever writes holds: runs replace
those rows.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from battery_assets.tables.definition import KEPT, POSTGRES
from battery_assets.tables.service.jobs import INSTANT, NOW, job, numbered

ALGORITHMS = ("baseline", "bilstm", "deephpm")
STRATEGIES = ("compare", "avg", "weighted_avg", "stacking")
SCHEMA, KIND = "lab_training", "cell_training"


def _table(name: str, comment: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, KEPT, *columns, schema=SCHEMA, comment=comment, info={"store": POSTGRES})


def _user() -> sa.Column:
    return sa.Column(
        "user_id", sa.BigInteger, nullable=False, server_default="0", index=True, comment="Who asked."
    )


def _battery(**how: Any) -> sa.Column:
    return sa.Column(
        "battery_id", sa.Integer, autoincrement=False, index=True, comment="battery_unit.id.", **how
    )


def _of(name: str, parent: sa.Table, comment: str, **how: Any) -> sa.Column:
    return sa.Column(name, sa.ForeignKey(parent.c.id), comment=comment, **how)


def _made() -> sa.Column:
    return sa.Column("created_at", INSTANT, nullable=False, server_default=NOW, comment="When it was made.")


def _number(name: str, comment: str) -> sa.Column:
    return sa.Column(name, sa.Double, comment=comment)


def _json(name: str, comment: str) -> sa.Column:
    return sa.Column(name, JSONB(none_as_null=True), comment=comment)


def _said() -> tuple[sa.Column, ...]:
    return (
        _number("soh", "State of health, a share."),
        _number("rul", "Cycles left."),
        _json("result", "Cycle that it is of, and all else."),
    )


training_job_battery = _table(
    "training_job_battery",
    "The cells of a training, and which side of it each is on.",
    _of("job_id", job, "Training.", primary_key=True),
    _battery(primary_key=True, nullable=False),
    sa.Column(
        "split_role", sa.String(5), primary_key=True, server_default="train", comment="Side of the split."
    ),
    sa.CheckConstraint(sa.column("split_role").in_(("train", "val", "test")), name="split_role"),
)

training_job_metric = _table(
    "training_job_metric",
    "Losses of each epoch, written while training runs.",
    numbered("Number of the row."),
    _of("job_id", job, "Training.", nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False, comment="Epoch, from 1."),
    _number("train_loss", "Mean loss of the epoch's rows."),
    _number("val_loss", "Loss of the validation cells, each weighing the same."),
    _json("metrics", "Each part of the loss, and the least validation loss so far."),
    sa.UniqueConstraint("job_id", "epoch"),
)

model = _table(
    "model",
    "Trained models: where their weights are, and how they scored on cells that they did not see.",
    numbered("Number of the model."),
    _user(),
    sa.Column("algorithm", sa.String(8), nullable=False, comment="Algorithm."),
    sa.Column("name", sa.String(120), nullable=False, comment="Name."),
    sa.Column("version", sa.String(32), nullable=False, comment="Version in MLflow's registry."),
    _of("job_id", job, "Training that made it.", index=True),
    _json("metrics", "Scores by row and by cell, beside those of rules without a model."),
    sa.Column("file_path", sa.String(255), nullable=False, comment="Address of the weights."),
    _made(),
    sa.UniqueConstraint("algorithm", "name", "version"),
    sa.CheckConstraint(sa.column("algorithm").in_(ALGORITHMS), name="algorithm"),
)

prediction = _table(
    "prediction",
    "What a model says of a cell, or of features that were given.",
    numbered("Number of the prediction."),
    _user(),
    _of("model_id", model, "Model.", nullable=False, index=True),
    _battery(nullable=True),
    sa.Column("input_source", sa.String(7), nullable=False, comment="Where the features came from."),
    _json("input_payload", "The features that were given."),
    *_said(),
    _made(),
    sa.CheckConstraint(sa.column("input_source").in_(("battery", "payload")), name="input_source"),
)

model_ensemble = _table(
    "model_ensemble",
    "Models that speak together.",
    numbered("Number of the ensemble."),
    _user(),
    sa.Column("name", sa.String(120), nullable=False, comment="Name."),
    sa.Column("strategy", sa.String(12), nullable=False, comment="How they speak together."),
    _json("config", "Terms of the strategy, and the scores beside the best single member."),
    _made(),
    sa.CheckConstraint(sa.column("strategy").in_(STRATEGIES), name="strategy"),
)

model_ensemble_member = _table(
    "model_ensemble_member",
    "The members of ensembles with their weights.",
    _of("ensemble_id", model_ensemble, "Ensemble.", primary_key=True),
    _of("model_id", model, "Model.", primary_key=True),
    sa.Column("weight", sa.Numeric(8, 6), comment="Weight, from the validation cells."),
)

ensemble_prediction = _table(
    "ensemble_prediction",
    "What an ensemble says of a cell, or of features that were given.",
    numbered("Number of the prediction."),
    _user(),
    _of("ensemble_id", model_ensemble, "Ensemble.", nullable=False, index=True),
    _battery(nullable=True),
    _json("input_payload", "The features that were given."),
    *_said(),
    _made(),
)

ensemble_prediction_detail = _table(
    "ensemble_prediction_detail",
    "What each member said.",
    numbered("Number of the row."),
    _of("ensemble_prediction_id", ensemble_prediction, "Prediction.", nullable=False, index=True),
    _of("model_id", model, "Member.", nullable=False),
    *_said(),
)

TRAINING_TABLES = (
    training_job_battery,
    training_job_metric,
    model,
    prediction,
    model_ensemble,
    model_ensemble_member,
    ensemble_prediction,
    ensemble_prediction_detail,
)
