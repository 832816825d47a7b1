"""What a new 120 Ah AGM jar gives at a current, so that a test is judged by the rating of its own rate.

1.85 and 1.80 V per cell are rows of the data sheet, 1.75 (where the sheet has two points) is of the jar model
calibrated on it (SOURCES 1.4, ±7 %). log I against log t is interpolated, since Peukert's exponent is not
constant.
"""

from collections.abc import Sequence

import numpy as np

from battery_assets.physics.parameters.leoch_ma12_100 import DATA_SHEET, Row

REFERENCE_AH = 120.0
# Of C10: a larger current is a load or its recharge, no sensor's offset and no float current (SOURCES 6).
LOADED_C = 1 / 20
# The jar model's currents to 1.75 V per cell: physics.calibration.minutes_to, held by a test.
MODEL_ROW = Row(
    1.75, (5, 10, 15, 30, 60, 120, 180, 300, 480, 600, 1200),
    (328.0, 247.5, 198.0, 124.0, 73.0, 42.7, 31.4, 21.2, 14.5, 12.03, 6.53),
)  # fmt: skip
_TABLES = (MODEL_ROW, *sorted(row for row in DATA_SHEET if row.end_v_cell >= 1.80))
END_V_PER_CELL = np.array([row.end_v_cell for row in _TABLES])


def rated_ah_at(current_a: float, capacity_ah: float, end_v_per_cell: float = 1.80) -> float:
    """Ah at 25 °C that a new jar of rated C10 capacity_ah gives at current_a > 0, down to the end voltage.

    Scaled per Ah from the 120 Ah jar. Currents outside the table (C20 … 5 min) and end voltages outside
    1.75 … 1.85 V per cell, or unknown, take the nearest (1.80 where unknown).
    """
    end = 1.80 if not np.isfinite(end_v_per_cell) else float(np.clip(end_v_per_cell, 1.75, 1.85))
    scaled = current_a * REFERENCE_AH / capacity_ah
    ah = [_table_ah(scaled, row.minutes, row.amps) for row in _TABLES]
    return float(np.interp(end, END_V_PER_CELL, ah)) * capacity_ah / REFERENCE_AH


def _table_ah(current_a: float, minutes: Sequence[float], amps: Sequence[float]) -> float:
    held = float(np.clip(current_a, amps[-1], amps[0]))
    log_t = np.interp(np.log(held), np.log(amps[::-1]), np.log(minutes[::-1]))
    return held * float(np.exp(log_t)) / 60.0
