"""A search for settings: a worker claims trials until none is left; the best is tried as an experiment.

Values are of the validation systems. The test systems are asked once, of the settings that were chosen.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.searching import books, rules
from battery_assets.experiments.trying.models import (
    FORESTS,
    attempt,
    features_for,
    hyperparameters_of,
    refuse_foreign,
)
from battery_assets.experiments.trying.work import dataset_name
from battery_assets.platform.jobs.core import JobLost
from battery_assets.platform.jobs.work import Work, working
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import HPO_KIND, METHODS, hpo_campaign

if TYPE_CHECKING:
    from battery_assets.learning.search.methods import Seen
    from battery_assets.learning.signals.bursts import Bursts
    from battery_assets.learning.signals.convolution import Epoch

# A trial and its worker to its value, what else is known of it, and whether it was cut.
Tried = Callable[[sa.Row, str], tuple[float, dict[str, Any], bool]]
TUNED = ("cnn1d", *(kind for kind in FORESTS if kind != "index_only"))
SPACES: dict[str, dict[str, Any]] = {
    "cnn1d": {
        "learning_rate": {"low": 3e-4, "high": 2e-2, "log": True, "steps": 4},
        "weight_decay": {"low": 1e-6, "high": 1e-2, "log": True, "steps": 3},
        "pool": {"choices": ["mean", "max", "both"]},
    },
    "forest": {
        "min_samples_leaf": {"low": 1, "high": 12, "type": "int", "steps": 4},
        "max_features": {"low": 0.05, "high": 1.0, "log": True, "steps": 4},
    },
}


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a campaign. terms: dataset, method, base_model_type, search_space, trials, epochs, seed.

    Returns the job's number. Raises BadInput for terms that cannot be.
    """
    from battery_assets.learning.search.space import checked, checksum, drawn, grid

    method, kind = terms.get("method"), terms.get("base_model_type", "forest_own_lines")
    if method not in METHODS or kind not in TUNED:
        raise BadInput(f"{method} of {kind}; next step: {', '.join(METHODS)} of {', '.join(TUNED)}")
    data = datasets.ready(warehouse, str(terms.get("dataset")))
    refuse_foreign(kind, data)
    asked_space = terms.get("search_space")
    space = checked(SPACES["cnn1d" if kind == "cnn1d" else "forest"] if asked_space is None else asked_space)
    hyperparameters_of(kind, drawn(space, np.random.default_rng(0)))
    points = [(point, checksum(point)) for point in grid(space)] if method == "grid_search" else []
    total = len(points) or int(terms.get("trials", 0))
    epochs = int(terms.get("epochs", 20))
    if total < 1 or epochs < 1:
        raise BadInput(f"a budget of {total} trials of {epochs} epochs; next step: one of each at least")
    budget = {"trials": total, "epochs": epochs, "seed": int(terms.get("seed", 1))}
    row = {
        "name": name, "method": method, "base_model_type": kind, "dataset_id": int(data.id),
        "search_space": space, "budget": budget, "trials_total": total,
    }  # fmt: skip
    return books.enter(warehouse, hpo_campaign, HPO_KIND, row, points)


def search(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Work on a campaign as the holder of its job. Returns what it came to."""
    with working(warehouse.database_url, number, dagster_run) as work:
        shared = share(warehouse, work.facts["name"], say, work)
        if not work.stopping and shared["best"] is None:
            raise BadInput("every trial failed; next step: see hpo_trial.reason")
        return {**shared, "stopped": work.stopping}


def share(
    warehouse: Warehouse, name: str, say: Callable[[str], Any], work: Work | None = None
) -> dict[str, Any]:
    """Do trials of a campaign until none is left for this worker. Returns how many, and the best so far."""
    campaign = books.campaign(warehouse, hpo_campaign, name)
    worker = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"
    tried, done = _trial_of(warehouse, campaign), 0
    while trial := books.claim(warehouse, campaign.id, campaign.trials_total, worker, _proposal(campaign)):
        _one(warehouse, trial, worker, tried)
        done += 1
        trials = books.trials(warehouse, campaign.id)
        ended = sum(one.state in books.DONE for one in trials)
        say(f"trial {trial.trial_number}: {ended} of {campaign.trials_total} are done")
        if work is not None and work.report(ended, campaign.trials_total):
            break
    best = _best(warehouse, campaign.id)
    if best is not None:
        books.change(warehouse, hpo_campaign, campaign.id, best_accuracy=best.value)
    return {"trials": done, "best": None if best is None else best.trial_number}


def best_point(warehouse: Warehouse, name: str) -> dict[str, Any]:
    """The settings that were chosen by a campaign, and all of its terms. Raises BadInput where none ended."""
    campaign = books.campaign(warehouse, hpo_campaign, name)
    best = _best(warehouse, campaign.id)
    if best is None:
        raise BadInput(f"no trial of {name} has ended well; next step: run it")
    return {"params": best.params, "campaign": campaign, "value": best.value}


def _best(warehouse: Warehouse, number: int) -> sa.Row | None:
    ended = [one for one in books.trials(warehouse, number) if one.state == "completed"]
    return max(ended, key=lambda one: one.value, default=None)


def loaded(warehouse: Warehouse, dataset_id: int, seed: int) -> "tuple[Bursts, np.ndarray]":
    """The bursts of a dataset, and the side of each in a split by system. Raises BadInput for unfit ones."""
    from battery_assets.learning.signals.split import sides

    data = datasets.dataset(warehouse, dataset_name(warehouse, dataset_id))
    bursts = bursts_of(read(warehouse, data.meta_data["files"]))
    bursts.refuse_unfit()
    side = sides(bursts, "system", seed)
    of_valid = bursts.labels[(side == "val") & ~bursts.reference]
    if not (of_valid.any(axis=0) & ~of_valid.all(axis=0)).any():
        raise BadInput(
            f"the validation side of {data.name} has no fault, or faults alone: nothing can be chosen on it; "
            "next step: a larger dataset, or another seed"
        )
    return bursts, side


def _trials_of(rows: Any) -> "list[Seen]":
    from battery_assets.learning.search.methods import Seen

    return [
        Seen(
            row.trial_number, row.params, row.value,
            {int(epoch): value for epoch, value in ((row.metrics or {}).get("by_epoch") or {}).items()},
            row.state == "pruned",
        )
        for row in rows
        if row.state != "failed"
    ]  # fmt: skip


def _proposal(campaign: sa.Row) -> books.Proposal:
    from battery_assets.learning.search.methods import next_point
    from battery_assets.learning.search.space import checksum

    def propose(rows: Any, number: int) -> tuple[dict[str, Any], str] | None:
        hashes, seed = {row.params_hash for row in rows}, int(campaign.budget["seed"])
        # A small space gives the same point again; other draws of the same method find what is left.
        for again in range(50):
            point = next_point(
                campaign.method, campaign.search_space, _trials_of(rows), number, seed + 1000 * again
            )
            if point is None or checksum(point) not in hashes:
                return None if point is None else (point, checksum(point))
        return None

    return propose


def _trial_of(warehouse: Warehouse, campaign: sa.Row) -> Tried:
    """What carries out a trial of a campaign."""
    if campaign.base_model_type == rules.ALERT_RULE:
        judged = rules.trial_of(warehouse, campaign)
        return lambda trial, worker: (*judged(trial.params), False)
    return _on_signals(warehouse, campaign)


def _on_signals(warehouse: Warehouse, campaign: sa.Row) -> Tried:
    """Trials of a model on a dataset, valued on its validation systems."""
    from battery_assets.learning.search.methods import Seen, is_cut
    from battery_assets.learning.signals.scores import score

    budget, kind = campaign.budget, campaign.base_model_type
    bursts, side = loaded(warehouse, campaign.dataset_id, int(budget["seed"]))
    features, valid = features_for(kind, bursts), np.flatnonzero(side == "val")

    def tried(trial: sa.Row, worker: str) -> tuple[float, dict[str, Any], bool]:
        mine = Seen(trial.trial_number, trial.params)

        def heard(epoch: "Epoch") -> bool:
            mine.by_epoch[epoch.number] = -epoch.val_loss
            books.renew(warehouse, trial.id, worker, {"by_epoch": mine.by_epoch})
            others = _trials_of(books.trials(warehouse, campaign.id))
            return is_cut(campaign.method, others, mine, int(budget["epochs"]))

        settings = {**trial.params, **({"epochs": budget["epochs"]} if kind == "cnn1d" else {})}
        numbers = hyperparameters_of(kind, settings)
        fitted = attempt(kind, bursts, side, int(budget["seed"]), numbers, heard, features)
        said = fitted.said[valid]
        value = score(bursts.only(valid), said, said > 0.5)["macro_auroc"]
        return value, {"by_epoch": mine.by_epoch, "epochs": fitted.epochs}, fitted.stopped

    return tried


def _one(warehouse: Warehouse, trial: sa.Row, worker: str, tried: Tried) -> None:
    """Carry out a trial, and write how it ended; one that is another's by now is left to that one."""
    begun = time.monotonic()
    try:
        with _held(warehouse, trial.id, worker):
            value, metrics, cut = tried(trial, worker)
        metrics = {**metrics, "seconds": time.monotonic() - begun}
        state = "pruned" if cut else "completed"
        books.finish(warehouse, trial.id, worker, state, value=value, metrics=metrics)
    except JobLost:
        return
    except Exception as failure:
        reason = str(failure) or type(failure).__name__
        books.finish(warehouse, trial.id, worker, "failed", reason=reason)


@contextmanager
def _held(warehouse: Warehouse, number: int, worker: str) -> Iterator[None]:
    """Keep a trial's lease while its work runs."""
    over = threading.Event()

    def renewing() -> None:
        while not over.wait(books.LEASE_S / 3):
            try:
                books.renew(warehouse, number, worker)
            except JobLost:
                return

    beat = threading.Thread(target=renewing, name=f"lease of trial {number}", daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()
