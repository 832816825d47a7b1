"""Sums of windows as rows of the feature store."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.windows import kernels as kernel
from battery_assets.tables.projections import polars_schema

_KEYS = ("feature_ts", "battery_id", "feature_window_hours")
FEATURE_SCHEMA = polars_schema(t.feature_store)
_COLUMNS = tuple(name for name in FEATURE_SCHEMA if name not in _KEYS)
_COUNTS = tuple(name for name in _COLUMNS if FEATURE_SCHEMA[name] == pl.Int64)
# The largest value that the reference's DECIMAL holds, where garbage or a broken weld can pass it.
LARGEST = {
    "v_std": 9.9999,
    "v_balance_mean": 9.9999,
    "t_delta_ambient_mean": 99.99,
    "r_internal_baseline_pct": 999.99,
    "ripple_rms_mean": 99.999,
    "thd_mean": 999.99,
}


@dataclass(frozen=True)
class WindowSums:
    """Sums of W windows: jars (J, W, ·), latest mΩ (J, W), strings (S, W, ·); columns as in the kernel."""

    sums: np.ndarray
    maxima: np.ndarray
    latest_mohm: np.ndarray
    strings: np.ndarray

    def composed(self) -> "WindowSums":
        """All windows as one: sums added, maxima kept, the last resistance."""
        return WindowSums(
            self.sums.sum(1, keepdims=True),
            self.maxima.max(1, keepdims=True),
            self.latest_mohm[:, -1:],
            self.strings.sum(1, keepdims=True),
        )

    @classmethod
    def joined(cls, parts: Iterable["WindowSums"]) -> "WindowSums":
        """Several windows one after the other, as one."""
        parts = list(parts)
        names = ("sums", "maxima", "latest_mohm", "strings")
        return cls(
            *(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names)
        ).composed()


class Units(Protocol):
    """What the rows need of the jars: string, V taken off the sums, float band, baseline, rated Ah."""

    ids: list[str]
    string_of: np.ndarray
    shift_v: np.ndarray
    float_min: np.ndarray
    float_max: np.ndarray
    initial_mohm: np.ndarray
    capacity_ah: np.ndarray


def window_rows(units: Units, window: WindowSums, hours: int, ends_us: np.ndarray) -> pl.DataFrame:
    """Rows of feature_store for windows of `hours` ending at ends_us (W,); none for a silent jar."""
    jar, when = np.nonzero(window.sums[:, :, kernel.N_V] + window.sums[:, :, kernel.N_T] > 0)
    sums, maxima = window.sums[jar, when], window.maxima[jar, when]
    of_string = window.strings[units.string_of[jar], when]
    latest = window.latest_mohm[jar, when]
    rated_known = ~np.isnan(units.capacity_ah[jar])
    with np.errstate(invalid="ignore", divide="ignore"):
        values = _jar_values(sums, maxima) | _string_values(of_string, rated_known)
        values["v_mean"] += units.shift_v[jar]
        no_band = np.isnan(units.float_min[jar] + units.float_max[jar])
        for name in ("time_below_float_min", "time_above_float_min"):
            values[name][no_band] = np.nan
        initial = units.initial_mohm[jar]
        values["r_internal_latest"] = latest
        values["r_internal_baseline_pct"] = np.where(initial > 0, latest / initial * 100.0, np.nan)
    frame = pl.DataFrame({name: values[name] for name in _COLUMNS}).fill_nan(None)
    keys = [
        pl.Series("feature_ts", ends_us[when]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.Series("battery_id", units.ids, pl.String).gather(jar),
        pl.Series("feature_window_hours", np.full(len(jar), hours, np.int64)),
    ]
    stop = [pl.col(name).clip(upper_bound=largest) for name, largest in LARGEST.items()]
    rounded = [pl.col(name).round().cast(pl.Int64) for name in _COUNTS]
    return frame.with_columns(*stop, *rounded).select(*keys, *_COLUMNS)


def _jar_values(sums: np.ndarray, maxima: np.ndarray) -> dict[str, np.ndarray]:
    """Columns that come from a jar's own samples; the shift of the sums does not touch the variance."""
    n = sums[:, kernel.N_V]
    spread = sums[:, kernel.SQ_V] - sums[:, kernel.SUM_V] ** 2 / n
    return {
        "v_mean": sums[:, kernel.SUM_V] / n,
        "v_std": np.where(n > 1, np.sqrt(np.maximum(spread, 0.0) / (n - 1)), np.nan),
        "v_min": np.where(n > 0, -maxima[:, kernel.MAX_MINUS_V], np.nan),
        "v_max": np.where(n > 0, maxima[:, kernel.MAX_V], np.nan),
        "v_balance_mean": sums[:, kernel.SUM_BALANCE] / sums[:, kernel.N_BALANCE],
        "t_mean": sums[:, kernel.SUM_T] / sums[:, kernel.N_T],
        "t_max": np.where(sums[:, kernel.N_T] > 0, maxima[:, kernel.MAX_T], np.nan),
        "t_delta_ambient_mean": sums[:, kernel.SUM_AMBIENT] / sums[:, kernel.N_AMBIENT],
        "time_below_float_min": np.where(n > 0, sums[:, kernel.BELOW_S] / 60.0, np.nan),
        "time_above_float_min": np.where(n > 0, sums[:, kernel.ABOVE_S] / 60.0, np.nan),
    }


def _string_values(sums: np.ndarray, rated_known: np.ndarray) -> dict[str, np.ndarray]:
    """Columns that a jar shares with its string."""
    sent, measured = sums[:, kernel.N_SAMPLES] > 0, sums[:, kernel.N_CURRENT] > 0
    return {
        "discharge_cycles_count": np.where(sent, sums[:, kernel.CYCLES], np.nan),
        "ah_throughput": np.where(measured, sums[:, kernel.AH], np.nan),
        "surge_events_count": np.where(measured & rated_known, sums[:, kernel.SURGES], np.nan),
        "ripple_rms_mean": sums[:, kernel.SUM_RIPPLE] / sums[:, kernel.N_RIPPLE],
        "thd_mean": sums[:, kernel.SUM_THD] / sums[:, kernel.N_THD],
    }
