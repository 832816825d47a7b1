"""A day of frames on common grids: instants per string, room temperature per minute, ohmic rounds per jar."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from battery_assets.features.samples.runs import Runs, group_steps_us, micros, numbers, steps_us
from battery_assets.features.windows import kernels as kernel

DAY_US = 24 * kernel.HOUR_US
# first_us, step_us, offset and buckets of each string, as window_kernels reads them.
Grid = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def mode_is(frame: pl.DataFrame, mode: str) -> np.ndarray:
    """YES, NO or UNKNOWN (kernel codes, int8) for each string row; UNKNOWN where no mode was sent."""
    if "mode" not in frame.columns:
        return np.zeros(frame.height, np.int8)
    same = frame["mode"].cast(pl.String) == mode
    codes = pl.select(pl.when(same).then(kernel.YES).when(~same).then(kernel.NO).otherwise(kernel.UNKNOWN))
    return codes.to_series().cast(pl.Int8).rechunk().to_numpy()


def midnight_us(day: date) -> int:
    """The first instant of a UTC day, in microseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def per_string(values: np.ndarray, string_of: np.ndarray, strings: int) -> np.ndarray:
    """The median over a string's jars; NaN where none is known."""
    finite = [values[(string_of == s) & ~np.isnan(values)] for s in range(strings)]
    return np.array([np.median(group) if len(group) else np.nan for group in finite])


def instants_grid(ts: np.ndarray, runs: Runs, string_of: np.ndarray, strings: int, day_us: int) -> Grid:
    """Per string a grid of instants one sampling interval apart, samples in the middle of its buckets."""
    step = group_steps_us(steps_us(ts, runs), string_of[runs.unit], strings)
    first = np.full(strings, float(day_us))
    for s in range(strings):
        mine = np.flatnonzero(string_of[runs.unit] == s)
        if len(mine):
            offsets = np.concatenate([ts[a : a + 200] for a in runs.start[mine[:8]]]) - day_us
            turn = np.angle(np.mean(np.exp(2j * np.pi * (offsets % step[s]) / step[s])))
            first[s] = day_us + turn / (2 * np.pi) * step[s] - 0.5 * step[s]
    buckets = np.ceil(DAY_US / step).astype(np.int64) + 2
    return first, step, np.concatenate([[0], np.cumsum(buckets)]), buckets


def ambient_by_minute(env: pl.DataFrame, day_us: int) -> np.ndarray:
    """Mean °C of the site's sensors in each of the 1440 minutes, else in its hour, else NaN."""
    minute = (micros(env["ts"]) - day_us) // 60_000_000
    room = numbers(env, "temperature_c").astype(float)
    good = ~np.isnan(room) & (minute >= 0) & (minute < 1440)
    total = np.bincount(minute[good], room[good], 1440)
    count = np.bincount(minute[good], minlength=1440)
    by_hour = total.reshape(24, 60).sum(1), count.reshape(24, 60).sum(1)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / count, np.repeat(by_hour[0] / by_hour[1], 60))


def ohmic_rounds(measurements: pl.DataFrame, ids: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ohmic rounds as (ts, mΩ, start), jar by jar in time: jar k owns [start[k], start[k+1])."""
    order = pl.DataFrame(
        {"battery_id": ids, "jar": np.arange(len(ids))}, schema_overrides={"battery_id": pl.String}
    )
    read_rounds = (
        measurements.select(pl.col("battery_id").cast(pl.String), "measured_at", "resistance_mohm")
        .drop_nulls()
        .join(order, on="battery_id")
        .sort("jar", "measured_at")
    )
    start = np.concatenate([[0], np.cumsum(np.bincount(read_rounds["jar"].to_numpy(), minlength=len(ids)))])
    return (
        micros(read_rounds["measured_at"]),
        read_rounds["resistance_mohm"].cast(pl.Float64).to_numpy(),
        start,
    )
