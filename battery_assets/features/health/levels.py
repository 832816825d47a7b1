"""The ohmic level of each jar in earlier months, by its monitor: what its twins hand on from month to month.

The readings of a month tell where a jar's resistance stands, its levels how it came there. A twin's document
holds those of the months before it and its own, so the newest document is all that a month needs.
"""

import json
from datetime import datetime
from itertools import groupby

import numpy as np
import polars as pl

from battery_assets.features.health.resistance import OF_A_MONITOR
from battery_assets.features.samples.runs import numbers
from battery_assets.features.samples.temperature import resistance_at_25c

KEY = "ohmic_levels"  # in a twin's filter_json: [instant, mOhm at 25 C, of how many readings], oldest first
LEVELS: dict[str, pl.DataType | type[pl.DataType]] = {
    "battery_id": pl.String,
    "measured_at": pl.Datetime("us", "UTC"),
    "resistance_mohm": pl.Float64,
    "readings": pl.Float64,
}
NO_LEVELS = pl.DataFrame(schema=LEVELS)


def levels_of(readings: pl.DataFrame) -> pl.DataFrame:
    """The median at 25 °C of each jar's readings, one a day of some days: columns of LEVELS.

    readings: battery_id, measured_at, resistance_mohm, temperature_c. Fewer than a monitor's make no level.
    """
    warm = np.nan_to_num(numbers(readings, "temperature_c").astype(float), nan=25.0)
    at_25 = resistance_at_25c(numbers(readings, "resistance_mohm").astype(float), warm)
    return (
        readings.with_columns(resistance_mohm=pl.Series(at_25, dtype=pl.Float64))
        .filter(pl.col("resistance_mohm") > 0)
        .group_by("battery_id", maintain_order=True)
        .agg(
            pl.col("measured_at").median(),
            pl.col("resistance_mohm").median(),
            readings=pl.len().cast(pl.Float64),
        )
        .filter(pl.col("readings") >= OF_A_MONITOR)
        .cast(LEVELS)  # type: ignore[arg-type]
        .sort("battery_id")
    )


def handed_on(twins: pl.DataFrame) -> pl.DataFrame:
    """The levels that the newest twin of each jar knew: columns of LEVELS.

    twins: rows of digital_twin_state of earlier months (battery_id, captured_at, filter_json).
    """
    kept = twins.filter(pl.col("filter_json").is_not_null()).sort("captured_at")
    newest = kept.group_by("battery_id", maintain_order=True).agg(pl.col("filter_json").last())
    rows = [
        (name, datetime.fromisoformat(instant), mohm, count)
        for name, text in newest.sort("battery_id").iter_rows()
        for instant, mohm, count in json.loads(text).get(KEY, [])
    ]
    return pl.DataFrame(rows, schema=LEVELS, orient="row")


def with_levels(rows: pl.DataFrame, before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Rows of digital_twin_state whose documents hold the levels of before and now, thinned.

    before, now: columns of LEVELS. A jar with a fault has no level now: it is the fault's.
    """
    sound = now.join(rows.filter(pl.col("fault").is_null()), on="battery_id", how="semi")
    both = pl.concat([before, sound]).sort("battery_id", "measured_at")
    of_jars = both.partition_by("battery_id", as_dict=True, include_key=False)
    by_jar = {name: _thinned(list(own.iter_rows())) for (name,), own in of_jars.items()}
    texts = [
        json.dumps(json.loads(text) | {KEY: by_jar.get(name, [])})
        for name, text in rows.select("battery_id", "filter_json").iter_rows()
    ]
    return rows.with_columns(filter_json=pl.Series(texts, dtype=pl.String))


def _thinned(levels: list[tuple[datetime, float, float]]) -> list[list[object]]:
    """The first level of each quarter of the newest year and of the one before, of each year before those."""
    newest = levels[-1][0].year

    def stretch(level: tuple[datetime, float, float]) -> tuple[int, int]:
        instant = level[0]
        return instant.year, (instant.month - 1) // 3 if instant.year >= newest - 1 else 0

    firsts = [next(own) for _, own in groupby(levels, stretch)]
    return [[instant.isoformat(), mohm, count] for instant, mohm, count in firsts]
