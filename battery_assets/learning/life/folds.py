"""Folds that no site crosses, else no string: their jars share rooms, batches and days of renewal.

What was learned of one site's rooms says little of another's; where too few sites or strings saw ends, a slot
is the unit, with all jars that stood in it.
"""

import hashlib

import numpy as np
import polars as pl


def jar_folds(examples: pl.DataFrame, folds: int, seed: int) -> np.ndarray:
    """Fold number 0..folds-1 per row, the same in every process.

    Units are dealt out by whether an end was seen and by site, so that every fold holds its share of both.
    """
    site = pl.col("site").first() if "site" in examples.columns else pl.lit("").first()
    unit = fold_unit(examples, folds)
    groups = examples.group_by(pl.col(unit).alias("unit")).agg(
        site=site, ended=pl.col("upper_days").is_not_null().any()
    )
    shuffled = [hashlib.sha256(f"{seed}|{group}".encode()).hexdigest() for group in groups["unit"]]
    dealt = groups.with_columns(order=pl.Series(shuffled, dtype=pl.String)).sort(
        "ended", "site", "order", descending=[True, False, False]
    )
    dealt = dealt.with_columns(fold=pl.int_range(pl.len()) % folds)
    return (
        examples.select(unit=unit)
        .join(dealt, on="unit", how="left", maintain_order="left")["fold"]
        .to_numpy()
    )


def fold_unit(examples: pl.DataFrame, folds: int) -> str:
    """The column whose values are held out as a whole: the widest of which as many as folds saw ends."""
    ended = examples.filter(pl.col("upper_days").is_not_null())
    wide = [name for name in ("site", "string_id") if name in examples.columns]
    return next((name for name in wide if ended[name].n_unique() >= folds), "group")


def site_folds(examples: pl.DataFrame) -> np.ndarray | None:
    """Fold number per row with one whole site in each fold, or None where ends were not seen on two sites."""
    if "site" not in examples.columns:
        return None
    with_ends = examples.filter(pl.col("upper_days").is_not_null())["site"].n_unique()
    return examples["site"].rank("dense").to_numpy().astype(int) - 1 if with_ends >= 2 else None
