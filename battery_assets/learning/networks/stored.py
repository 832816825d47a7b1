"""A fitted network as a file of safetensors: weights as arrays, all else as JSON beside them, no pickle."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from battery_assets.learning.networks.conformal import Margins
from battery_assets.learning.networks.fitting import Fitted, empty_network
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling

# What a file's metadata call a network of cycles.
FITTED = "fitted"


def save(fitted: Fitted, path: Path) -> None:
    """Write a network to a file."""
    facts = {
        "recipe": asdict(fitted.recipe),
        "features": list(fitted.features),
        "scaling": fitted.scaling.document(),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "best_loss": fitted.best_loss,
        "stopped": fitted.stopped,
        "margins": fitted.margins.document() if fitted.margins else None,
    }
    write_weights(fitted.network, FITTED, facts, path)


def load(path: Path) -> Fitted:
    """The network of a file, which predicts to the bit what the saved one did.

    Raises ValueError for a file of something else.
    """
    facts, weights = read_weights(path, FITTED)
    recipe, scaling = Recipe(**tuples(facts["recipe"])), Scaling.read(tuples(facts["scaling"]))
    network = empty_network(len(scaling.mean), recipe)
    network.load_state_dict(weights)
    return Fitted(
        recipe, tuple(facts["features"]), scaling, network.eval(),
        facts["epochs"], facts["best_epoch"], facts["best_loss"], facts["stopped"],
        Margins(**facts["margins"]) if facts.get("margins") else None,
    )  # fmt: skip


def write_weights(network: torch.nn.Module, kind: str, facts: dict[str, Any], path: Path) -> None:
    """Write a network's weights with what else is known of it, under the name of its kind."""
    weights = {name: one.detach().cpu().contiguous() for name, one in network.state_dict().items()}
    save_file(weights, path, metadata={kind: json.dumps(facts, sort_keys=True)})


def read_weights(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Facts and weights of a file. Raises ValueError for a file of something else."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if kind not in metadata:
            raise ValueError(f"{path} holds no network of ours of the kind {kind}")
        return json.loads(metadata[kind]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def tuples(facts: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists only where there were tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
