"""A day of jar samples as hours, for rules and quality checks: one compiled pass over all jars of a site."""

import numpy as np
import polars as pl
import polars.selectors as cs

from battery_assets.features.samples import hour_kernels as kernel
from battery_assets.features.samples.held import Held, HourRuns, held_in
from battery_assets.features.samples.runs import numbers

# What rules look at: a float voltage for half an hour, a discharge for 15 s, heat for 5 and 30 min.
HELD = (
    Held("v_low_30min", "voltage_v", 1800, lowest=True),
    Held("v_high_30min", "voltage_v", 1800),
    Held("v_low_15s", "voltage_v", 15, lowest=True),
    Held("t_high_5min", "temperature_c", 300),
    Held("t_high_30min", "temperature_c", 1800),
)


def jar_hours(day: pl.DataFrame) -> pl.DataFrame:
    """A day of telemetry_jar_raw as one row per jar and hour.

    Columns: battery_id, hour, rows, first_ts, last_ts, gap_s (longest step inside the hour), period_s,
    v_rows, v_mean, v_min, v_max, t_mean, t_min, t_max, r_changes, g_rows, g_off (rows whose conductance is
    over 1 % off 1000/resistance), outside_rows (beyond 0..16 V, -20..80 degC, 0..200 mohm), and HELD.
    """
    runs = HourRuns.of(day, "battery_id")
    starts = runs.starts
    v, t = numbers(day, "voltage_v"), numbers(day, "temperature_c")
    r, g = (_measured(day, name) for name in ("resistance_mohm", "conductance_s"))
    figures, counts = kernel.hours_of_runs(starts, runs.codes, runs.ts_us, v, t, r, g)
    first, last = starts[:-1], starts[1:] - 1
    hours = pl.DataFrame(
        {
            "battery_id": runs.names(),
            "hour": runs.hours(),
            "rows": np.diff(starts),
            "first_ts": day["ts"].gather(first),
            "last_ts": day["ts"].gather(last),
            **{name: figures[:, k] for k, name in enumerate(kernel.NUMBERS)},
            **{name: counts[:, k] for k, name in enumerate(kernel.COUNTS)},
            "period_s": runs.period_s,
        }
    ).with_columns(cs.float().fill_nan(None))
    return hours.with_columns(**held_in(day, runs, HELD)).sort("battery_id", "hour")


def _measured(day: pl.DataFrame, name: str) -> np.ndarray:
    """A column as `numbers`; empty where all of it is nothing."""
    nothing = name not in day.columns or day[name].null_count() == day.height
    return np.empty(0, np.float32) if nothing else numbers(day, name)
