"""Parameters and days for the filter of charge."""

from datetime import date

import numpy as np

from battery_assets.features.twin.jar_model import (
    TwinParameters,
    prior_parameters,
)
from battery_assets_tests.worlds.months.telemetry_days import instants, jar_rows, string_rows

DAY = date(2026, 3, 1)


FLOAT_V = 13.62


def parameters(*ids: str, soh: float = 100.0, mohm: float = 4.25) -> TwinParameters:
    count = len(ids)
    return prior_parameters(ids, np.full(count, 120.0), np.full(count, soh), np.full(count, mohm))


def float_day(day: date, step_s: int = 60, amps: float = 0.05):
    us = instants(day, step_s)
    return jar_rows("a", us, FLOAT_V), string_rows("s1", us, amps, "float", FLOAT_V)
