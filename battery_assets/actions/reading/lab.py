"""What can be read of the lab: cells, tests, cycles, and the models and predictions of trainings."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from battery_assets import tables as t
from battery_assets.actions.reading.resource import LAB, Field, Resource, field_of, of_table
from battery_assets.tables.lab import training as s
from battery_assets.tables.service.jobs import job

_LAB = job.c.facts["lab"].astext.label("site")
_SITE = Field("site", "text", "Lab whose cells it was trained on.", length=31)
_CHANGES = "its rows belong to jobs, whose state then is not kept"


def _trained(name: str, title: str, table: sa.Table, joined: sa.Join, *filters: str) -> Resource:
    """Rows of models, with the lab of the training that made them."""
    return Resource(
        name,
        LAB,
        title,
        lambda knowledge: (
            sa.select(*table.columns, _LAB).select_from(joined).where(knowledge.until(table.c.created_at))
        ),
        {**{column.name: field_of(column) for column in table.columns}, "site": _SITE},
        ("id",),
        ("site", *filters),
        "created_at",
        one_by=("id",),
    )


_OF_MODEL = s.model.join(job, job.c.id == s.model.c.job_id)
_JOB_FIELDS = {
    **{
        column.name: field_of(column) for column in job.columns if column.name not in ("lease_until", "facts")
    },
    "site": _SITE,
    "facts": Field("facts", "json", "What was asked for."),
}
TRAININGS = Resource(
    "trainings",
    LAB,
    "Trainings of networks on a lab's cells: jobs, with what was asked for.",
    lambda knowledge: sa.select(
        *(job.c[name] for name in _JOB_FIELDS if name not in ("site", "facts")), job.c.facts, _LAB
    ).where(job.c.kind == s.KIND),
    _JOB_FIELDS,
    ("id",),
    ("site", "state"),
    "created_at",
    past=_CHANGES,
    one_by=("id",),
)


def _of_ensemble(ensemble: sa.ColumnElement) -> sa.ScalarSelect:
    """The lab of an ensemble: that of its members."""
    member = s.model_ensemble_member
    joined = member.join(s.model, s.model.c.id == member.c.model_id).join(job, job.c.id == s.model.c.job_id)
    lab = sa.select(sa.func.min(job.c.facts["lab"].astext)).select_from(joined)
    return lab.where(member.c.ensemble_id == ensemble).scalar_subquery()


def _together(
    name: str, table: sa.Table, ensemble: sa.ColumnElement, more: tuple[sa.Label, Field], *filters: str
) -> Resource:
    """Rows of ensembles, with their lab and what belongs to each."""
    columns = [*table.columns, _of_ensemble(ensemble).label("site"), more[0]]
    return Resource(
        name, LAB, table.comment or "",
        lambda knowledge: sa.select(*columns).where(knowledge.until(table.c.created_at)),
        {**{column.name: field_of(column) for column in table.columns}, "site": _SITE, more[1].name: more[1]},
        ("id",), ("site", *filters), "created_at", one_by=("id",),
    )  # fmt: skip


def _listed(table: sa.Table, names: tuple[str, ...], where: sa.ColumnElement[bool], called: str) -> sa.Label:
    """Rows of a table as one JSON array."""
    one = sa.func.jsonb_build_object(*(part for name in names for part in (name, table.c[name])))
    each = sa.func.coalesce(sa.func.jsonb_agg(aggregate_order_by(one, table.c.model_id)), sa.text("'[]'"))
    return sa.select(each).where(where).scalar_subquery().label(called)


_MEMBER, _DETAIL = s.model_ensemble_member, s.ensemble_prediction_detail
ENSEMBLES = _together(
    "ensembles", s.model_ensemble, s.model_ensemble.c.id,
    (_listed(_MEMBER, ("model_id", "weight"), _MEMBER.c.ensemble_id == s.model_ensemble.c.id, "members"),
     Field("members", "json", "Its models and their weights.")),
    "name", "strategy",
)  # fmt: skip
ENSEMBLE_PREDICTIONS = _together(
    "ensemble-predictions", s.ensemble_prediction, s.ensemble_prediction.c.ensemble_id,
    (_listed(_DETAIL, ("model_id", "soh", "rul", "result"),
             _DETAIL.c.ensemble_prediction_id == s.ensemble_prediction.c.id, "details"),
     Field("details", "json", "What each member said.")),
    "ensemble_id", "battery_id",
)  # fmt: skip
CURVES = Resource(
    "training-curves", LAB, "Losses of each epoch of trainings.",
    lambda knowledge: sa.select(*s.training_job_metric.columns, _LAB).join_from(
        s.training_job_metric, job, job.c.id == s.training_job_metric.c.job_id
    ),
    {**{column.name: field_of(column) for column in s.training_job_metric.columns}, "site": _SITE},
    ("id",), ("site", "job_id"), past=_CHANGES, one_by=("id",),
)  # fmt: skip

RESOURCES = (
    of_table(t.battery_cell, "cells", LAB, filters=("site", "chemistry", "cell_code"),
             one_by=("cell_id", "cell_code")),
    of_table(t.test_session, "tests", LAB, filters=("site", "month", "cell_id")),
    of_table(t.cycle, "cycles", LAB, filters=("site", "month", "session_id")),
    of_table(t.label_soh, "health-labels", LAB, filters=("site", "month")),
    TRAININGS,
    _trained("cell-models", s.model.comment or "", s.model, _OF_MODEL, "algorithm", "name", "job_id"),
    ENSEMBLES,
    ENSEMBLE_PREDICTIONS,
    CURVES,
    _trained("cell-predictions", s.prediction.comment or "", s.prediction,
             s.prediction.join(s.model, s.model.c.id == s.prediction.c.model_id).join(
                 job, job.c.id == s.model.c.job_id), "model_id", "battery_id", "input_source"),
)  # fmt: skip
