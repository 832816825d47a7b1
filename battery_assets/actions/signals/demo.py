"""The experiment platform's part of the demo: a small dataset, a few experiments, a campaign of each kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets.actions.session import Session
from battery_assets.actions.signals import campaigns, experiments
from battery_assets.tables.experiments.campaigns import HPO_KIND, NAS_KIND
from battery_assets.tables.experiments.signals import GENERATION, IMPORT

DATASET, IMPORTED = "demo-ripple", "demo-captures"
# What an operator of a few systems would send: a file of each, 50 ms a burst.
OWN = {"systems": 6, "references": 6, "sound": 3, "each_fault": 1, "mixed": 0, "seed": 9}
OWN_SAMPLES = 640
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
        experiments.tag(at, "demo-cnn1d", "gateway")
        experiments.note(at, "demo-cnn1d", "Two stages: small enough for a gateway.")
        experiments.find(at, "tag:gateway status:completed", save="gateways")
        experiments.find(at, "", use="gateways")

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
        Step(IMPORTED, "datasets", _imported),
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


def _imported(at: Session) -> None:
    """Write files as an operator would send them, and take them in."""
    import polars as pl

    from battery_assets.synthetic.events import BURST_HZ
    from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts

    folder = at.settings.home / IMPORTED
    folder.mkdir(parents=True, exist_ok=True)
    for system in system_bursts(Campaign(**OWN)):  # type: ignore[arg-type]
        bursts = [
            pl.DataFrame({"voltage_v": volts[:OWN_SAMPLES], "current_a": amps[:OWN_SAMPLES]}).with_columns(
                signal_id=pl.lit(f"{place:02d}"), system=pl.lit(f"R{system.system + 1}"),
                pulses=pl.lit(system.pulses), label=pl.lit("+".join(labels) or "sound"),
            )
            for place, (volts, amps, labels) in enumerate(
                zip(system.volts, system.amps, system.labels, strict=True)
            )
        ]  # fmt: skip
        pl.concat(bursts).write_csv(folder / f"R{system.system + 1}.csv")
    terms = {"folder": str(folder), "sample_rate_hz": BURST_HZ}
    experiments.make_dataset(at, IMPORTED, IMPORT, terms)


def _experiment(at: Session, name: str, terms: dict[str, Any]) -> None:
    experiments.run_experiment(at, name, terms)


def _there(at: Session, step: Step) -> bool:
    """Whether a step was done in an earlier demo."""
    done = {"datasets": "meta_data ? 'version'"}.get(step.table, "status = 'completed'")
    query = sa.text(f"SELECT count(*) FROM experiments.{step.table} WHERE name = :name AND {done}")  # noqa: S608
    with at.warehouse.reading() as connection:
        return bool(connection.execute(query.bindparams(name=step.name)).scalar_one())
