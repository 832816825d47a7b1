"""What anomaly models see of a jar: its days against its string, by the hour, and a month in numbers."""

from dataclasses import dataclass

import numpy as np
import polars as pl

HOURS = 24
# Volts and kelvin of one step: what sensors scatter by themselves (SOURCES 8.1).
SCALES = {"v_mean": 0.02, "v_min": 0.05, "v_max": 0.05, "t_mean": 0.5}
CHANNELS = tuple(SCALES)
FEWEST_HOURS, FEWEST_JARS = 12, 6
NUMBERS = (
    *(f"{name}_{kind}" for name in CHANNELS for kind in ("level", "spread", "moved")),
    "r_over_own_pct", "r_over_string_pct", "r_moved_pct",
)  # fmt: skip


@dataclass(frozen=True)
class Days:
    """Days of jars (N): battery_id, day, and values (N, channels, 24) in steps of SCALES, 0 where unknown."""

    keys: pl.DataFrame
    values: np.ndarray

    def months(self) -> pl.Series:
        """The month of each day, YYYY-MM."""
        return self.keys["day"].dt.strftime("%Y-%m")


def jar_days(hours: pl.DataFrame) -> Days:
    """Each jar's hours less the median of its string's in that hour, by UTC day.

    hours: battery_id, string_id, hour, CHANNELS. Days of fewer than half their hours are left out, and hours
    of fewer than six jars of the string.
    """
    together = ("string_id", "hour")
    whole = pl.col("v_mean").count().over(together) >= FEWEST_JARS
    apart = hours.filter(whole).select(
        "battery_id",
        pl.col("hour").dt.date().alias("day"),
        pl.col("hour").dt.hour().cast(pl.Int64).alias("at"),
        *((pl.col(name) - pl.col(name).median().over(together)) / step for name, step in SCALES.items()),
    )
    apart = apart.filter(pl.len().over("battery_id", "day") >= FEWEST_HOURS)
    keys = apart.select("battery_id", "day").unique(maintain_order=True).with_row_index("row")
    placed = apart.join(keys, on=["battery_id", "day"], how="left", maintain_order="left")
    values = np.zeros((keys.height, len(CHANNELS), HOURS), np.float32)
    for place, name in enumerate(CHANNELS):
        column = placed[name].cast(pl.Float32).fill_null(0.0).fill_nan(0.0).to_numpy()
        values[placed["row"].to_numpy(), place, placed["at"].to_numpy()] = column
    return Days(keys.drop("row"), values)


def month_numbers(days: Days, readings: pl.DataFrame) -> pl.DataFrame:
    """battery_id, month, NUMBERS of each jar's month: level, spread within days, and what moved in the month.

    readings: battery_id, string_id, measured_at, resistance_mohm, baseline_pct.
    """
    level, spread = days.values.mean(axis=2), days.values.std(axis=2)
    frame = days.keys.with_columns(
        days.months().alias("month"),
        *(pl.Series(f"{name}_level", level[:, k]) for k, name in enumerate(CHANNELS)),
        *(pl.Series(f"{name}_spread", spread[:, k]) for k, name in enumerate(CHANNELS)),
    ).sort("battery_id", "day")
    own = frame.group_by("battery_id", "month", maintain_order=True).agg(
        *(pl.col(f"{name}_{kind}").median() for name in CHANNELS for kind in ("level", "spread")),
        *(_moved(f"{name}_level").alias(f"{name}_moved") for name in CHANNELS),
    )
    day = pl.col("measured_at").dt.date()
    ohms = pl.col("resistance_mohm")
    read = readings.with_columns(
        month=pl.col("measured_at").dt.strftime("%Y-%m"),
        over=100.0 * (ohms / ohms.median().over("string_id", day) - 1.0),
    ).sort("battery_id", "measured_at")
    ohmic = read.group_by("battery_id", "month").agg(
        r_over_own_pct=pl.col("baseline_pct").median() - 100.0,
        r_over_string_pct=pl.col("over").median(),
        r_moved_pct=_moved("over"),
    )
    joined = own.join(ohmic, on=["battery_id", "month"], how="left", maintain_order="left")
    return joined.select("battery_id", "month", pl.col(NUMBERS).cast(pl.Float64).fill_null(0.0))


def _moved(name: str) -> pl.Expr:
    """The last week's median less the first week's."""
    return pl.col(name).tail(7).median() - pl.col(name).head(7).median()
