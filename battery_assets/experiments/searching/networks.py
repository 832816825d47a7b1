"""A search for a network that fits a gateway: each is trained for real, the winner must outlast its seeds.

The best and the median network are trained again with fresh seeds. Where these overlap, noise decides, and
the campaign says so; it says too whether it beats simply taking the largest network that was tried.
"""

import time
from collections.abc import Callable
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.searching import books
from battery_assets.experiments.searching.settings import loaded
from battery_assets.platform.jobs.work import working
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import NAS_KIND, nas_campaign

if TYPE_CHECKING:
    from battery_assets.learning.search.architectures import Architecture
    from battery_assets.learning.signals.bursts import Bursts

# Seeds of the second look; a fifth of the budget, three at least.
LEAST_SEEDS = 3


def ask(warehouse: Warehouse, name: str, terms: dict[str, Any]) -> int:
    """Ask for a campaign. terms: dataset, search_algorithm, trials, epochs, seed, space.

    Returns the job's number. Raises BadInput for terms that cannot be.
    """
    from battery_assets.learning.search.architectures import ALGORITHMS, checked, next_architecture
    from battery_assets.learning.signals.bursts import CLASSES_OF

    algorithm = terms.get("search_algorithm", "random")
    if algorithm not in ALGORITHMS:
        raise BadInput(f"search_algorithm {algorithm!r}; next step: one of {', '.join(ALGORITHMS)}")
    trials, epochs = int(terms.get("trials", 0)), int(terms.get("epochs", 10))
    if trials < 2 or epochs < 1:
        raise BadInput(
            f"a budget of {trials} trials of {epochs} epochs; next step: two trials and one epoch at least"
        )
    data, seed = datasets.ready(warehouse, str(terms.get("dataset"))), int(terms.get("seed", 1))
    classes = len(CLASSES_OF[data.meta_data.get("kind", "ripple")])
    space = {**checked(dict(terms.get("space") or {}), classes), "seed": seed}
    if next_architecture(algorithm, space, [], 1, seed, int(data.meta_data["samples"]), classes) is None:
        raise BadInput(
            "no network of the space is within its limits; next step: smaller stages, or more room"
        )
    row = {
        "name": name, "dataset_id": int(data.id), "search_algorithm": algorithm, "num_trials": trials,
        "max_epochs_per_trial": epochs, "search_space_config": space,
    }  # fmt: skip
    return books.enter(warehouse, nas_campaign, NAS_KIND, row)


def search(
    warehouse: Warehouse, number: int, dagster_run: str | None, say: Callable[[str], Any]
) -> dict[str, Any]:
    """Carry out a campaign; what is trained already stays. Returns its verdict."""
    from battery_assets.learning.search.architectures import next_architecture

    with working(warehouse.database_url, number, dagster_run) as work:
        campaign = books.campaign(warehouse, nas_campaign, work.facts["name"])
        space = campaign.search_space_config
        bursts, side = loaded(warehouse, campaign.dataset_id, int(space["seed"]))
        bursts = bursts.for_networks()
        while len(trained := books.networks(warehouse, campaign.id)) < campaign.num_trials:
            tried = [(row.architecture, row.validation_accuracy) for row in trained]
            place, samples = len(trained) + 1, bursts.volts.shape[1]
            one = next_architecture(
                campaign.search_algorithm,
                space,
                tried,
                place,
                int(space["seed"]),
                samples,
                len(bursts.classes),
            )
            if one is None:
                say(f"no other network fits the space after {len(trained)}")
                break
            row = trial(bursts, side, one, campaign.max_epochs_per_trial, int(space["seed"]))
            books.put_network(warehouse, campaign_id=campaign.id, trial_number=place, **row)
            say(f"network {place} of {campaign.num_trials}: {row['validation_accuracy']:.4f}")
            if work.report(place, campaign.num_trials):
                return {"stopped": True, "networks": place}
        verdict = _verdict(bursts, side, trained, campaign)
        best = max(trained, key=lambda row: row.validation_accuracy)
        values = {"best_trial_id": best.id, "best_accuracy": best.validation_accuracy, "verdict": verdict}
        books.change(warehouse, nas_campaign, campaign.id, **values)
        return {"stopped": False, "networks": len(trained), **verdict}


def trial(bursts: "Bursts", side: np.ndarray, one: "Architecture", epochs: int, seed: int) -> dict[str, Any]:
    """Train a network, on one thread so that its bits repeat. Returns what nas_trials holds of it.

    bursts: as `Bursts.for_networks` gives them.
    """
    from battery_assets.learning.search.architectures import canonical, flops, parameters
    from battery_assets.learning.signals.bursts import RIPPLE
    from battery_assets.learning.signals.convolution import fit, recipe_of
    from battery_assets.learning.signals.onnx_file import can_export, file_bytes
    from battery_assets.learning.signals.scores import score
    from battery_assets.learning.signals.stored import state_checksum

    begun = time.monotonic()
    train, valid = (bursts.only(np.flatnonzero(side == which)) for which in ("train", "val"))
    whole, classes = bursts.kind == RIPPLE, len(bursts.classes)
    recipe = recipe_of(
        {**one, "epochs": epochs, "patience": epochs, "seed": seed, "threads": 1, "centred": whole}
    )
    fitted = fit(train, valid, recipe, lambda _: False)
    said = fitted.predict(valid)
    return {
        "architecture": one, "architecture_hash": canonical(one), "validation_loss": fitted.best_loss,
        "validation_accuracy": score(valid, said, said > 0.5)["macro_auroc"],
        "training_time": time.monotonic() - begun, "num_parameters": parameters(one, classes=classes),
        "flops": flops(one, bursts.volts.shape[1], classes=classes),
        "model_size_mb": file_bytes(one, classes) / 1e6,
        "metrics": {
            "seed": seed, "threads": 1, "epochs": fitted.epochs, "best_epoch": fitted.best_epoch,
            "state_sha256": state_checksum(fitted.network), "size_of": "onnx" if can_export() else "weights",
        },
    }  # fmt: skip


def _verdict(bursts: "Bursts", side: np.ndarray, trained: list[sa.Row], campaign: sa.Row) -> dict[str, Any]:
    """Best, median and largest network again with fresh seeds, and what that says."""
    ranked = sorted(trained, key=lambda row: -row.validation_accuracy)
    chosen = {
        "best": ranked[0], "median": ranked[len(ranked) // 2],
        "largest": max(trained, key=lambda row: row.num_parameters),
    }  # fmt: skip
    seeds = range(1001, 1001 + max(LEAST_SEEDS, len(trained) // 10))
    again = {
        row.id: [
            trial(bursts, side, row.architecture, campaign.max_epochs_per_trial, seed)["validation_accuracy"]
            for seed in seeds
        ]
        for row in {row.id: row for row in chosen.values()}.values()
    }
    verdict = {
        name: {"trial": row.trial_number, "mean": fmean(again[row.id]), "sd": stdev(again[row.id])}
        for name, row in chosen.items()
    }
    sizes = np.array([row.num_parameters for row in trained], float)
    values = np.array([row.validation_accuracy for row in trained], float)
    return {
        **verdict, "seeds": len(seeds), "resolved": _above(verdict["best"], verdict["median"], len(seeds)),
        "beats_largest": _above(verdict["best"], verdict["largest"], len(seeds)),
        "rank_correlation_with_weights": _rank_correlation(sizes, values),
    }  # fmt: skip


def _above(one: dict[str, float], other: dict[str, float], seeds: int) -> bool:
    """Whether means lie further apart than twice the error of their difference."""
    error = ((one["sd"] ** 2 + other["sd"] ** 2) / seeds) ** 0.5
    return bool(one["mean"] - other["mean"] > 2 * error)


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    left, right = (np.argsort(np.argsort(values)).astype(float) for values in (one, other))
    return None if len(one) < 3 else float(np.corrcoef(left, right)[0, 1])
