"""Days of telemetry for the windows of the feature store."""

from datetime import UTC, date, datetime

import polars as pl

from battery_assets.features.windows.feature_rows import TelemetryDay
from battery_assets_tests.worlds.months.telemetry_days import (
    instants,
    jar_rows,
    string_rows,
    telemetry,
)

DAY = date(2026, 3, 1)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def quiet_day(day: date, step_s: int = 600, current: float = 0.05) -> TelemetryDay:
    us = instants(day, step_s)
    jars = pl.concat([jar_rows("a", us, 13.6), jar_rows("b", us, 13.7)])
    return telemetry(day, jars, string_rows("s1", us, current))
