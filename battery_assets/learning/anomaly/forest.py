"""An isolation forest on the numbers of a jar's month: what few random cuts set apart from all others.

Source: Liu, Ting and Zhou, ICDM 2008. It is kept as arrays of trees; nothing is unpickled.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TREES, SAMPLES = 200, 256
PARTS = ("left", "right", "feature", "threshold", "depth")
EULER = 0.5772156649015329


@dataclass(frozen=True)
class IsolationTrees:
    """Trees (T, nodes), padded: children (-1 in leaves), feature, threshold, and the depth that a leaf says;
    middle and step of each feature.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    depth: np.ndarray
    middle: np.ndarray
    step: np.ndarray

    def score(self, numbers: np.ndarray) -> np.ndarray:
        """How far apart each row (N, features) is, 0 to 1; 0.5 is usual."""
        scaled = ((numbers - self.middle) / self.step).astype(np.float32)
        rows, total = np.arange(len(scaled)), np.zeros(len(scaled))
        for tree in range(len(self.left)):
            node = np.zeros(len(scaled), int)
            while (inner := self.left[tree, node] >= 0).any():
                lower = scaled[rows, self.feature[tree, node]] <= self.threshold[tree, node]
                below = np.where(lower, self.left[tree, node], self.right[tree, node])
                node = np.where(inner, below, node)
            total += self.depth[tree, node]
        return 2.0 ** (-total / len(self.left) / _usual_depth(np.array([float(SAMPLES)]))[0])


def fit_forest(numbers: np.ndarray, seed: int) -> IsolationTrees:
    """A forest of rows (N, features), each scaled by its median and quartiles."""
    from sklearn.ensemble import IsolationForest

    low, middle, high = np.quantile(numbers, (0.25, 0.5, 0.75), axis=0)
    step = np.maximum(high - low, 1e-6)
    scaled = ((numbers - middle) / step).astype(np.float32)
    model = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(scaled)), random_state=seed).fit(
        scaled
    )
    trees = [one.tree_ for one in model.estimators_]
    nodes = max(tree.node_count for tree in trees)

    def padded(values: list[np.ndarray], fill: float) -> np.ndarray:
        return np.stack([np.pad(one, (0, nodes - len(one)), constant_values=fill) for one in values])

    return IsolationTrees(
        padded([tree.children_left for tree in trees], -1),
        padded([tree.children_right for tree in trees], -1),
        padded([np.maximum(tree.feature, 0) for tree in trees], 0),
        padded([tree.threshold for tree in trees], 0.0),
        padded([_depths(tree) for tree in trees], 0.0),
        middle,
        step,
    )


def _depths(tree) -> np.ndarray:
    """Depth of each node, a leaf of several rows deeper by what it would still take to part them."""
    depth = np.zeros(tree.node_count)
    level = np.array([0])
    while level.size:
        level = level[tree.children_left[level] >= 0]
        children = np.concatenate([tree.children_left[level], tree.children_right[level]])
        depth[children] = np.tile(depth[level] + 1.0, 2)
        level = children
    return depth + _usual_depth(tree.n_node_samples.astype(float))


def _usual_depth(count: np.ndarray) -> np.ndarray:
    """Mean depth of an unsuccessful search among so many rows; 0 for one, 1 for two."""
    many = np.maximum(count, 3.0)
    usual = 2.0 * (np.log(many - 1.0) + EULER) - 2.0 * (many - 1.0) / many
    return np.where(count <= 1.0, 0.0, np.where(count <= 2.0, 1.0, usual))


def save_forest(trees: IsolationTrees, path: Path) -> str:
    """Write the trees as arrays; returns the file's sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **vars(trees))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_forest(path: Path) -> IsolationTrees:
    """The trees of a file."""
    with np.load(path, allow_pickle=False) as file:
        return IsolationTrees(**{name: file[name] for name in file.files})
