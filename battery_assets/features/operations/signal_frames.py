"""What a signal is: a frame of a unit, an instant, a value; and the hours in which a string has settled."""

from datetime import timedelta

import polars as pl

from battery_assets.features.samples.profiles import working
from battery_assets.features.samples.rated_capacity import REFERENCE_AH

FLOAT_SHARE = 0.9
SETTLED = timedelta(hours=24)
# The longest equalize charge that the causes of low floats ask for (`causes`: 8 to 24 h).
EQUALIZE_HOURS = 24
# What no jar of six cells shows is the sensor's (SOURCES 8.6): data quality says so, no other rule.
JAR_V, JAR_C = (0.0, 16.0), (-20.0, 80.0)
BLOCK_V = 12.0


def highest_v() -> pl.Expr:
    """JAR_V[1] of a jar (lead_acid, nominal_v): volts of lead-acid come as those of six cells."""
    larger = pl.max_horizontal(pl.col("nominal_v") / BLOCK_V, 1.0)
    return JAR_V[1] * pl.when("lead_acid").then(1.0).otherwise(larger)


def signal(frame: pl.DataFrame, unit: str, at: str, value: pl.Expr) -> pl.DataFrame:
    """The rows of a frame where the value is known, as unit_id, at, value."""
    named = frame.select(
        unit_id=pl.col(unit).cast(pl.String),
        at=pl.col(at).cast(pl.Datetime("us", "UTC")),
        value=value.cast(pl.Float64),
    )
    return named.filter(pl.col("value").is_not_null())


def settled_hours(hours: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """The hours of strings with capacity_ah, limit_a and `settled`: a day has passed since the string last
    gave or took more than C/60, whatever its mode: a charger that holds too much never says float.

    An equalize charge of a day at most has not settled: its volts and amperes are what somebody asked for. A
    charger that says for longer that it equalizes does not come back from it.
    """
    facts = jars.group_by("string_id").agg(
        capacity_ah=pl.col("capacity_ah").median().fill_null(REFERENCE_AH),
        limit_a=pl.col("max_charge_current_a").median().fill_null(36.0),
    )
    rows = hours.join(facts, on="string_id", validate="m:1").sort("string_id", "hour")
    moving = working(pl.col("capacity_ah")).fill_null(value=True).cast(pl.Int32)
    busy = moving.rolling_sum_by("hour", window_size="25h").over("string_id")
    known_for = pl.col("hour") - pl.col("hour").min().over("string_id")
    equalizes = pl.lit(value=False)
    if "equalize_rows" in hours.columns:
        says = (pl.col("equalize_rows") * 2 > pl.col("rows")).fill_null(value=False)
        for_hours = says.cast(pl.Int32).rolling_sum_by("hour", window_size="25h").over("string_id")
        equalizes = says & (for_hours <= EQUALIZE_HOURS)
    return rows.with_columns(settled=(busy == 0) & (known_for >= SETTLED) & ~equalizes)
