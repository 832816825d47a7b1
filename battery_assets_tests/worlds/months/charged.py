"""Days of jars whose charge is known."""

from datetime import date

import numpy as np

from battery_assets.features.charge.state import (
    charge_state_day,
)
from battery_assets_tests.worlds.months.telemetry_days import jar_rows, string_rows, units

DAY = date(2026, 3, 1)


FLOAT_V, DISCHARGE_V = 13.6, 12.2


def states(us: np.ndarray, current, mode, jar_v, soh=100.0, state=None, string_v=None):
    """One jar on one string of one jar."""
    volts = jar_v if string_v is None else string_v
    rows = string_rows("s1", us, current, mode, volts)
    return charge_state_day(jar_rows("a", us, jar_v), rows, units("a"), {"a": soh}, state)
