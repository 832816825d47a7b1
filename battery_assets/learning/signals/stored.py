"""Models of bursts as files that hold numbers only: safetensors, and arrays of trees. No pickles."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from battery_assets.learning.signals.bursts import CLASSES
from battery_assets.learning.signals.classical import Forest
from battery_assets.learning.signals.convolution import Fitted, Network, recipe_of

TREE = ("children_left", "children_right", "feature", "threshold")


def save_network(fitted: Fitted, folder: Path) -> Path:
    """Write a network with its recipe and scales. Returns the file."""
    from safetensors.torch import save_file

    metadata = {
        "classes": json.dumps(fitted.classes), "recipe": json.dumps(asdict(fitted.recipe)),
        "scale": json.dumps(fitted.scale),
        "training": json.dumps([fitted.epochs, fitted.best_epoch, fitted.best_loss, fitted.stopped]),
    }  # fmt: skip
    path = folder / "network.safetensors"
    save_file({name: one.contiguous() for name, one in fitted.network.state_dict().items()}, path, metadata)
    return path


def load_network(path: Path) -> Fitted:
    """The network of a file, as it was saved."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    recipe = recipe_of(json.loads(metadata["recipe"]))
    classes = tuple(json.loads(metadata["classes"])) if "classes" in metadata else CLASSES
    network = Network(recipe, classes=len(classes))
    network.load_state_dict(state)
    left, right = json.loads(metadata["scale"])
    epochs, best_epoch, best_loss, stopped = json.loads(metadata["training"])
    return Fitted(
        recipe, (left, right), network.eval(), epochs, best_epoch, best_loss, stopped, classes=classes
    )


def save_forest(forest: Forest, kind: str, folder: Path) -> Path:
    """Write the trees of each label as arrays. Returns the file."""
    arrays: dict[str, np.ndarray] = {"kind": np.array(kind)}
    for label, one in enumerate(forest.trees):
        positive = list(one.classes_).index(True) if True in list(one.classes_) else -1
        for number, tree in enumerate(one.estimators_):
            name = f"{label}/{number}"
            arrays |= {f"{name}/{part}": getattr(tree.tree_, part) for part in TREE}
            shares = tree.tree_.value[:, 0, positive] if positive >= 0 else np.zeros(tree.tree_.node_count)
            arrays[f"{name}/share"] = shares
    path = folder / "forest.npz"
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return path


def forest_says(path: Path, features: np.ndarray) -> np.ndarray:
    """What a saved forest says of features (N, columns): share of each label, (N, labels)."""
    numbers = features.astype(np.float32)
    with np.load(path, allow_pickle=False) as file:
        names = sorted({name.rsplit("/", 1)[0] for name in file.files if "/" in name})
        labels = 1 + max(int(name.split("/")[0]) for name in names)
        total, count = np.zeros((len(numbers), labels)), np.zeros(labels)
        for name in names:
            label = int(name.split("/")[0])
            total[:, label] += _walked(numbers, *(file[f"{name}/{part}"] for part in (*TREE, "share")))
            count[label] += 1
    return total / count


def _walked(numbers: np.ndarray, left, right, feature, threshold, share) -> np.ndarray:
    """The leaf's share for each row, all rows a level deeper at once."""
    node, rows = np.zeros(len(numbers), int), np.arange(len(numbers))
    while True:
        inner = left[node] >= 0
        if not inner.any():
            shares: np.ndarray = share[node]
            return shares
        lower = numbers[rows, np.maximum(feature[node], 0)] <= threshold[node]
        node = np.where(inner, np.where(lower, left[node], right[node]), node)


def state_checksum(network: Network) -> str:
    """One checksum over every weight of a network, to the bit."""
    said = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        said.update(name.encode())
        said.update(values.cpu().contiguous().numpy().tobytes())
    return said.hexdigest()
