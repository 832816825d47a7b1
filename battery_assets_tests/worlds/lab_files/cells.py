"""Small tests of cells whose answer is known: written sample by sample, and simulated."""

import numpy as np
import polars as pl

from battery_assets.features.lab.cycle_rows import Points
from battery_assets.synthetic.lab import CYCLE_LIFE, SyntheticLab, session_points, sessions

NOMINAL_AH = 5.0
LAB = SyntheticLab("lab-t", seed=11, cells=3, sample_s=60)


def life_points(cell: int = 0, cycles: int = 40) -> pl.DataFrame:
    """The first cycles of a simulated cell's cycle-life test."""
    for month in ("2025-01", "2025-02"):
        for session in sessions(LAB, month):
            if session.cell == cell and session.kind == CYCLE_LIFE:
                rows = session_points(LAB, session)
                return rows.filter(pl.col("cycle_count") <= cycles)
    raise AssertionError("the lab has no such cell")


def square_test(cycles: int = 3, ah: float = 2.0, amps: float = 1.0, step_s: float = 10.0) -> Points:
    """Charge and discharge of so many Ah at a constant current, ten minutes of rest after each."""
    hours = ah / amps
    parts = []
    for _ in range(cycles):
        for current, seconds in ((amps, 3600 * hours), (0.0, 600.0), (-amps, 3600 * hours), (0.0, 600.0)):
            parts.append(np.full(int(seconds / step_s), current))
    current = np.concatenate(parts)
    time_s = np.arange(current.size) * step_s
    charge = np.cumsum(current) * step_s / 3600
    volts = 3.0 + 1.0 * charge / ah + 0.05 * current
    return Points(time_s, current, volts, np.full(current.size, 25.0))
