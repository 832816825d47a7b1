"""Columns that are what they are named: no discharge with a positive current, no current for a voltage.

The estimates of charge refuse such a day of a string; here it is found before anything is estimated.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from battery_assets.features.laws.verdict import Finding
from battery_assets.features.samples.strings import StringSamples, Units

DOUBTS = {"string_id": pl.String, "day": pl.Date, "words": pl.String, "step": pl.String}


def doubts(day: date, rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """The strings of a UTC day of telemetry_string_raw whose columns cannot be: DOUBTS.

    rows: ts, string_id, voltage_v, current_a, mode sorted by (string_id, ts). jars: battery_id, string_id,
    position_in_string, capacity_ah.
    """
    units = Units.of(jars)
    doubtful = [
        (string, day, words, step) for string, words, step in StringSamples.as_sent(rows, units).doubts(units)
    ]
    return pl.DataFrame(doubtful, schema=DOUBTS, orient="row")


def findings(days: Iterable[pl.DataFrame], codes: dict[str, str]) -> list[Finding]:
    """One finding for each string that is doubted on any day: frames of `doubts`, names of strings."""
    by_string = (
        pl.concat([pl.DataFrame(schema=DOUBTS), *days])
        .sort("string_id", "day")
        .group_by("string_id", maintain_order=True)
        .agg(
            pl.col("words").first(),
            first=pl.col("day").min(),
            last=pl.col("day").max(),
            days=pl.len(),
        )
    )
    return [
        Finding(
            where=f"string {codes.get(row['string_id'], row['string_id'])}",
            when=f"{row['first']} to {row['last']}",
            expected="a discharge with a negative current, and columns that are what they are named",
            found=f"{row['words']} ({row['days']} days)",
            measured=float(row["days"]),
            limit=0.0,
            unit="days",
            string_id=row["string_id"],
            days=(row["first"], row["last"]),
        )
        for row in by_string.to_dicts()
    ]
