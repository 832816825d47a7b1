"""Data sheet of the Leoch MA12-100 AGM monobloc [S1], currents × 1.2 for the 120 Ah jar (SOURCES 1.4).

Constant current from full at 25 C, new jar, to the end voltage of its row.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """Currents (A, as magnitudes) that one end voltage (V per cell) is reached at after so many minutes."""

    end_v_cell: float
    minutes: tuple[float, ...]
    amps: tuple[float, ...]


DATA_SHEET = (
    Row(1.85, (5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 1200),
        (250.6, 193.7, 163.7, 140.4, 106.1, 78.8, 63.6, 37.6, 28.2, 23.0, 19.7, 17.3, 13.9, 11.6, 6.16)),
    Row(1.80, (5, 10, 15, 20, 30, 45, 60, 120, 600, 1200),
        (295.0, 216.0, 181.0, 152.0, 113.0, 83.5, 67.1, 39.7, 12.0, 6.24)),
    Row(1.75, (180, 300), (30.5, 21.1)),
    Row(1.60, (60,), (78.1,)),
)  # fmt: skip
POINTS = tuple(
    (row.end_v_cell, minutes, amps)
    for row in DATA_SHEET
    for minutes, amps in zip(row.minutes, row.amps, strict=True)
)
