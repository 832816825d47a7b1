"""Rows with the same key: copies, older versions, and contradictions."""

import functools
import operator
from dataclasses import dataclass

import polars as pl

from battery_assets.ingest.files.rows import LINE

FILE = "_file"
_GROUP = "_group"


@dataclass(frozen=True)
class Singled:
    """rows: one row per key, sorted by the key; the others as (FILE, LINE) frames by what became of them.

    exact        copies of the row that was kept
    superseded   older versions of it, by the column that tells versions apart
    conflicting  rows that contradict each other: none of them was kept
    """

    rows: pl.DataFrame
    exact: pl.DataFrame
    superseded: pl.DataFrame
    conflicting: pl.DataFrame


def without_copies(rows: pl.DataFrame, keys: list[str]) -> tuple[pl.DataFrame, int]:
    """Rows in the order of their keys without exact copies, and how many those were.

    Raises ValueError where rows share a key and contradict each other.
    """
    if rows.height < 2:
        return rows, 0
    keyed = [rows[name].to_physical() if rows[name].dtype != pl.String else rows[name] for name in keys]
    alike = [values.slice(1) == values.slice(0, rows.height - 1) for values in keyed]
    again = functools.reduce(operator.and_, alike)
    copies = again.arg_true()
    if not copies.len():
        return rows, 0
    if not rows[copies + 1].equals(rows[copies]):
        at = next(int(place) for place in copies if rows.row(place) != rows.row(place + 1))
        first = ", ".join(f"{name} {rows[name][at]}" for name in keys)
        raise ValueError(
            f"rows share their {', '.join(keys)} and differ otherwise, first at {first}; next step: mend the "
            "sender, whose repeated rows have to be copies"
        )
    return rows.filter(pl.concat([pl.Series([True]), ~again])), copies.len()


def singled(rows: pl.DataFrame, keys: list[str], newest: str | None) -> Singled:
    """One row per key. `rows` has FILE and LINE columns; of copies, the first of the first file is kept."""
    ordered = rows.sort([*keys, FILE, LINE])
    nothing = ordered.head(0).select(FILE, LINE)
    again = ordered.select(
        pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in keys)
        & (pl.int_range(pl.len()) > 0)
    ).to_series()
    if not again.any():
        return Singled(ordered, nothing, nothing, nothing)
    shared = again | again.shift(-1, fill_value=False)
    groups = ordered.with_columns((~again).cum_sum().alias(_GROUP)).filter(shared)
    superseded = nothing
    if newest is not None:
        latest = pl.col(newest) == pl.col(newest).max().over(_GROUP)
        superseded = groups.filter(~latest).select(FILE, LINE)
        groups = groups.filter(latest)
    values = [name for name in rows.columns if name not in (FILE, LINE)]
    versions = pl.struct(values).n_unique().over(_GROUP)
    first = pl.int_range(pl.len()).over(_GROUP) == 0
    groups = groups.with_columns(versions.alias("_versions"), first.alias("_first"))
    kept = groups.filter((pl.col("_versions") == 1) & pl.col("_first"))
    copies = groups.filter((pl.col("_versions") == 1) & ~pl.col("_first"))
    conflicting = groups.filter(pl.col("_versions") > 1).select(FILE, LINE)
    alone = ordered.filter(~shared)
    return Singled(
        rows=pl.concat([alone, kept.select(ordered.columns)]).sort(keys),
        exact=copies.select(FILE, LINE),
        superseded=superseded,
        conflicting=conflicting,
    )
