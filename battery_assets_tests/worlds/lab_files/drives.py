"""Cells under a changing load, made with the product's physics of a lithium cell: full to empty and back."""

import numpy as np
import polars as pl

from battery_assets.physics.lithium_cell import Cell, open_circuit_v, rested
from battery_assets.physics.parameters.chen2020 import LG_M50

NOMINAL_AH = LG_M50.nominal_ah
STEP_S = 10.0


def driven(seed: int, lost: float = 0.0, cycles: int = 2, noise_v: float = 0.002) -> pl.DataFrame:
    """test_time_s, voltage_v, current_a, temperature_c, cycle_count, step_index of a cell, and its true soc.

    lost: share of its lithium that is gone. Loads of 100 s between 1.6C out and 0.3C in, until 2.8 V; then a
    rest, a charge at C/2 to 4.2 V that tapers, a rest. Each cycle begins with the charge.
    """
    rng = np.random.default_rng(seed)
    cell = Cell.aged(lithium_lost=lost, resistance_ratio=1.0 + 4.0 * lost)
    x, v1, warm = rested(cell, 3.0, 25.0)
    keep = np.exp(-STEP_S / cell.polarisation_s)
    rows: list[tuple[float, ...]] = []
    phase, entered, drawn, cycle = 1, 0, 0.0, 1
    while cycle <= cycles and len(rows) < 50_000:
        now = len(rows)
        resting = float(open_circuit_v(x, cell)) + v1
        if phase == 1:
            current = min(NOMINAL_AH / 2, max((LG_M50.high_v - resting) / cell.ohmic_ohm, 0.0))
        elif phase == 3:
            if (now - entered) % 10 == 0:
                drawn = NOMINAL_AH * rng.uniform(-1.6, 0.3)
            current = min(drawn, max((LG_M50.high_v - resting) / cell.ohmic_ohm, 0.0))
        else:
            current = 0.0
        volts = resting + current * cell.ohmic_ohm
        rows.append((now * STEP_S, volts, current, warm, cycle, phase, x))
        over = (
            (phase == 1 and current < NOMINAL_AH / 20) or (phase == 3 and volts < 2.8)
            or (phase in (2, 4) and now - entered >= 120)
        )  # fmt: skip
        if over:
            phase, entered = phase % 4 + 1, now + 1
            cycle += phase == 1
            continue
        x += current * STEP_S / (3600.0 * cell.negative_ah)
        v1 = keep * v1 + (1 - keep) * cell.polarisation_ohm * current
        heat = current * (volts - resting + v1) - cell.cooling_w_k * (warm - 25.0)
        warm += STEP_S * heat / cell.heat_capacity_j_k
    table = np.array(rows)
    table[:, 1] += noise_v * rng.standard_normal(len(table))
    span = table[:, 6].max() - table[:, 6].min()
    return pl.DataFrame(
        {
            "test_time_s": table[:, 0], "voltage_v": table[:, 1].round(4), "current_a": table[:, 2].round(4),
            "temperature_c": table[:, 3].round(2), "cycle_count": table[:, 4].astype(np.int64),
            "step_index": table[:, 5].astype(np.int64), "soc": (table[:, 6] - table[:, 6].min()) / span,
        }
    )  # fmt: skip
