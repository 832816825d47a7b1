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
    """Write the nodes of all trees, one tree after the other, as arrays. Returns the file.

    nodes: how many each tree has; label: which it names. Children are numbered within their tree.
    """
    trees = [tree for of_label in forest.trees for tree in of_label]
    arrays = {part: np.concatenate([getattr(tree, part) for tree in trees]) for part in TREE}
    arrays |= {
        "kind": np.array(kind), "nodes": np.array([tree.node_count for tree in trees]),
        "label": np.repeat(np.arange(len(forest.trees)), [len(one) for one in forest.trees]),
        "share": np.concatenate([share for of_label in forest.shares for share in of_label]),
    }  # fmt: skip
    path = folder / "forest.npz"
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return path


def forest_says(path: Path, features: np.ndarray) -> np.ndarray:
    """What a saved forest says of features (N, columns): share of each label, (N, labels)."""
    numbers = features.astype(np.float32)
    with np.load(path, allow_pickle=False) as file:
        arrays, nodes, labels = [file[part] for part in (*TREE, "share")], file["nodes"], file["label"]
    ends = np.cumsum(nodes)[:-1]
    total = np.zeros((len(numbers), labels.max() + 1))
    for label, *tree in zip(labels, *(np.split(one, ends) for one in arrays), strict=True):
        total[:, label] += _walked(numbers, *tree)
    return total / np.bincount(labels)


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
