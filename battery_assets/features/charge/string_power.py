"""Power of a string, and the distortion of its ripple as the latest recorded waveform shows it.

Telemetry carries the rms of ripple alone, and rms does not say at which lines it lies: distortion is measured
from bursts of waveform, and known as long as the rms stays near what it was in the burst (SOURCES 4).
"""

import numpy as np
import polars as pl

from battery_assets.features.ripple.bursts import SCHEMA
from battery_assets.features.ripple.diagnosis import DISCHARGE_A
from battery_assets.features.samples.runs import micros, numbers, unit_runs

# Three standard deviations of what load and mains do to a sound system within a day (6 % each).
BAND = 0.25
MOST_THD_PCT = 999.99
NO_BURSTS = pl.DataFrame(schema=SCHEMA)


def string_calc_day(strings_day: pl.DataFrame, bursts: pl.DataFrame = NO_BURSTS) -> pl.DataFrame:
    """Rows of telemetry_string_calc (ts, string_id, power_w, thd_pct) of a day, in the order they came.

    strings_day: columns of telemetry_string_raw sorted by (string_id, ts). bursts: string_id, ts, steady,
    discharge, ripple_v, thd_pct of `ripple_bursts.burst_rows`, those of the month. power_w = voltage_v
    current_a, positive charges.

    thd_pct is that of the string's latest steady burst at or before the sample, while ripple_voltage_rms_v is
    within BAND of the burst's. NULL where there is none, where the rms has left the band, and where the
    burst's own is NULL: first line under 10 mV, or a discharge, in which no rectifier makes it. More than
    999.99 % is stored as that.
    """
    ts, names = (
        micros(strings_day["ts"]),
        strings_day["string_id"].unique(maintain_order=True).cast(pl.String),
    )
    runs = unit_runs(strings_day["string_id"], names.to_list())
    volts = numbers(strings_day, "ripple_voltage_rms_v")
    on = _discharging(strings_day)
    steady = bursts.filter("steady").sort("string_id", "ts").partition_by("string_id", as_dict=True)
    thd = np.full(strings_day.height, np.nan)
    for unit, first, last in zip(runs.unit, runs.start, runs.stop, strict=True):
        mine = steady.get((names[int(unit)],))
        if mine is not None:
            rows = slice(first, last)
            thd[rows] = _latest(ts[rows], volts[rows], on[rows], mine)
    return strings_day.select(
        "ts",
        pl.col("string_id").cast(pl.String),
        (pl.col("voltage_v").cast(pl.Float64) * pl.col("current_a").cast(pl.Float64)).alias("power_w"),
        pl.Series("thd_pct", np.minimum(thd, MOST_THD_PCT), nan_to_null=True),
    )


def _discharging(frame: pl.DataFrame) -> np.ndarray:
    on = numbers(frame, "current_a") <= DISCHARGE_A
    if "mode" in frame.columns:
        on |= (frame["mode"].cast(pl.String) == "discharge").fill_null(False).to_numpy()
    return on


def _latest(ts: np.ndarray, volts: np.ndarray, on: np.ndarray, bursts: pl.DataFrame) -> np.ndarray:
    """Distortion (n,) of one string's samples, NaN where unknown; bursts sorted by time."""
    out = np.full(len(ts), np.nan)
    # A discharge is the run of samples that say so; a burst counts from its first sample's predecessor on.
    changed = np.concatenate([[False], on[1:] != on[:-1]])
    start = np.maximum.accumulate(np.where(changed, np.arange(len(on)), 0))
    since = ts[np.maximum(start - 1, 0)]
    for discharge in (False, True):
        mine = bursts.filter(pl.col("discharge") == discharge)
        rows = np.flatnonzero(on == discharge)
        if not mine.height or not len(rows):
            continue
        at = micros(mine["ts"])
        which = np.searchsorted(at, ts[rows], side="right") - 1
        burst = np.maximum(which, 0)
        usual = mine["ripple_v"].to_numpy()[burst]
        with np.errstate(invalid="ignore"):
            near = np.abs(volts[rows] - usual) <= BAND * usual
        valid = (which >= 0) & near
        if discharge:
            valid &= at[burst] >= since[rows]
        value = mine["thd_pct"].fill_null(np.nan).to_numpy()[burst]
        out[rows] = np.where(valid, value, np.nan)
    return out
