"""Charge and health of every jar by the hour, from a day of calculated telemetry."""

import numpy as np
import polars as pl

from battery_assets.features.charge.kernels import HOUR_US
from battery_assets.features.samples.runs import micros, numbers

CHARGE_COLUMNS = ["ts", "battery_id", "soc_pct", "soh_pct"]


def charge_hours(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per jar and hour: battery_id, ts (the full hour), the lowest soc_pct, the last soh_pct.

    rows: CHARGE_COLUMNS of telemetry_jar_calc sorted by (battery_id, ts).
    """
    if rows.is_empty():
        return rows.select(CHARGE_COLUMNS).with_columns(pl.col("battery_id").cast(pl.String))
    hour = micros(rows["ts"]) // HOUR_US
    begins = hour[1:] != hour[:-1]
    # Jars lie one after the other: with a single hour of telemetry only the jar tells where one ends.
    jar_ends = np.cumsum(rows["battery_id"].rle().struct.field("len").to_numpy().astype(np.int64))
    begins[jar_ends[:-1] - 1] = True
    first = np.concatenate([[0], np.flatnonzero(begins) + 1])
    last = np.concatenate([first[1:], [rows.height]]) - 1
    low = np.fmin.reduceat(numbers(rows, "soc_pct"), first)
    return pl.DataFrame(
        {
            "ts": rows["ts"].gather(first).dt.truncate("1h"),
            "battery_id": rows["battery_id"].gather(first).cast(pl.String),
            "soc_pct": pl.Series(low, nan_to_null=True),
            "soh_pct": rows["soh_pct"].gather(last),
        }
    )
