"""Strings that are renewed because many of their jars failed take sound jars along: informative censoring.

Who remains is sounder than who was there, so the rows that are left count for those that are gone. Each row
weighs one over the probability that its string had not been renewed by then, given how many jars of the
string had ended before (inverse probability of censoring weights; Robins and Finkelstein, Biometrics 56
(2000) 779). A renewal may depend on what was seen; on what nobody saw it must not.
"""

import numpy as np
import polars as pl

RENEWAL = "string_renewal"
ENDED_AT_MOST = 3  # jars of a string that had ended: more are as good as that many
HEAVIEST = 5.0  # of a row: beyond it the weights of a few strings would be all that is learned


def renewal_weights(examples: pl.DataFrame) -> np.ndarray:
    """Weight (N,) of each row of `labels.labelled`; 1 where strings are unknown or none was renewed.

    Hazards of a renewal are shares of jar-months, one for each number of ended neighbours.
    """
    if "string_id" not in examples.columns or not (examples["reason"] == RENEWAL).any():
        return np.ones(examples.height)
    rows = examples.select("battery_id", "string_id", "snapshot_at", "reason", "upper_days").with_row_index(
        "row"
    )
    rows = rows.with_columns(gone=_ended_before(rows)).sort("battery_id", "snapshot_at")
    last = pl.col("snapshot_at") == pl.col("snapshot_at").max().over("battery_id")
    rows = rows.with_columns(renewed=last & (pl.col("reason") == RENEWAL))
    hazard = rows.group_by("gone").agg(hazard=pl.col("renewed").mean())
    rows = rows.join(hazard, on="gone", how="left", maintain_order="left")
    # A row is there because none of the months before took its string away.
    stayed = (1.0 - pl.col("hazard")).clip(1e-6).log().shift(1, fill_value=0.0).cum_sum()
    weight = (-stayed.over("battery_id")).exp().clip(1.0, HEAVIEST)
    return rows.select("row", weight=weight).sort("row")["weight"].to_numpy()


def _ended_before(rows: pl.DataFrame) -> pl.Series:
    """Jars of each row's string that were proven to have ended by then, ENDED_AT_MOST at most."""
    day = 86_400_000_000.0
    ends = (
        rows.filter(pl.col("upper_days").is_not_null() & pl.col("string_id").is_not_null())
        .select("battery_id", "string_id",
                at=pl.col("snapshot_at") + pl.duration(microseconds=pl.col("upper_days") * day))
        .group_by("battery_id", "string_id").agg(pl.col("at").min())
    )  # fmt: skip
    before = (
        rows.select("row", "string_id", "snapshot_at")
        .join(ends.drop("battery_id"), on="string_id")
        .filter(pl.col("at") <= pl.col("snapshot_at"))
        .group_by("row")
        .agg(gone=pl.len())
    )
    return (
        rows.select("row")
        .join(before, on="row", how="left", maintain_order="left")["gone"]
        .fill_null(0)
        .clip(0, ENDED_AT_MOST)
    )
