"""A fitted network as a file of safetensors: weights as arrays, all else as JSON beside them, no pickle."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file

from battery_assets.learning.networks.conformal import Margins
from battery_assets.learning.networks.fitting import MODULES, Fitted
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scaling import Scaling


def save(fitted: Fitted, path: Path) -> None:
    """Write a network to a file."""
    told = {
        "recipe": asdict(fitted.recipe),
        "features": list(fitted.features),
        "scaling": fitted.scaling.document(),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "best_loss": fitted.best_loss,
        "stopped": fitted.stopped,
        "margins": fitted.margins.document() if fitted.margins else None,
    }
    weights = {name: one.detach().cpu().contiguous() for name, one in fitted.network.state_dict().items()}
    save_file(weights, path, metadata={"fitted": json.dumps(told, sort_keys=True)})


def load(path: Path) -> Fitted:
    """The network of a file, which predicts to the bit what the saved one did.

    Raises ValueError for a file of something else.
    """
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if "fitted" not in metadata:
            raise ValueError(f"{path} holds no network of ours")
        told = json.loads(metadata["fitted"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    recipe, scaling = Recipe(**_as_given(told["recipe"])), Scaling(**_as_given(told["scaling"]))
    network = MODULES[recipe.algorithm].Network(len(scaling.mean), recipe)
    network.load_state_dict(weights)
    return Fitted(
        recipe, tuple(told["features"]), scaling, network.eval(),
        told["epochs"], told["best_epoch"], told["best_loss"], told["stopped"],
        Margins(**told["margins"]) if told.get("margins") else None,
    )  # fmt: skip


def _as_given(told: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists only where there were tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
