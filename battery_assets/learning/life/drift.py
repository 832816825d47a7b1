"""Whether a month's jars are still like those that a model learned from: features, and what it says of them.

Each quantity is cut at the training rows' deciles, with a bin of its own for what is unknown. The population
stability index of a string's month against all of training is, with half a jar added to each bin,

    PSI = sum (p - q) ln(p / q)

A site's month has the median of its strings: one that was renewed is no drift. Jars of a site share rooms,
batches and seasons, so PSI is never as small as chance alone would have it. What is usual is the largest of a
training site's months. Source: Siddiqi, Credit Risk Scorecards, 2006: above 0.25 a population has shifted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

SHIFTED = 0.25
BINS = 10
# A later month may be somewhat further out than the furthest that training saw: the more so, the fewer
# strings it saw (a third as much again for each of nine).
MARGIN, FEW_STRINGS = 1.5, 3.0


@dataclass(frozen=True)
class Usual:
    """Of one quantity in training: inner edges of its bins, rows in each (the last: unknown), and the largest
    PSI of a site's month; how many strings there were, and jars in a string's month.
    """

    edges: tuple[float, ...]
    rows: tuple[float, ...]
    largest: float
    strings: int
    jars: float

    def bound(self, jars: float) -> float:
        """PSI beyond which strings of so many jars are unlike training: few jars scatter more."""
        few = MARGIN * (1.0 + FEW_STRINGS / self.strings) * max(1.0, self.jars / max(jars, 1.0))
        return few * max(SHIFTED, self.largest)


@dataclass(frozen=True)
class Drift:
    """A quantity of a month beside training: its PSI, and the bound."""

    name: str
    psi: float
    bound: float

    @property
    def red(self) -> bool:
        """Is the month unlike what training saw?"""
        return self.psi > self.bound


def usual(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is usual of each named column in training, as plain values.

    rows: string_id, snapshot_at, site (optional).
    """
    place = pl.col("site") if "site" in rows.columns else pl.lit("")
    month = pl.col("snapshot_at").dt.strftime("%Y-%m")
    keyed = rows.select("string_id", place.alias("site"), month.alias("month"))
    own = ["site", "month"]
    groups = keyed.unique(maintain_order=True).with_row_index("group")
    group = keyed.join(groups, on=["string_id", *own], how="left", maintain_order="left", nulls_equal=True)[
        "group"
    ].to_numpy()
    jars, strings = float(np.median(np.bincount(group))), rows["string_id"].n_unique()
    usuals = {}
    for name in names:
        values = rows[name].cast(pl.Float64).to_numpy()
        finite = values[np.isfinite(values)]
        edges = np.unique(np.quantile(finite, np.arange(1, BINS) / BINS)) if finite.size else np.zeros(0)
        table = _counts(values, edges, group, groups.height)
        whole = table.sum(axis=0)
        of_string = groups.with_columns(psi=pl.Series(psi(table, whole[None, :])))
        of_site = of_string.group_by(own).agg(pl.col("psi").median())["psi"].to_numpy()
        reference = Usual(tuple(edges.tolist()), tuple(whole.tolist()), float(of_site.max()), strings, jars)
        usuals[name] = asdict(reference)
    return usuals


def drifts(of: Mapping[str, Mapping[str, Any]], rows: pl.DataFrame) -> list[Drift]:
    """Every quantity of a site's month that training knows, the furthest beyond its bound first.

    rows: string_id and the quantities.
    """
    group = rows["string_id"].rank("dense").to_numpy().astype(int) - 1
    strings = rows["string_id"].n_unique()
    drifted = []
    for name in (name for name in of if name in rows.columns):
        reference = Usual(**of[name])
        table = _counts(rows[name].cast(pl.Float64).to_numpy(), np.array(reference.edges), group, strings)
        apart = float(np.median(psi(table, np.array(reference.rows)[None, :])))
        drifted.append(Drift(name, apart, reference.bound(rows.height / strings)))
    return sorted(drifted, key=lambda one: one.psi / one.bound, reverse=True)


def _counts(values: np.ndarray, edges: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Rows of each group in each bin, (groups, bins); the last bin holds what is unknown."""
    bins = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), edges.size + 1)
    table = np.zeros((groups, edges.size + 2))
    np.add.at(table, (group, bins), 1.0)
    return table


def psi(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Population stability index of each row of counts (G, B) against the same row of `other`."""
    p, q = (
        (counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 0.5 * counts.shape[1])
        for counts in (own, other)
    )
    return ((p - q) * np.log(p / q)).sum(axis=1)
