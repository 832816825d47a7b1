"""What a new 120 Ah AGM jar gives at a current, so that a test is judged by the rating of its own rate.

1.85 and 1.80 V per cell are rows of the data sheet. Of the lower end voltages it has three points; between
them a row goes as the jar model that is fitted to the sheet (`physics.parameters.ma12_100_sheet`): its
currents, times what the sheet's own points show against it (SOURCES 1.4, ±5 %). log I against log t is
interpolated, since Peukert's exponent is not constant.
"""

from collections.abc import Sequence

import numpy as np

from battery_assets.physics.parameters.leoch_ma12_100 import DATA_SHEET, Row

REFERENCE_AH = 120.0
# Of C10: a larger current is a load or its recharge, no sensor's offset and no float current (SOURCES 6).
LOADED_C = 1 / 20
_MINUTES = (5, 10, 15, 20, 30, 45, 60, 120, 180, 300, 600, 1200)
# Sheet points exactly: 3 h and 5 h to 1.75, 1 h to 1.60. The rest: physics.calibration, held by a test.
LOWER_ROWS = (
    Row(1.60, _MINUTES, (447.3, 308.0, 244.9, 197.9, 140.1, 99.5, 78.1, 44.5, 32.7, 22.3, 12.88, 6.62)),
    Row(1.67, _MINUTES, (398.7, 280.6, 227.0, 185.6, 133.2, 95.7, 75.6, 43.6, 32.1, 21.9, 12.74, 6.57)),
    Row(1.75, _MINUTES, (335.3, 242.1, 200.0, 166.1, 121.6, 88.8, 70.8, 41.3, 30.5, 21.1, 12.32, 6.38)),
)
_TABLES = (*LOWER_ROWS, *sorted(row for row in DATA_SHEET if row.end_v_cell >= 1.80))
END_V_PER_CELL = np.array([row.end_v_cell for row in _TABLES])


def rated_ah_at(current_a: float, capacity_ah: float, end_v_per_cell: float = 1.80) -> float:
    """Ah at 25 °C that a new jar of rated C10 capacity_ah gives at current_a > 0, down to the end voltage.

    Scaled per Ah from the 120 Ah jar. Currents outside the table (C20 … 5 min) and end voltages outside
    1.60 … 1.85 V per cell, or unknown, take the nearest (1.80 where unknown).
    """
    end = 1.80 if not np.isfinite(end_v_per_cell) else end_v_per_cell
    scaled = current_a * REFERENCE_AH / capacity_ah
    ah = [_table_ah(scaled, row.minutes, row.amps) for row in _TABLES]
    return float(np.interp(end, END_V_PER_CELL, ah)) * capacity_ah / REFERENCE_AH


def _table_ah(current_a: float, minutes: Sequence[float], amps: Sequence[float]) -> float:
    held = float(np.clip(current_a, amps[-1], amps[0]))
    log_t = np.interp(np.log(held), np.log(amps[::-1]), np.log(minutes[::-1]))
    return held * float(np.exp(log_t)) / 60.0
