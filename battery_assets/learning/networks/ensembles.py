"""Models that speak together: weights come from validation cells, never from those they are judged on."""

import numpy as np
from scipy.optimize import nnls

from battery_assets.learning.networks.cells import Cells

Said = list[tuple[np.ndarray, np.ndarray]]


def weights_of(strategy: str, cells: Cells, said: Said) -> np.ndarray | None:
    """A weight for each member, together 1; None where members are only compared.

    said: health and cycles left of the validation cells, by member. weighted_avg weighs by the inverse of the
    squared error relative to that of the others, stacking by least squares without negative weights.
    """
    if strategy == "compare":
        return None
    if strategy == "avg":
        return np.full(len(said), 1.0 / len(said))
    if strategy == "weighted_avg":
        matrix, truth = _problem(cells, said)
        inverse = 1.0 / np.maximum(((matrix - truth[:, None]) ** 2).mean(axis=0), 1e-12)
        return inverse / inverse.sum()
    if strategy == "stacking":
        return _stacked(*_problem(cells, said))
    raise ValueError(f"strategy: {strategy!r} is none of compare, avg, weighted_avg, stacking")


def together(weights: np.ndarray, said: Said) -> tuple[np.ndarray, np.ndarray]:
    """What the members say together: health and cycles left."""
    health, left = (
        sum(weight * member[place] for weight, member in zip(weights, said, strict=True)) for place in (0, 1)
    )
    return np.asarray(health), np.asarray(left)


def out_of_fold(strategy: str, cells: Cells, said: Said) -> tuple[np.ndarray, np.ndarray]:
    """What the ensemble says of each validation cell with weights from the others alone."""
    health, left = (np.full(len(cells.cell), np.nan) for _ in range(2))
    for place in range(len(cells.names)):
        out = cells.cell == place
        rest = _only(cells, ~out)
        weights = weights_of(strategy, rest, [(one[~out], two[~out]) for one, two in said])
        if weights is not None:
            health[out], left[out] = together(weights, [(one[out], two[out]) for one, two in said])
    return health, left


def _only(cells: Cells, kept: np.ndarray) -> Cells:
    numbers, cell = np.unique(cells.cell[kept], return_inverse=True)
    return Cells(
        tuple(cells.names[number] for number in numbers), cell, cells.cycle[kept], cells.features[kept],
        cells.health[kept], cells.left[kept], cells.ended[kept],
    )  # fmt: skip


def _problem(cells: Cells, said: Said) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and truth of both targets together, scaled, every cell weighing the same."""
    blocks, truths = [], []
    for place, truth, finite in ((0, cells.health, np.isfinite(cells.health)), (1, cells.left, cells.ended)):
        each = np.column_stack([member[place] for member in said])
        usable = finite & np.isfinite(each).all(axis=1)
        if not usable.any():
            continue
        scale = max(float(truth[usable].std()), 1e-9)
        root = np.sqrt(cells.shares[usable]) / scale
        mean = float(truth[usable].mean())
        blocks.append((each[usable] - mean) * root[:, None])
        truths.append((truth[usable] - mean) * root)
    if not blocks:
        raise ValueError("no validation cell has what the members say; next step: other validation cells")
    return np.concatenate(blocks), np.concatenate(truths)


def _stacked(matrix: np.ndarray, truth: np.ndarray) -> np.ndarray:
    # A heavy row asks for weights that are together 1.
    heavy = 100.0 * np.sqrt(len(truth))
    weights, _ = nnls(np.vstack([matrix, np.full(matrix.shape[1], heavy)]), np.append(truth, heavy))
    return np.asarray(weights / weights.sum())
