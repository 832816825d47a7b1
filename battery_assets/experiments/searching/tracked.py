"""A campaign as MLflow shows it: one run with all trials in a table, and its best as runs below it.

All trials are in PostgreSQL. With thousands MLflow's page of runs would be no page: it has MOST_CHILDREN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from battery_assets.experiments.searching import books
from battery_assets.experiments.trying.work import dataset_name
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.registry.identity import books_id
from battery_assets.platform.tracking import Tracking, TrackingUnavailable
from battery_assets.platform.warehouse.resource import Warehouse

MOST_CHILDREN = 20
TABLE = "trials.csv"
EXPERIMENT = Experiment(
    "campaigns",
    "Searches for settings, alert rules and small networks. Values are of the validation side: the test side "
    "is asked once, of what was chosen, in the experiment 'signals'. A campaign's best trials lie below it; "
    "trials.csv has all of them.",
    metrics=("value", "trials", "ended"),
    params=("campaign", "kind", "method", "dataset"),
)


@dataclass(frozen=True)
class Trial:
    """A trial: its number, how it ended, its value (None: none), what was tried, and what else is known."""

    number: int
    state: str
    value: float | None
    params: Mapping[str, Any]
    metrics: Mapping[str, float]


def show_settings(warehouse: Warehouse, tracking: Tracking, campaign: sa.Row) -> str:
    """Show a search for settings or rules that is over. Returns the id of its run, or why there is none."""
    trials = [
        Trial(row.trial_number, row.state, row.value, row.params, _numbers(row.metrics))
        for row in books.trials(warehouse, campaign.id)
    ]
    kind, method = campaign.base_model_type, campaign.method
    return _show(warehouse, tracking, campaign, {"kind": kind, "method": method}, trials)


def show_networks(warehouse: Warehouse, tracking: Tracking, campaign: sa.Row) -> str:
    """Show a search for networks that is over. Returns the id of its run, or why there is none."""
    sizes = ("num_parameters", "flops", "model_size_mb", "training_time", "validation_loss")
    trials = [
        Trial(
            row.trial_number, "completed", row.validation_accuracy, row.architecture,
            _numbers({name: getattr(row, name) for name in sizes}),
        )
        for row in books.networks(warehouse, campaign.id)
    ]  # fmt: skip
    kind = {"kind": "network", "method": campaign.search_algorithm}
    return _show(warehouse, tracking, campaign, kind, trials)


def _show(
    warehouse: Warehouse,
    tracking: Tracking,
    campaign: sa.Row,
    kind: Mapping[str, str],
    trials: Sequence[Trial],
) -> str:
    """The campaign is over and kept, whether MLflow answers or not."""
    dataset = "" if campaign.dataset_id is None else dataset_name(warehouse, campaign.dataset_id)
    with warehouse.reading() as connection:
        tags = {"books": books_id(connection), "job_id": str(campaign.job_id)}
    ended = [one for one in trials if one.state == "completed" and one.value is not None]
    best = sorted(ended, key=lambda one: (-(one.value or 0.0), one.number))[:MOST_CHILDREN]
    try:
        with tracking.run(EXPERIMENT, campaign.name, tags) as run:
            run.log_params({"campaign": campaign.name, **kind, "dataset": dataset})
            counts = {"trials": float(len(trials)), "ended": float(len(ended))}
            run.log_metrics(counts | ({"value": float(best[0].value or 0.0)} if best else {}))
            run.log_table(_table(trials), TABLE)
            for one in best:
                below = {**tags, "mlflow.parentRunId": run.run_id}
                with tracking.run(EXPERIMENT, f"{campaign.name} {one.number}", below) as child:
                    child.log_params({"campaign": campaign.name, **kind, "dataset": dataset})
                    child.log_params({f"hp_{name}": value for name, value in one.params.items()})
                    child.log_metrics({**one.metrics, "value": float(one.value or 0.0)})
            return run.run_id
    except TrackingUnavailable as failure:
        return f"not shown in MLflow: {failure}"


def _table(trials: Sequence[Trial]) -> pl.DataFrame:
    """All trials, one row each; what a trial has not is empty."""
    rows = [
        {"trial": one.number, "state": one.state, "value": one.value}
        | {f"hp_{name}": str(value) for name, value in one.params.items()}
        | dict(one.metrics)
        for one in trials
    ]
    return pl.from_dicts(rows, infer_schema_length=None) if rows else pl.DataFrame({"trial": []})


def _numbers(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    """The numbers among what is known of a trial."""
    return {
        name: float(value)
        for name, value in (metrics or {}).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
