"""Probes of leaks: what would be wrong with a model however well it scores.

Each gives a number with the limit beyond which it is red. None of them uses what it judges to mend it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.fitting import Fitted, fit
from battery_assets.learning.networks.recipe import Recipe
from battery_assets.learning.networks.scores import overall

Said = tuple[np.ndarray, np.ndarray]
Predict = Callable[[Cells], Said]

# Bins of the maps from one column to a target, and the fewest rows that one of them rests on.
BINS, FEWEST = 200, 5
ERRORS = ("soh_rmse", "rul_rmse")
# A share of life to 0.3 % from one column of a cell that was never seen is no measurement of wear:
# the capacity of cells that are much alike tells it to 1 %.
TOLD_LIFE = 0.003
# Extremes, or moments, of whole lives that agree between cells to a thousandth of the column's spread.
ALIKE = 1e-3
# Error of a model of other cells' labels over that of the cycle's number; and the epochs of its training.
SHUFFLED, SHORT = 0.7, 8


@dataclass(frozen=True)
class Probe:
    """A number, the limit that it may not pass, and whether it did. `least` says that it may not be below."""

    name: str
    value: float
    limit: float
    least: bool = False

    @property
    def red(self) -> bool:
        """Whether it shows a leak; a number that could not be computed shows none."""
        return self.value < self.limit if self.least else self.value > self.limit

    def __str__(self) -> str:
        word = "at least" if self.least else "at most"
        return f"{self.name}: {self.value:.4g}, {word} {self.limit:g} is sound"


def probes_of(predict: Predict, train: Cells, test: Cells, shuffled: Predict) -> list[Probe]:
    """All probes of a model and its data; `shuffled` is of a model that learned the labels of other cells."""
    gain = least_over_cycle_index_only(shuffled, train, test)
    return [
        Probe("moved_by_the_future", moved_by_the_future(predict, test), 0.0),
        Probe("error_over_cycle_index_only", over_cycle_index_only(predict, train, test), 1.0),
        Probe("error_of_life_told_by_one_feature", life_told_by_one_feature(train, test), TOLD_LIFE, True),
        Probe("features_scaled_over_whole_lives", float(len(scaled_over_whole_lives(train))), 0.0),
        Probe("error_of_shuffled_labels", gain, SHUFFLED, True),
    ]


def fit_shuffled(train: Cells, valid: Cells, features: tuple[str, ...], recipe: Recipe) -> Fitted:
    """A model of the same recipe, of a few epochs, that learned from labels of other cells."""
    # A single training cell teaches only together with the one that validates.
    alone = recipe.refit and len(train.names) < 2
    short = replace(recipe, epochs=min(recipe.epochs, SHORT), refit=alone)
    one, other = (shuffled_labels(cells, recipe.seed) for cells in (train, valid))
    return fit(one, other, features, short, lambda _: None)


def moved_by_the_future(predict: Predict, cells: Cells, share: float = 0.5) -> float:
    """Largest change of a prediction of the first `share` of each life when all later rows are twisted.

    0 where nothing of a later cycle is used; of health in shares and of life in cycles, whichever is larger.
    """
    count = np.bincount(cells.cell)[cells.cell]
    early = np.arange(len(cells.cell)) - cells.starts < share * count
    later = replace(
        cells,
        features=np.where(early[:, None], cells.features, -3.0 * cells.features + 1.0),
        health=np.where(early, cells.health, -3.0 * cells.health + 1.0),
    )
    moved = [
        np.abs(after - before)[early] for before, after in zip(predict(cells), predict(later), strict=True)
    ]
    return float(max(np.nan_to_num(one).max(initial=0.0) for one in moved))


def over_cycle_index_only(predict: Predict, train: Cells, test: Cells) -> float:
    """Error over that of the cycle's number alone, of the target that gains least.

    Above 1 the features add nothing, or the number itself tells how far a life has come.
    """
    return max(_ratios(predict, train, test), default=np.nan)


def least_over_cycle_index_only(predict: Predict, train: Cells, test: Cells) -> float:
    """The same of the target that gains most: a model of shuffled labels has nothing to gain by."""
    return min(_ratios(predict, train, test), default=np.nan)


def life_told_by_one_feature(train: Cells, test: Cells) -> float:
    """Least error of the share of life that one feature alone gives for cells that were not seen."""
    ended, unseen = (cells.ended & (cells.cycle + cells.left > 0) for cells in (train, test))
    if not (ended.any() and unseen.any()):
        return float("nan")
    shares = [
        cells.cycle[rows] / (cells.cycle + cells.left)[rows]
        for cells, rows in ((train, ended), (test, unseen))
    ]
    errors = []
    for column in range(train.features.shape[1]):
        share = _binned_means(train.features[ended, column], shares[0], test.features[unseen, column])
        errors.append(float(np.sqrt(np.mean((share - shares[1]) ** 2))))
    return min(errors)


def scaled_over_whole_lives(cells: Cells) -> list[int]:
    """Features whose extremes, or mean and spread, over whole lives are the same for all cells.

    A scale of a whole life tells each of its rows where that life ends.
    """
    lives = [cells.features[cells.cell == place] for place in range(len(cells.names))]
    if len(lives) < 3:
        return []
    spread = cells.features.std(axis=0)
    pairs = [
        (np.array([one.min(axis=0) for one in lives]), np.array([one.max(axis=0) for one in lives])),
        (np.array([one.mean(axis=0) for one in lives]), np.array([one.std(axis=0) for one in lives])),
    ]
    values = np.array([np.unique(cells.features[:, column]).size for column in range(len(spread))])
    alike = [(low.std(axis=0) < ALIKE * spread) & (high.std(axis=0) < ALIKE * spread) for low, high in pairs]
    # A column of few values, such as a step's number, has equal extremes by its nature.
    return [int(k) for k in np.flatnonzero((alike[0] | alike[1]) & (spread > 0) & (values > BINS))]


def shuffled_labels(cells: Cells, seed: int) -> Cells:
    """Each cell with the health and the life of another one; a shorter life stays at its end."""
    rng, count = np.random.default_rng(seed), len(cells.names)
    # Neighbours of a round dance: nobody keeps his own.
    dance = rng.permutation(count)
    partner = np.empty(count, dtype=np.int64)
    partner[dance] = np.roll(dance, 1)
    first = np.searchsorted(cells.cell, np.arange(count))
    rows = np.bincount(cells.cell)
    of = partner[cells.cell]
    place = np.minimum(np.arange(len(cells.cell)) - first[cells.cell], rows[of] - 1) + first[of]
    life = (cells.cycle + cells.left)[first][of]
    left = np.maximum(life - cells.cycle, 0.0)
    return replace(cells, health=cells.health[place], left=left, ended=cells.ended[place])


def _ratios(predict: Predict, train: Cells, test: Cells) -> list[float]:
    scores = overall(test, *predict(test))
    alone = overall(test, *cycle_index_only(train, test))
    return [scores[name] / max(alone[name], 1e-12) for name in ERRORS if name in scores and name in alone]


def cycle_index_only(train: Cells, test: Cells) -> Said:
    """Health and cycles left that the cycle's number alone tells, from the training cells.

    A life is the mean of those training lives that lasted beyond the cycle.
    """
    finite = np.isfinite(train.health)
    health = np.full(len(test.cycle), np.nan)
    if finite.any():
        health = _binned_means(train.cycle[finite], train.health[finite], test.cycle)
    left = _binned_means(train.cycle, train.left, test.cycle)
    return health, np.maximum(left, 0.0)


def _binned_means(column: np.ndarray, target: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Mean of the target by the value of a column, in bins of equal counts, between them a line."""
    order = np.argsort(column, kind="stable")
    bins = max(min(BINS, len(order) // FEWEST), 1)
    pieces = np.array_split(order, bins)
    at = np.array([column[one].mean() for one in pieces])
    means = np.array([target[one].mean() for one in pieces])
    return np.asarray(np.interp(asked, at, means))
