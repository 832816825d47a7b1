"""The experiment platform's part of the demo: a small dataset, a few experiments, a campaign of each kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.demo import FLEET
from battery_assets.actions.people.demo import NAME as ADMIN
from battery_assets.actions.session import Session, committed_months
from battery_assets.actions.signals import campaigns, experiments
from battery_assets.tables.experiments.campaigns import HPO_KIND, NAS_KIND
from battery_assets.tables.experiments.signals import GENERATION, IMPORT

DATASET, IMPORTED, WITHDRAWN = "demo-ripple", "demo-captures", "demo-withdrawn"
# The newest months on which an alert rule is replayed.
RULE_MONTHS = 3
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
    key: str = "name"
    done: str = "status = 'completed'"

    def __str__(self) -> str:
        return self.name


def steps(at: Session) -> list[Step]:
    """What is still to be done, in order. Rules are searched, and power is told, where the fleet is there."""
    return [step for step in [*_all(), *_of_fleet(at)] if not _there(at, step)]


def _all() -> list[Step]:
    def tried(model: str) -> Step:
        terms = {"model_type": model, "dataset": DATASET}
        return Step(f"demo-{model}", "experiments", lambda at: _experiment(at, f"demo-{model}", terms))

    def withdrawn(at: Session) -> None:
        """Ask for a campaign, and think better of it: what that looks like in every list."""
        campaigns.ask_campaign(at, NAS_KIND, WITHDRAWN, {**built, "trials": 200}, _admin(at))
        campaigns.stop_campaign(at, WITHDRAWN)

    def network(at: Session) -> None:
        terms = {
            "model_type": "cnn1d", "dataset": DATASET, "hyperparameters": {"stages": SMALL, "epochs": 8}
        }  # fmt: skip
        _experiment(at, "demo-cnn1d", terms)
        experiments.explain(at, "demo-cnn1d")
        experiments.tag(at, "demo-cnn1d", "gateway", _admin(at))
        experiments.note(at, "demo-cnn1d", "Two stages: small enough for a gateway.")
        experiments.find(at, "tag:gateway status:completed", save="gateways", user_id=_admin(at))
        experiments.find(at, "", use="gateways", user_id=_admin(at))

    tuned = {
        "dataset": DATASET,
        "base_model_type": "forest_own_lines",
        "trials": 4,
        "search_space": SPACE,
        "method": "random_search",
    }
    built = {"dataset": DATASET, "trials": 3, "epochs": 3, "space": NETWORKS}
    return [
        Step(
            DATASET, "datasets",
            lambda at: experiments.make_dataset(at, DATASET, GENERATION, CAMPAIGN, _admin(at)),
        ),
        Step(IMPORTED, "datasets", _imported),
        *(tried(model) for model in TRIED),
        Step("demo-cnn1d", "experiments", network),
        Step(
            "demo-tuned", "hpo_campaigns",
            lambda at: campaigns.run_campaign(at, HPO_KIND, "demo-tuned", tuned, _admin(at)),
        ),
        Step(
            "demo-gateway", "nas_campaigns",
            lambda at: campaigns.run_campaign(at, NAS_KIND, "demo-gateway", built, _admin(at)),
        ),
        Step(WITHDRAWN, "nas_campaigns", withdrawn, done="status = 'cancelled'"),
    ]  # fmt: skip


def _of_fleet(at: Session) -> list[Step]:
    """A search for an alert rule on the demo's sites, and what their strings would have seen."""
    there = {site: committed_months(at, site, t.feature_store) for site in FLEET}
    ready = {site: months for site, months in there.items() if len(months) >= RULE_MONTHS}
    months = sorted(set.intersection(*map(set, ready.values()))) if ready else []
    if len(months) < RULE_MONTHS:
        return []
    terms = {
        "signal": "float_below_median", "sites": sorted(ready), "method": "random_search", "trials": 8,
        "months": months[-RULE_MONTHS:],
    }  # fmt: skip

    def power_step(site: str) -> Step:
        return Step(
            site, "detection_power", lambda at: experiments.tell_power(at, site), key="site", done="true"
        )

    return [
        Step(
            "demo-rule", "hpo_campaigns",
            lambda at: campaigns.search_rule(at, "demo-rule", terms, _admin(at)),
        ),
        *(power_step(site) for site in ready),
    ]  # fmt: skip


def _admin(at: Session) -> int:
    """The number of the demonstration's admin; 0, the command line, where nobody is seeded yet."""
    query = sa.select(t.users.c.id).where(t.users.c.username == ADMIN)
    with at.warehouse.reading() as connection:
        return int(connection.execute(query).scalar_one_or_none() or 0)


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
    experiments.make_dataset(at, IMPORTED, IMPORT, terms, _admin(at))


def _experiment(at: Session, name: str, terms: dict[str, Any]) -> None:
    experiments.run_experiment(at, name, terms, _admin(at))


def _there(at: Session, step: Step) -> bool:
    """Whether a step was done in an earlier demo."""
    done = {"datasets": "meta_data ? 'version'"}.get(step.table, step.done)
    where = f"experiments.{step.table} WHERE {step.key} = :name AND {done}"
    query = sa.text(f"SELECT count(*) FROM {where}")  # noqa: S608
    with at.warehouse.reading() as connection:
        return bool(connection.execute(query.bindparams(name=step.name)).scalar_one())
