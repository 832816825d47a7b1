"""A table of models on the cells of one data set: mean and spread over seeds, intervals over cells.

Errors are by row, as published ones are. Cells are drawn anew, all models with the same ones, so that the
difference from a reference is paired.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

POWERS = {"soh_rmse": 2, "soh_mape": 1, "rul_rmse": 2}
TIMES, LEVEL = 2000, 0.90
FEWEST_CELLS = 5


def score_table(cells: pl.DataFrame, reference: str, seed: int = 7) -> pl.DataFrame:
    """A row a model and error: model, error, seeds, cells, value, sd, low, high, and how it differs.

    cells: model, seed, cell_id, rows and the errors of each cell (NULL: none). difference, difference_low and
    difference_high are from the reference on the cells that both have; NULL for the reference itself.
    """
    lines = []
    for error, power in POWERS.items():
        scored = cells.filter(pl.col(error).is_not_null() & pl.col(error).is_finite())
        matrices = {
            str(name): _matrix(rows, error, power)
            for (name,), rows in scored.partition_by("model", as_dict=True, maintain_order=True).items()
        }
        base = matrices.get(reference)
        for name, matrix in matrices.items():
            row = {"model": name, "error": error, **_scored(matrix, power, seed)}
            if base is not None and name != reference:
                row |= _differing(matrix, base, power, seed)
            lines.append(row)
    return pl.DataFrame(lines, infer_schema_length=None)


def _matrix(rows: pl.DataFrame, error: str, power: int) -> pl.DataFrame:
    """cell_id, rows, and a column for each seed: the powered error."""
    wide = rows.with_columns(pl.col(error) ** power).pivot("seed", index=["cell_id", "rows"], values=error)
    return wide.drop_nulls().sort("cell_id")


def _scored(matrix: pl.DataFrame, power: int, seed: int) -> dict[str, float | int]:
    errors, rows = _arrays(matrix)
    of_seeds = _by_row(errors, rows, power)
    spread = float(of_seeds.std(ddof=1)) if len(of_seeds) > 1 else float("nan")
    low, high = float("nan"), float("nan")
    if matrix.height >= FEWEST_CELLS:
        drawn = _drawn(matrix.height, seed)
        again = _by_row(errors.mean(axis=0)[drawn], rows[drawn], power)
        low, high = _quantiles(again)
    return {
        "seeds": len(of_seeds), "cells": matrix.height, "value": float(of_seeds.mean()), "sd": spread,
        "low": low, "high": high,
    }  # fmt: skip


def _differing(matrix: pl.DataFrame, base: pl.DataFrame, power: int, seed: int) -> dict[str, float | int]:
    names = base.select("cell_id")
    ours, theirs = (one.join(other.select("cell_id"), on="cell_id").sort("cell_id")
                    for one, other in ((matrix, names), (base, matrix)))  # fmt: skip
    if ours.height < FEWEST_CELLS:
        return {}
    drawn = _drawn(ours.height, seed)
    pairs = []
    for one in (ours, theirs):
        errors, rows = _arrays(one)
        mean = errors.mean(axis=0)
        pairs.append((_by_row(mean, rows, power), _by_row(mean[drawn], rows[drawn], power)))
    low, high = _quantiles(pairs[0][1] - pairs[1][1])
    return {
        "difference": float(pairs[0][0] - pairs[1][0]), "difference_low": low, "difference_high": high,
    }  # fmt: skip


def _arrays(matrix: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Errors (seeds, cells) and rows (cells,)."""
    rows = matrix["rows"].cast(pl.Float64).to_numpy()
    return matrix.drop("cell_id", "rows").to_numpy().T, rows


def _by_row(errors: np.ndarray, rows: np.ndarray, power: int) -> np.ndarray:
    """Errors by row over the last axis, every row weighing the same."""
    return np.asarray(((errors * rows).sum(axis=-1) / rows.sum(axis=-1)) ** (1 / power))


def _drawn(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(count, size=(TIMES, count))


def _quantiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


def markdown(
    table: pl.DataFrame, error: str, digits: int, notes: dict[str, str] | None = None
) -> Iterable[str]:
    """The lines of a Markdown table of one error, least first. notes: what stands beside a model."""

    def shown(value: float | None) -> str:
        return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"

    heads = ("model", "seeds", "cells", "error", "± sd over seeds", "90 % over cells", "less the reference")
    yield f"| {' | '.join((*heads, '90 %', 'note'))} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in table.filter(error=error).sort("value").to_dicts():
        spans = [
            f"{shown(row[low])} to {shown(row[high])}" if shown(row.get(low)) else ""
            for low, high in (("low", "high"), ("difference_low", "difference_high"))
        ]
        cells = (
            row["model"], str(row["seeds"]), str(row["cells"]), shown(row["value"]), shown(row["sd"]),
            spans[0], shown(row.get("difference")), spans[1], (notes or {}).get(row["model"], ""),
        )  # fmt: skip
        yield "| " + " | ".join(cells) + " |"
