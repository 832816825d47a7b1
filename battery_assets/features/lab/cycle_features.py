"""Features of the cycles of one cell: what each cycle moved, the shape of its discharge, the fade so far.

No feature of a cycle looks at a later one: shapes are those of the cycle alone, and what is smoothed over
cycles is smoothed over the ten that end with it.
"""

import numpy as np
import polars as pl

from battery_assets.features.lab.causal import causal_line, causal_mean
from battery_assets.features.lab.cycle_rows import Points, cycle_rows, discharges
from battery_assets.features.lab.incremental_capacity import (
    differential_voltage,
    incremental_capacity,
    voltage_grid,
)

WINDOW = 10
EDGE_V = 0.030  # three widths of the smoothing: nearer to its ends a discharge's dQ/dV is half filled
LEAST_SAMPLES = 20
LEAST_DRAWN_SHARE = 0.01  # of nominal: dV/dQ of a shorter pulse is its polarisation over next to no charge
REFERENCE_CYCLE = 10  # early enough to be young, late enough to have settled (Severson 2019)
SHAPES = ("dqdv_max_ah_per_v", "dqdv_peak_v", "dqdv_min_ah_per_v", "dqdv_area_ah", "dqdv_variance")
SLOPES = ("dvdq_peak_v_per_ah", "dvdq_peak_ah")


def cycle_features(
    points: Points,
    starts: np.ndarray,
    nominal_ah: float,
    cutoff_v: float | None = None,
    usual_end: bool = False,
) -> pl.DataFrame:
    """The columns of `cycle_rows`, SHAPES, SLOPES and the causal ones, one row per cycle.

    dqdv_*: of the discharge, between 30 mV inside its own ends: largest value and its voltage, smallest,
    area (Ah) and variance over voltage. dvdq_peak_*: the steepest place of the middle of the discharge (10
    to 90 % of its charge). delta_q_log_variance: log10 of the variance over voltage of Q(V) less that of
    cycle 10 (NULL up to it). capacity_slope_ah_per_cycle: of the line through the last ten discharge
    capacities. NULL where a cycle has no discharge of at least 20 samples; dvdq_peak_* too where it drew less
    than 1 % of the nominal capacity.
    """
    rows = cycle_rows(points, starts, nominal_ah, cutoff_v, usual_end)
    volts, drawn, cycle = discharges(points, starts, nominal_ah)
    shape = _shapes(volts, drawn, cycle, starts.size, nominal_ah * LEAST_DRAWN_SHARE)
    slope, _ = causal_line(rows["discharge_capacity_ah"].to_numpy(), WINDOW)
    return rows.with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in shape.items()),
        capacity_slope_ah_per_cycle=pl.Series(slope).fill_nan(None),
    )


def smoothed(values: pl.Series) -> np.ndarray:
    """The mean of the last ten known values up to each cycle; NaN before the first."""
    return causal_mean(values.cast(pl.Float64).fill_null(np.nan).to_numpy(), WINDOW)


def _shapes(
    volts: np.ndarray, drawn: np.ndarray, cycle: np.ndarray, cycles: int, least_ah: float
) -> dict[str, np.ndarray]:
    shapes = {name: np.full(cycles, np.nan) for name in (*SHAPES, *SLOPES, "delta_q_log_variance")}
    counts = np.bincount(cycle, minlength=cycles)
    if not volts.size:
        return shapes
    grid = voltage_grid(float(np.min(volts)), float(np.max(volts)))
    dense = incremental_capacity(volts, drawn, cycle, cycles, grid)
    first = np.concatenate([[0], np.cumsum(counts)])
    for c in np.flatnonzero(counts >= LEAST_SAMPLES):
        own = slice(first[c], first[c + 1])
        inside = (grid > volts[own].min() + EDGE_V) & (grid < volts[own].max() - EDGE_V)
        if inside.sum() < LEAST_SAMPLES:
            continue
        curve = dense[c, inside]
        top = int(np.argmax(curve))
        values = curve[top], grid[inside][top], curve.min(), dense[c].sum() * (grid[1] - grid[0]), curve.var()
        for name, value in zip(SHAPES, values, strict=True):
            shapes[name][c] = value
        if drawn[own][-1] - drawn[own][0] > least_ah:
            charge, slope = differential_voltage(volts[own], drawn[own])
            middle = slice(len(slope) // 10, -(len(slope) // 10))
            steepest = int(np.argmax(slope[middle]))
            shapes["dvdq_peak_v_per_ah"][c] = slope[middle][steepest]
            shapes["dvdq_peak_ah"][c] = charge[middle][steepest]
    if cycles > REFERENCE_CYCLE and counts[REFERENCE_CYCLE - 1] >= LEAST_SAMPLES:
        young = volts[first[REFERENCE_CYCLE - 1] : first[REFERENCE_CYCLE]]
        # The reference's own voltages: those of later cycles must not move the variance of earlier ones.
        covered = (grid >= young.min()) & (grid <= young.max())
        shapes["delta_q_log_variance"] = _delta_q(dense[:, covered], grid[1] - grid[0], counts)
    return shapes


def _delta_q(dense: np.ndarray, step_v: float, counts: np.ndarray) -> np.ndarray:
    """log10 var_V(Q_n(V) - Q_10(V)) per cycle, Q(V) the charge drawn above V; NaN up to the reference."""
    out = np.full(counts.size, np.nan)
    charge = np.cumsum(dense[:, ::-1], axis=1)[:, ::-1] * step_v
    spread = np.var(charge - charge[REFERENCE_CYCLE - 1], axis=1)
    usable = (np.arange(counts.size) >= REFERENCE_CYCLE) & (counts >= LEAST_SAMPLES) & (spread > 0)
    out[usable] = np.log10(spread[usable])
    return out
