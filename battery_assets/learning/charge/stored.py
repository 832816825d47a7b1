"""A fitted network of charge as a file of safetensors, as those of cycles are."""

from dataclasses import asdict
from pathlib import Path

from battery_assets.learning.charge.sequence import Fitted, Network, Recipe, Scaling
from battery_assets.learning.networks.stored import read_weights, tuples, write_weights

CHARGE = "charge"


def save(fitted: Fitted, path: Path) -> None:
    """Write a network to a file."""
    facts = {
        "recipe": asdict(fitted.recipe),
        "scaling": asdict(fitted.scaling),
        "epochs": fitted.epochs,
        "best_epoch": fitted.best_epoch,
        "best_loss": fitted.best_loss,
        "memory": fitted.memory,
        "stopped": fitted.stopped,
    }
    write_weights(fitted.network, CHARGE, facts, path)


def load(path: Path) -> Fitted:
    """The network of a file, which predicts to the bit what the saved one did.

    Raises ValueError for a file of something else.
    """
    facts, weights = read_weights(path, CHARGE)
    recipe, scaling = Recipe(**facts["recipe"]), Scaling(**tuples(facts["scaling"]))
    network = Network(len(scaling.mean), recipe)
    network.load_state_dict(weights)
    rest = (facts[name] for name in ("epochs", "best_epoch", "best_loss", "memory", "stopped"))
    return Fitted(recipe, scaling, network.eval(), *rest)
