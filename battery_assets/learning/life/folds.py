"""Folds that no jar crosses: all snapshots of a slot, through every replacement, are held out together."""

import hashlib

import numpy as np
import polars as pl


def jar_folds(examples: pl.DataFrame, folds: int, seed: int) -> np.ndarray:
    """Fold number 0..folds-1 per row, the same in every process.

    Slots are dealt out by whether an end was seen and by site, so that every fold holds its share of both.
    """
    site = pl.col("site").first() if "site" in examples.columns else pl.lit("").first()
    groups = examples.group_by("group").agg(site=site, ended=pl.col("upper_days").is_not_null().any())
    shuffled = [hashlib.sha256(f"{seed}|{group}".encode()).hexdigest() for group in groups["group"]]
    dealt = groups.with_columns(order=pl.Series(shuffled, dtype=pl.String)).sort(
        "ended", "site", "order", descending=[True, False, False]
    )
    dealt = dealt.with_columns(fold=pl.int_range(pl.len()) % folds)
    return (
        examples.select("group").join(dealt, on="group", how="left", maintain_order="left")["fold"].to_numpy()
    )


def site_folds(examples: pl.DataFrame) -> np.ndarray | None:
    """Fold number per row with one whole site in each fold, or None where ends were not seen on two sites."""
    if "site" not in examples.columns:
        return None
    with_ends = examples.filter(pl.col("upper_days").is_not_null())["site"].n_unique()
    return examples["site"].rank("dense").to_numpy().astype(int) - 1 if with_ends >= 2 else None
