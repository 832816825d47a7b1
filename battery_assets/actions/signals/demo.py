"""The experiment platform's part of the demo: a small dataset, a few experiments, a campaign of each kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.session import Session
from battery_assets.actions.signals import campaigns, experiments
from battery_assets.tables.experiments.campaigns import HPO_KIND, NAS_KIND
from battery_assets.tables.experiments.signals import GENERATION

DATASET = "demo-ripple"
CAMPAIGN = {"systems": 16, "references": 8, "sound": 4, "each_fault": 3, "mixed": 2, "seed": 1}
SMALL = [{"width": 8, "kernel": 15, "stride": 8}, {"width": 16, "kernel": 7, "stride": 4}]
TRIED = ("rule_own", "forest_moments", "forest_own_lines")
SPACE = {"min_samples_leaf": {"choices": [1, 2, 4]}, "trees": {"choices": [20, 40]}}
NETWORKS = {"stages": [2], "width": [8, 16], "kernel": [7, 15], "stride": [4], "separable": [True]}


@dataclass(frozen=True)
class Step:
    """One thing to do, by its name in the store."""

    name: str
    table: str
    do: Callable[[Session], Any]

    def __str__(self) -> str:
        return self.name


def steps(at: Session) -> list[Step]:
    """What is still to be done, in order."""
    return [step for step in _all() if not _there(at, step)]


def _all() -> list[Step]:
    def tried(model: str) -> Step:
        terms = {"model_type": model, "dataset": DATASET}
        return Step(f"demo-{model}", "experiments", lambda at: _experiment(at, f"demo-{model}", terms))

    def network(at: Session) -> None:
        terms = {
            "model_type": "cnn1d", "dataset": DATASET, "hyperparameters": {"stages": SMALL, "epochs": 8}
        }  # fmt: skip
        _experiment(at, "demo-cnn1d", terms)
        experiments.explain(at, "demo-cnn1d")

    tuned = {
        "dataset": DATASET,
        "base_model_type": "forest_own_lines",
        "trials": 4,
        "search_space": SPACE,
        "method": "random_search",
    }
    built = {"dataset": DATASET, "trials": 3, "epochs": 3, "space": NETWORKS}
    return [
        Step(DATASET, "datasets", lambda at: experiments.make_dataset(at, DATASET, GENERATION, CAMPAIGN)),
        *(tried(model) for model in TRIED),
        Step("demo-cnn1d", "experiments", network),
        Step(
            "demo-tuned", "hpo_campaigns",
            lambda at: campaigns.run_campaign(at, HPO_KIND, "demo-tuned", tuned),
        ),
        Step(
            "demo-gateway", "nas_campaigns",
            lambda at: campaigns.run_campaign(at, NAS_KIND, "demo-gateway", built),
        ),
    ]  # fmt: skip


def _experiment(at: Session, name: str, terms: dict[str, Any]) -> None:
    experiments.run_experiment(at, name, terms)


def _there(at: Session, step: Step) -> bool:
    """Whether a step was done in an earlier demo."""
    done = {"datasets": "meta_data ? 'version'"}.get(step.table, "status = 'completed'")
    query = sa.text(f"SELECT count(*) FROM experiments.{step.table} WHERE name = :name AND {done}")  # noqa: S608
    with at.warehouse.reading() as connection:
        return bool(connection.execute(query.bindparams(name=step.name)).scalar_one())
