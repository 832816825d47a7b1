"""How far a cell has worn, and how fast, as logarithms: on that scale lives of other lengths are alike.

What wears, which way, how far in a usual life and where that ends, is read off the training cells alone.
"""

from dataclasses import dataclass

import numpy as np

from battery_assets.learning.networks.cells import Cells

# Cycles over which a rate is read, beside the whole life so far; rows at either end of a life.
RATES_OVER, ENDS = (50, 150), 20
# Share of the cells in which a value has to change the same way before it counts as wear.
ONE_WAY = 0.9
# Least wear that single cycles show, of that of a usual life: so far, a cycle, and what is left of it.
LEAST, LEAST_RATE, LEAST_LEFT, MOST_CYCLES = 3e-3, 2e-5, 0.02, 5000.0


@dataclass(frozen=True)
class Course:
    """Column of each value that wears, its signed change over a usual life, and where that ends."""

    columns: tuple[int, ...] = ()
    change: tuple[float, ...] = ()
    end: tuple[float, ...] = ()

    @classmethod
    def of(cls, cells: Cells, values: np.ndarray) -> "Course":
        """The usual course of values (n, v) of training cells; of those that ended, where there are any."""
        first, last = (np.array(one) for one in zip(*_ends(cells, values), strict=True))
        changes, columns = last - first, []
        for column in range(values.shape[1]):
            rising = float((changes[:, column] > 0).mean())
            if max(rising, 1 - rising) >= ONE_WAY and abs(np.median(changes[:, column])) > 1e-12:
                columns.append(column)
        ended = np.array([cells.ended[cells.cell == place].all() for place in range(len(cells.names))])
        whole = ended if ended.any() else np.ones(len(ended), bool)
        return cls(
            tuple(columns),
            tuple(float(np.median(changes[whole, one])) for one in columns),
            tuple(float(np.median(last[whole, one])) for one in columns),
        )

    def logs(self, cells: Cells, now: np.ndarray, started: np.ndarray) -> np.ndarray:
        """Logarithms of wear so far, rates of it, what is left, and cycles to the end on straight lines.

        now (n, v) are the values of a row, started (n, v) those at its cell's start. (n, 1 + 8 w) with w
        values that wear; the last column is that of the cycle.
        """
        had = np.log(cells.cycle + 20.0)[:, None]
        if not self.columns:
            return had
        place, change, end = list(self.columns), np.array(self.change), np.array(self.end)
        # Values on the scale of a usual life: 0 as the cell began, 1 more at its end.
        worn = (now - started)[:, place] / change
        to_go = np.maximum((end - now[:, place]) / change, LEAST_LEFT)
        rates = [cells.change(now[:, place] / change, over) for over in RATES_OVER]
        rates.append(worn / np.maximum(cells.cycle - 15.0, 10.0)[:, None])
        rates = [np.maximum(one, LEAST_RATE) for one in rates]
        straight = [np.clip(to_go / one, 1.0, MOST_CYCLES) for one in rates]
        return np.hstack([*(np.log(one) for one in (np.maximum(worn, LEAST), *rates, to_go, *straight)), had])


def _ends(cells: Cells, values: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Medians of the first and of the last rows of each cell: pairs of (v,)."""
    pairs = []
    for place in range(len(cells.names)):
        own = values[cells.cell == place]
        count = max(1, min(ENDS, len(own) // 2))
        pairs.append((np.median(own[:count], axis=0), np.median(own[-count:], axis=0)))
    return pairs
