"""Cycles of cells as arrays: what a network may see of them, and what it learns from.

A cell is a life in order of its cycles. A cell whose end was not seen takes part too: it is known to have had
at least the cycles that followed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

FEWEST_ROWS = 20


class BadCells(ValueError):
    """The cells cannot be learned from; the message says which, and what to do."""


@dataclass(frozen=True)
class Cells:
    """Rows of cells, sorted by cell and cycle.

    names (cells,); cell (n,) place in names; cycle (n,); features (n, f); health (n,) a share, NaN unknown;
    left (n,) cycles left; ended (n,) whether `left` is the life's end (True) or only a lower bound.
    """

    names: tuple[str, ...]
    cell: np.ndarray
    cycle: np.ndarray
    features: np.ndarray
    health: np.ndarray
    left: np.ndarray
    ended: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame, features: Sequence[str]) -> "Cells":
        """rows: cell_id, cycle_num, features, pcl, rul (NULL where the end was not seen).

        Rows that lack a feature are left out. Raises BadCells for a cell without any other, and for values
        that are not finite.
        """
        numbers = [pl.col(name).cast(pl.Float64) for name in features]
        endless = rows.select(pl.any_horizontal((~one.is_finite()).fill_null(False) for one in numbers))
        if endless.to_series().any():
            cell = rows.filter(endless.to_series())["cell_id"][0]
            raise BadCells(f"cell {cell} has features that are NaN or infinite; next step: mend its rows")
        ordered = rows.drop_nulls(list(features)).sort("cell_id", "cycle_num")
        lost = sorted(set(rows["cell_id"]) - set(ordered["cell_id"]))
        if lost or ordered.is_empty():
            raise BadCells(
                f"cell {lost[0] if lost else '(none)'} has no row with {', '.join(features)}; "
                "next step: leave the cell out, or those features"
            )
        cycles_left = pl.col("cycle_num").max().over("cell_id") - pl.col("cycle_num")
        ordered = ordered.with_columns(
            left=pl.col("rul").fill_null(cycles_left), ended=pl.col("rul").is_not_null()
        )
        names = ordered["cell_id"].unique(maintain_order=True)
        return cls(
            names=tuple(names),
            cell=ordered["cell_id"].rank("dense").to_numpy().astype(np.int64) - 1,
            cycle=ordered["cycle_num"].cast(pl.Float64).to_numpy(),
            features=ordered.select(numbers).to_numpy(),
            health=1.0 - ordered["pcl"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            left=ordered["left"].cast(pl.Float64).to_numpy(),
            ended=ordered["ended"].to_numpy(),
        )

    @property
    def starts(self) -> np.ndarray:
        """First row of each row's cell (n,)."""
        first = np.searchsorted(self.cell, np.arange(len(self.names)))
        return first[self.cell]

    @property
    def shares(self) -> np.ndarray:
        """Weight of each row, so that every cell weighs the same; mean 1 (n,)."""
        counts = np.bincount(self.cell)
        return (1.0 / counts[self.cell]) * (len(self.cell) / len(self.names))

    def past(self, window: int, step: int) -> np.ndarray:
        """Rows of the `window` cycles that end with each row, `step` apart: (n, window), oldest first.

        Before a cell's first row there is nothing: its first row stands there again.
        """
        back = np.arange(window - 1, -1, -1) * step
        return np.maximum(np.arange(len(self.cell))[:, None] - back[None, :], self.starts[:, None])

    def own_start(self, values: np.ndarray, count: int) -> np.ndarray:
        """Mean of values (n, v) over the first `count` rows of the row's cell, as far as they are past."""
        upto = np.minimum(np.arange(len(self.cell)) - self.starts, count - 1)
        first = np.searchsorted(self.cell, np.arange(len(self.names)))
        # Beyond the end of a short life, and of the table, nothing is read that a row would see.
        places = np.minimum(first[:, None] + np.arange(count), len(self.cell) - 1)
        summed = np.cumsum(values[places], axis=1)
        return summed[self.cell, upto] / (upto + 1)[:, None]

    def smoothed(self, values: np.ndarray, count: int) -> np.ndarray:
        """Median of values (n, v) of the row and those before it, `count` together, within its cell."""
        if count == 1:
            return values
        windows = np.take(values.T, self.past(count, 1), axis=1)
        return np.ascontiguousarray(np.median(windows, axis=2, overwrite_input=True).T)

    def change(self, values: np.ndarray, count: int) -> np.ndarray:
        """Change of values (n, v) since `count` rows before, or since the cell's first row, a row."""
        rows = np.arange(len(self.cell))
        before = np.maximum(rows - count, self.starts)
        return (values - values[before]) / np.maximum(rows - before, 1)[:, None]

    @property
    def health_so_far(self) -> np.ndarray:
        """The last known health of the cell, 1 before there is any (n,)."""
        rows = np.arange(len(self.cell))
        last = np.maximum.accumulate(np.where(np.isfinite(self.health), rows, -1))
        return np.where(last >= self.starts, self.health[last], 1.0)


def joined(one: Cells, other: Cells) -> Cells:
    """The cells of both, which have none in common."""
    return Cells(
        (*one.names, *other.names),
        np.concatenate([one.cell, other.cell + len(one.names)]),
        *(
            np.concatenate([getattr(one, name), getattr(other, name)])
            for name in ("cycle", "features", "health", "left", "ended")
        ),
    )


def measured(rows: pl.DataFrame, features: Sequence[str]) -> tuple[str, ...]:
    """The features that most rows have. Raises BadCells where none is left."""
    kept = tuple(name for name in features if rows[name].null_count() <= rows.height / 2)
    if not kept:
        raise BadCells(f"{', '.join(features)} are NULL in the training cells; next step: import others")
    return kept


def refuse_unfit(train: Cells, valid: Cells, target: str, refit: bool = False) -> None:
    """Raises BadCells for what cannot be learned from, or judged on.

    Two cells teach at least; with `refit` the validation cells count, since they teach in the end.
    """
    both = sorted(set(train.names) & set(valid.names))
    if both:
        raise BadCells(f"cell {both[0]} is in the training and in the validation cells; next step: part them")
    if len(train.names) + (len(valid.names) if refit else 0) < 2:
        raise BadCells(f"{len(train.names)} training cell: at least 2 are needed; next step: bring in more")
    if len(train.cell) < FEWEST_ROWS:
        raise BadCells(f"{len(train.cell)} training rows: at least {FEWEST_ROWS} are needed")
    if target != "soh" and not train.ended.any():
        raise BadCells(
            "no training cell has reached its end of life, so that remaining life cannot be learned; "
            "next step: wait for one, or train on soh alone"
        )
    if target != "rul" and not np.isfinite(train.health).any():
        raise BadCells("no training row has a known health; next step: train on rul alone")
