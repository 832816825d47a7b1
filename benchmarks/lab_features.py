"""The bench: features of a thousand cycles of one made-up cell."""

import statistics

import numpy as np

from battery_assets.features.lab.cycle_features import cycle_features
from battery_assets.features.lab.cycle_rows import Points
from battery_assets.features.lab.cycles import cycle_starts
from battery_assets.physics.lithium_cell import Cell, Protocol, one_cycle, rested
from benchmarks.world import clocked

NOMINAL_AH = 5.0
PROTOCOL = Protocol(2.5, 5.0, 4.2, 2.5, 0.25, 600.0, 20.0, 25.0)


def measure(small: bool) -> dict[str, float]:
    """Seconds for the cycles, their features and shapes of 1,000 cycles at 20 s (the median of three)."""
    points = life(20 if small else 1000)
    seconds = []
    for _ in range(3):
        with clocked() as clock:
            starts = cycle_starts(points.time_s, points.current_a, NOMINAL_AH)
            rows = cycle_features(points, starts, NOMINAL_AH, PROTOCOL.low_v)
        seconds.append(clock.seconds)
    if rows.height != (20 if small else 1000):
        raise RuntimeError(f"{rows.height} cycles were found")
    return {"lab_features_1000_cycles_seconds": statistics.median(seconds)}


def life(cycles: int) -> Points:
    """Points of a cell that wears over so many cycles."""
    state, begun, parts = rested(Cell.aged(), 2.9, PROTOCOL.air_c), 0.0, []
    for cycle in range(cycles):
        time_s, *measured, _ = one_cycle(Cell.aged(0.12 * cycle / 1000), PROTOCOL, state)
        parts.append((begun + time_s, *measured))
        begun += float(time_s[-1]) + 0.1
    return Points(*(np.concatenate(part) for part in zip(*parts, strict=True)))
