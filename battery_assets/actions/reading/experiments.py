"""What can be read of the experiment platform, of models, jobs and partitions."""

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.reading.knowledge import Knowledge
from battery_assets.actions.reading.resource import (
    EXPERIMENTS,
    FLEET,
    PLATFORM,
    Field,
    Resource,
    field_of,
    of_kept,
    of_view,
)
from battery_assets.platform.registry.tables import partition_version as version
from battery_assets.tables.experiments import campaigns as c
from battery_assets.tables.experiments import signals as g
from battery_assets.tables.experiments import trainings as e
from battery_assets.tables.service.jobs import job, job_log

_STATUS = Field(
    "status", "text", "State of its job: pending, running, completed, failed, cancelled.", length=20
)
_REASON = Field("reason", "text", "Why its job failed.")
_MOVES = "its rows follow jobs, whose state then is not kept"


def _with_state(
    table: sa.Table, view: str, name: str, *filters: str, without: tuple[str, ...] = ("job_id",)
) -> Resource:
    """A view that shows a table's rows with the state of their job."""
    fields = [field_of(column) for column in table.columns if column.name not in without]
    source, named, title = of_view("experiments", view, table.comment or "", [*fields, _STATUS])
    return Resource(name, EXPERIMENTS, title, source, named, ("id",), filters, "created_at",
                    site=None, past=_MOVES, one_by=("id", "name"))  # fmt: skip


def _partitions(knowledge: Knowledge) -> sa.Select:
    """Partitions by what was committed; of what was known at an instant, those that were there."""
    return sa.select(*(version.c[name] for name in _PARTITION)).where(
        version.c.version.is_not(None), knowledge.until(version.c.known_since)
    )


_PARTITION = ("table_name", "site", "month", "rows", "state", "sha256", "run_id", "committed_at")

RESOURCES = (
    of_kept(g.datasets, "datasets", EXPERIMENTS, filters=("name",), one_by=("id", "name")),
    of_kept(g.signals, "signals", EXPERIMENTS, filters=("dataset_id", "fault_class", "severity", "system")),
    _with_state(e.experiment, "experiments", "experiments", "model_type", "dataset_id", "status",
                "hpo_campaign_id",
                without=("job_id", "search_vector")),
    of_kept(e.training_runs, "training-runs", EXPERIMENTS, filters=("experiment_id",)),
    of_kept(e.explanations, "explanations", EXPERIMENTS, filters=("experiment_id", "signal_id", "method")),
    of_kept(e.tags, "tags", EXPERIMENTS, filters=("slug",), one_by=("id", "slug")),
    of_kept(e.experiment_tags, "experiment-tags", EXPERIMENTS, filters=("experiment_id", "tag_id")),
    of_kept(e.saved_searches, "saved-searches", EXPERIMENTS, filters=("name",)),
    _with_state(c.hpo_campaign, "hpo_campaigns", "hpo-campaigns", "method", "dataset_id", "status"),
    of_kept(c.hpo_trial, "hpo-trials", EXPERIMENTS, filters=("campaign_id", "state"),
            left_out=("lease_until", "worker")),
    _with_state(c.nas_campaign, "nas_campaigns", "nas-campaigns", "dataset_id", "status",
                without=("job_id", "created_by")),
    of_kept(c.nas_trials, "nas-trials", EXPERIMENTS, filters=("campaign_id",)),
    Resource(
        "models", FLEET, t.ml_model.comment or "",
        lambda knowledge: sa.select(t.ml_model).where(knowledge.of(t.ml_model)),
        {column.name: field_of(column) for column in t.ml_model.columns},
        ("model_id",), ("month", "model_type", "status", "version"), "trained_at", (t.ml_model,),
        site=None, one_by=("model_id",),
    ),
    of_kept(job, "jobs", PLATFORM, filters=("kind", "state"), left_out=("lease_until", "worker")),
    of_kept(job_log, "job-logs", PLATFORM, filters=("job_id", "level"), past=""),
    Resource(
        "partitions", PLATFORM, "Partitions of tables: rows, state, and when they were committed.",
        _partitions, {name: field_of(version.c[name]) for name in _PARTITION},
        ("table_name", "site", "month"),
        ("table_name", "site", "month", "state"), "committed_at", one_by=("table_name",),
    ),
)  # fmt: skip
