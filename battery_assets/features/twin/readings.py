"""The ohmic resistance that a week of readings shows, one a day from a monitor."""

import polars as pl

WEEK, RISEN = 7, 1.2


def week_of_readings(features_24h: pl.DataFrame) -> pl.DataFrame:
    """battery_id, r_internal_latest (mΩ, as read), t_mean (°C over all rows) from rows of feature_store.

    The resistance is the median of the last seven readings: one alone scatters by 2 %. Where the last two
    both lie a fifth over it a strap has opened, and the lower of them counts.
    """
    read = pl.col("r_internal_latest").drop_nulls().tail(WEEK)
    level, last = read.median(), read.tail(2).min()
    of_week = pl.when(last > RISEN * level).then(last).otherwise(level)
    return (
        features_24h.sort("feature_ts")
        .group_by("battery_id")
        .agg(of_week.alias("r_internal_latest"), pl.col("t_mean").mean())
    )
