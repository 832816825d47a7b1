"""What a new 120 Ah AGM jar gives at a current, so that a test is judged by the rating of its own rate.

Rows of SOURCES 1.4: 1.85 and 1.80 V per cell from the data sheet (Leoch MA12-100 × 1.2), 1.75 from the
calibrated jar model (±7 %). log I against log t is interpolated, since Peukert's exponent is not constant.
"""

from collections.abc import Sequence

import numpy as np

REFERENCE_AH = 120.0
END_V_PER_CELL = np.array([1.75, 1.80, 1.85])
_TABLES: tuple[tuple[list[float], list[float]], ...] = (
    ([5, 10, 15, 30, 60, 120, 180, 300, 480, 600, 1200],
     [333, 250, 200, 124, 72.2, 42.0, 30.8, 20.8, 14.3, 12.0, 6.5]),
    ([5, 10, 15, 20, 30, 45, 60, 120, 600, 1200],
     [295, 216, 181, 152, 113, 83.5, 67.1, 39.7, 12.0, 6.24]),
    ([5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 1200],
     [250.6, 193.7, 163.7, 140.4, 106.1, 78.8, 63.6, 37.6, 28.2, 23.0, 19.7, 17.3, 13.9, 11.6, 6.16]),
)  # fmt: skip


def rated_ah_at(current_a: float, capacity_ah: float, end_v_per_cell: float = 1.80) -> float:
    """Ah at 25 °C that a new jar of rated C10 capacity_ah gives at current_a > 0, down to the end voltage.

    Scaled per Ah from the 120 Ah jar. Currents outside the table (C20 … 5 min) and end voltages outside
    1.75 … 1.85 V per cell, or unknown, take the nearest (1.80 where unknown).
    """
    end = 1.80 if not np.isfinite(end_v_per_cell) else float(np.clip(end_v_per_cell, 1.75, 1.85))
    scaled = current_a * REFERENCE_AH / capacity_ah
    ah = [_table_ah(scaled, minutes, amps) for minutes, amps in _TABLES]
    return float(np.interp(end, END_V_PER_CELL, ah)) * capacity_ah / REFERENCE_AH


def _table_ah(current_a: float, minutes: Sequence[float], amps: Sequence[float]) -> float:
    held = float(np.clip(current_a, amps[-1], amps[0]))
    log_t = np.interp(np.log(held), np.log(amps[::-1]), np.log(minutes[::-1]))
    return held * float(np.exp(log_t)) / 60.0
