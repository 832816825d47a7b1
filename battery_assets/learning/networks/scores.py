"""Errors of predictions, by row and by cell, beside those of rules that need no model."""

import numpy as np
import polars as pl

from battery_assets.learning.networks.cells import Cells

RULES = ("mean life - cycle", "linear fade")


def by_cell(cells: Cells, health: np.ndarray, left: np.ndarray) -> pl.DataFrame:
    """cell_id, rows, ended, soh_rmse, soh_mape, rul_rmse, too_short of each cell.

    soh in shares; rul_rmse of lives that ended; too_short: share of rows of a life that goes on, for which
    less was said than it has had already.
    """
    wrong = health - cells.health
    off = left - cells.left
    rows = pl.DataFrame(
        {
            "place": cells.cell, "ended": cells.ended, "soh": wrong**2,
            "share": np.abs(wrong) / np.abs(cells.health), "rul": off**2, "short": off < 0,
        }
    ).with_columns(pl.col("soh", "share", "rul").fill_nan(None))  # fmt: skip
    ended = pl.col("ended")
    return (
        rows.group_by("place")
        .agg(
            rows=pl.len(),
            ended=ended.first(),
            soh_rmse=pl.col("soh").mean().sqrt(),
            soh_mape=pl.col("share").mean(),
            rul_rmse=pl.col("rul").filter(ended).mean().sqrt(),
            too_short=pl.when(ended.any()).then(None).otherwise(pl.col("short").mean()),
        )
        .sort("place")
        .with_columns(pl.Series("cell_id", [cells.names[k] for k in range(len(cells.names))]))
        .select("cell_id", "rows", "ended", "soh_rmse", "soh_mape", "rul_rmse", "too_short")
    )


def overall(cells: Cells, health: np.ndarray, left: np.ndarray) -> dict[str, float]:
    """soh_rmse, soh_mape, rul_rmse by row, and their means over cells, `_by_cell`; without what is NaN."""
    each = by_cell(cells, health, left)
    scores: dict[str, float] = {}
    for name in ("soh_rmse", "rul_rmse", "soh_mape"):
        scored = each[name].is_not_null()
        if not scored.any():
            continue
        values, rows = (each[one].filter(scored).to_numpy() for one in (name, "rows"))
        power = 1 if name == "soh_mape" else 2
        scores[name] = float(np.average(values**power, weights=rows) ** (1 / power))
        scores[f"{name}_by_cell"] = float(values.mean())
    return scores


def intervals(each: pl.DataFrame, times: int = 1000, seed: int = 7) -> dict[str, tuple[float, float, float]]:
    """Scores by row with their 90 % interval over cells drawn anew: value, low, high, by name.

    each: as `by_cell`. One cell alone has no interval: low and high are then NaN.
    """
    rng, intervals_found = np.random.default_rng(seed), {}
    for name in ("soh_rmse", "soh_mape", "rul_rmse"):
        scored = each.filter(pl.col(name).is_not_null())
        if scored.is_empty():
            continue
        power = 1 if name == "soh_mape" else 2
        values, rows = scored[name].to_numpy() ** power, scored["rows"].to_numpy().astype(float)
        drawn = rng.integers(len(values), size=(times, len(values)))
        again = ((values * rows)[drawn].sum(axis=1) / rows[drawn].sum(axis=1)) ** (1 / power)
        low, high = np.quantile(again, (0.05, 0.95)) if len(values) > 1 else (np.nan, np.nan)
        value = float(np.average(values, weights=rows) ** (1 / power))
        intervals_found[name] = (value, float(low), float(high))
    return intervals_found


def naive(train: Cells, cells: Cells, end: float = 0.80) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What the RULES say of health and cycles left of each row, none of them looking at a later cycle.

    Mean life: that of the training cells that ended. Linear fade: health falls from 1 at the mean rate of the
    training cells; life ends where the cell's own line from its first cycle meets `end`.
    """
    lives = np.array(
        [train.cycle[rows][0] + train.left[rows][0] for rows in _each(train) if train.ended[rows].all()]
    )
    life = float(lives.mean()) if lives.size else float(train.cycle.max())
    finite = np.isfinite(train.health)
    rate = float(
        ((1 - train.health[finite]) * train.cycle[finite]).sum()
        / max((train.cycle[finite] ** 2).sum(), 1e-12)
    )
    straight = 1.0 - rate * cells.cycle
    # A line that rises, or hardly falls, says nothing of an end: at least half the usual rate.
    own = np.maximum(_own_rate(cells, rate), max(rate, 1e-9) / 2)
    to_end = (cells.health - end) / own
    return {
        RULES[0]: (
            np.full(len(cells.cell), float(np.nanmean(train.health))),
            np.maximum(life - cells.cycle, 0),
        ),
        RULES[1]: (straight, np.clip(np.nan_to_num(to_end, nan=life), 0, 10 * life)),
    }


def _own_rate(cells: Cells, usual: float, fewest: int = 10) -> np.ndarray:
    """Fall of health a cycle of the line through a cell's cycles so far (n,); at first the usual one."""
    first, place = cells.starts, np.arange(len(cells.cell))
    since = cells.cycle - cells.cycle[first]

    def summed(values: np.ndarray) -> np.ndarray:
        total = np.cumsum(np.nan_to_num(values))
        return total - np.where(first > 0, total[first - 1], 0.0)

    count = place - first + 1.0
    x, y, xx, xy = (summed(one) for one in (since, cells.health, since**2, since * cells.health))
    spread = count * xx - x**2
    slope = np.divide(count * xy - x * y, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.where(count >= fewest, -slope, usual)


def _each(cells: Cells) -> list[np.ndarray]:
    return [np.flatnonzero(cells.cell == place) for place in range(len(cells.names))]
