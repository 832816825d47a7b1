"""What can be read of the lab: cells, tests, cycles, and the models and predictions of trainings."""

import sqlalchemy as sa

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
        lambda known: (
            sa.select(*table.columns, _LAB).select_from(joined).where(known.until(table.c.created_at))
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
    lambda known: sa.select(
        *(job.c[name] for name in _JOB_FIELDS if name not in ("site", "facts")), job.c.facts, _LAB
    ).where(job.c.kind == s.KIND),
    _JOB_FIELDS,
    ("id",),
    ("site", "state"),
    "created_at",
    past=_CHANGES,
    one_by=("id",),
)

RESOURCES = (
    of_table(t.battery_cell, "cells", LAB, filters=("site", "chemistry", "cell_code"),
             one_by=("cell_id", "cell_code")),
    of_table(t.test_session, "tests", LAB, filters=("site", "month", "cell_id")),
    of_table(t.cycle, "cycles", LAB, filters=("site", "month", "session_id")),
    of_table(t.label_soh, "health-labels", LAB, filters=("site", "month")),
    TRAININGS,
    _trained("cell-models", s.model.comment or "", s.model, _OF_MODEL, "algorithm", "name", "job_id"),
    _trained("cell-predictions", s.prediction.comment or "", s.prediction,
             s.prediction.join(s.model, s.model.c.id == s.prediction.c.model_id).join(
                 job, job.c.id == s.model.c.job_id), "model_id", "battery_id", "input_source"),
)  # fmt: skip
