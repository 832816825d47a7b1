"""Which of two models is better, cell by cell: paired differences with an interval, whole and by slice.

A model may be trained several times with other seeds: its error of a cell is the mean over them, and the
bootstrap draws cells and seeds anew.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.scores import by_cell

Said = tuple[np.ndarray, np.ndarray]
ERRORS = ("soh_rmse", "rul_rmse")
TIMES, LEVEL = 2000, 0.90
# Fewer cells than this have no interval that could be relied on.
FEWEST_CELLS = 5
CELLS = {"cell_id": pl.String, "error": pl.String, "slice": pl.String, "one": pl.Float64, "other": pl.Float64,
         "difference": pl.Float64}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """cells: a row a cell and error: cell_id, error, slice, one, other, difference (one less other).

    summary: a row an error and slice: cells, one, one_sd, other, other_sd (means over cells, sd over seeds),
    difference, low, high (90 %, NaN for fewer than five cells), one_better (share of cells), verdict.
    """

    cells: pl.DataFrame
    summary: pl.DataFrame


def compared(cells: Cells, one: list[Said], other: list[Said], seed: int = 7) -> Comparison:
    """Compare what two models say of the same cells; each list holds a model's trainings."""
    frames, rows = [], []
    slices = _slices(cells)
    for name in ERRORS:
        errors = [_errors(cells, said, name) for said in (one, other)]
        both = np.isfinite(errors[0]).all(axis=0) & np.isfinite(errors[1]).all(axis=0)
        if not both.any():
            continue
        means = [each.mean(axis=0) for each in errors]
        frames.append(
            pl.DataFrame(
                {
                    "cell_id": cells.names, "error": name, "slice": slices, "one": means[0],
                    "other": means[1], "difference": means[0] - means[1],
                }
            ).filter(both)
        )  # fmt: skip
        for part in ("all", *sorted(set(slices))):
            chosen = both & ((slices == part) | (part == "all"))
            if chosen.any():
                ours, theirs = (each[:, chosen] for each in errors)
                rows.append({"error": name, "slice": part, **_summary(ours, theirs, seed)})
    return Comparison(pl.concat(frames) if frames else pl.DataFrame(schema=CELLS), pl.DataFrame(rows))


def _errors(cells: Cells, said: list[Said], name: str) -> np.ndarray:
    """Errors of each training and cell (trainings, cells); NaN where a cell has none."""
    return np.array([by_cell(cells, *each)[name].cast(pl.Float64).to_numpy() for each in said], dtype=float)


def _slices(cells: Cells) -> np.ndarray:
    """Of each cell: whether its life is among the short, middle or long third of those that ended."""
    first = np.searchsorted(cells.cell, np.arange(len(cells.names)))
    life, ended = (cells.cycle + cells.left)[first], cells.ended[first]
    if not ended.any():
        return np.full(len(life), "going on")
    low, high = np.quantile(life[ended], (1 / 3, 2 / 3))
    names = np.where(life <= low, "short lives", np.where(life <= high, "middle lives", "long lives"))
    return np.where(ended, names, "going on")


def _summary(one: np.ndarray, other: np.ndarray, seed: int) -> dict[str, float | int | str]:
    difference = one.mean(axis=0) - other.mean(axis=0)
    low, high = _interval(one, other, seed)
    verdict = "no difference shown"
    if high < 0 or low > 0:
        verdict = "one is better" if high < 0 else "other is better"
    return {
        "cells": one.shape[1],
        "one": float(one.mean()), "one_sd": _over_seeds(one),
        "other": float(other.mean()), "other_sd": _over_seeds(other),
        "difference": float(difference.mean()), "low": low, "high": high,
        "one_better": float((difference < 0).mean()), "verdict": verdict,
    }  # fmt: skip


def _over_seeds(errors: np.ndarray) -> float:
    return float(errors.mean(axis=1).std(ddof=1)) if len(errors) > 1 else float("nan")


def _interval(one: np.ndarray, other: np.ndarray, seed: int) -> tuple[float, float]:
    count = one.shape[1]
    if count < FEWEST_CELLS:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    places = rng.integers(count, size=(TIMES, count))
    drawn = [
        each[rng.integers(len(each), size=(TIMES, len(each)))].mean(axis=1)[np.arange(TIMES)[:, None], places]
        for each in (one, other)
    ]
    means = (drawn[0] - drawn[1]).mean(axis=1)
    low, high = np.quantile(means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
