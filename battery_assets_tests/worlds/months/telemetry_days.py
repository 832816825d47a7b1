"""Small days of telemetry for the tests: a few jars on strings, one sample each `step_s`."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from battery_assets.features.windows.feature_rows import TelemetryDay

BAND = {"float_voltage_min_v": 13.5, "float_voltage_max_v": 13.8, "capacity_ah": 120.0}
_TIME = pl.Datetime("us", "UTC")
NO_ENV = pl.DataFrame(schema={"ts": _TIME, "sensor_id": pl.String, "temperature_c": pl.Float64})
NO_THD = pl.DataFrame(
    schema={"ts": _TIME, "string_id": pl.String, "power_w": pl.Float64, "thd_pct": pl.Float64}
)
NO_ROUNDS = pl.DataFrame(
    schema={"battery_id": pl.String, "measured_at": _TIME, "resistance_mohm": pl.Float64}
)


def instants(day: date, step_s: int, hours: float = 24.0) -> np.ndarray:
    """Microseconds of the samples of a day."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    return start + np.arange(0, int(hours * 3600), step_s) * 1_000_000


def times(us: np.ndarray) -> pl.Series:
    return pl.Series("ts", us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def jar_rows(battery_id: str, us: np.ndarray, volts, temp_c=25.0, mohm=None) -> pl.DataFrame:
    """Rows of telemetry_jar_raw; a number counts for every row."""
    full = np.ones(len(us))
    ohms = pl.Series("resistance_mohm", [None] * len(us) if mohm is None else mohm * full, pl.Float64)
    return pl.DataFrame(
        {
            "ts": times(us),
            "battery_id": [battery_id] * len(us),
            "voltage_v": volts * full,
            "temperature_c": temp_c * full,
        }
    ).with_columns(ohms)


def string_rows(
    string_id: str, us: np.ndarray, current, mode="float", volts=27.2, ripple=0.2
) -> pl.DataFrame:
    """Rows of telemetry_string_raw (the columns that features read); current may hold NaN for a missing
    one."""
    full = np.ones(len(us))
    modes = [mode] * len(us) if mode is None or isinstance(mode, str) else list(mode)
    frame = pl.DataFrame(
        {
            "ts": times(us),
            "string_id": [string_id] * len(us),
            "voltage_v": volts * full,
            "current_a": current * full,
            "mode": pl.Series(modes, dtype=pl.String),
            "ripple_voltage_rms_v": ripple * full,
            "ripple_current_rms_a": ripple / 0.117 * full,
        }
    )
    return frame.with_columns(pl.col("current_a", "voltage_v").fill_nan(None))


def units(*battery_ids: str, string_id: str = "s1", initial_mohm: float = 4.0) -> pl.DataFrame:
    """The jars frame of the estimators."""
    return pl.DataFrame({"battery_id": list(battery_ids)}).with_columns(
        string_id=pl.lit(string_id),
        initial_resistance_mohm=pl.lit(initial_mohm),
        **{name: pl.lit(value) for name, value in BAND.items()},
    )


def telemetry(day: date, jars: pl.DataFrame, strings: pl.DataFrame, env=NO_ENV, thd=NO_THD) -> TelemetryDay:
    return TelemetryDay(day, jars, strings, thd, env)
