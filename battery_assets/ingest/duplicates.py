"""Rows with the same key: copies, older versions, and contradictions."""

from dataclasses import dataclass

import polars as pl

from battery_assets.ingest.rows import LINE

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
