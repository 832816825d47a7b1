"""SOC labels of the points of a test: by counting charge, and by the voltage of a rested cell."""

import numpy as np
import polars as pl

from battery_assets.features.lab.cycle_kernels import REST
from battery_assets.features.lab.cycle_rows import Points
from battery_assets.features.lab.cycles import cycle_of_rows, flows

SLOW_SHARE = 1 / 15  # a discharge at C/15 or slower is taken for the open-circuit curve
RESTED_S = 1800.0
STEPS_PCT = np.linspace(0.0, 100.0, 201)


def counted_soc_pct(points: Points, starts: np.ndarray, nominal_ah: float) -> np.ndarray:
    """SOC (%) at each point by counting: 0 at a cycle's lowest charge, 100 at its highest, (n,).

    A cycle's own charge is counted up from its start over what went in, and down over what came out, so that
    neither the coulombic efficiency nor the offset of the cycler drifts from cycle to cycle. The capacity is
    the cycle's own: it is a label, made when the cycle is over. NaN for cycles that moved under 1 % of
    nominal one way or both.
    """
    flown = np.cumsum(points.moved_ah)
    cycle = cycle_of_rows(starts, flown.size)
    first = starts[cycle]
    ends = np.append(starts[1:], flown.size)
    high = np.maximum.reduceat(flown, starts)
    top_row = np.array([s + int(np.argmax(flown[s:e])) for s, e in zip(starts, ends, strict=True)])
    went_in = (high - flown[starts])[cycle]
    low = np.array([flown[t:e].min() for t, e in zip(top_row, ends, strict=True)])
    came_out = (high - low)[cycle]
    rising = np.arange(flown.size) <= top_row[cycle]
    least = 0.01 * nominal_ah
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.where(went_in > least, 100.0 * (flown - flown[first]) / went_in, np.nan)
        down = np.where(came_out > least, 100.0 * (flown - low[cycle]) / came_out, np.nan)
    # A cycle that begins full has no rising part; one that was never discharged has no falling one.
    return np.clip(np.where(rising & (top_row[cycle] > first), up, down), 0.0, 100.0)


def open_circuit_curve(
    points: Points, starts: np.ndarray, nominal_ah: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """SOC (%) and voltage (V) of the test's slowest discharge at C/15 or slower; None without one."""
    flow, cycle = flows(points.current_a, nominal_ah), cycle_of_rows(starts, points.time_s.size)
    drain = (flow < 0) & np.isfinite(points.voltage_v)
    soc = counted_soc_pct(points, starts, nominal_ah)
    best = None
    for c in np.unique(cycle[drain]):
        own = drain & (cycle == c)
        rate = float(np.median(-points.current_a[own]))
        span = np.ptp(soc[own]) if np.isfinite(soc[own]).all() else 0.0
        if rate <= nominal_ah * SLOW_SHARE and span > 90.0 and (best is None or rate < best[0]):
            order = np.argsort(soc[own])
            best = rate, np.interp(STEPS_PCT, soc[own][order], points.voltage_v[own][order])
    return None if best is None else (STEPS_PCT, np.maximum.accumulate(best[1]))


def rested_soc_pct(
    points: Points, nominal_ah: float, curve: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray:
    """SOC (%) that the voltage of a cell at rest for half an hour shows on its own curve; NaN elsewhere."""
    out = np.full(points.time_s.size, np.nan)
    if curve is None or not out.size:
        return out
    resting = flows(points.current_a, nominal_ah) == REST
    began = np.where(resting, np.nan, points.time_s)
    began[0] = points.time_s[0]
    last_load = np.maximum.accumulate(np.nan_to_num(began, nan=-np.inf))
    rested = resting & (points.time_s - last_load >= RESTED_S)
    out[rested] = np.interp(points.voltage_v[rested], curve[1], curve[0])
    return out


def soc_labels(
    points: Points,
    starts: np.ndarray,
    nominal_ah: float,
    curve: tuple[np.ndarray, np.ndarray] | None = None,
) -> pl.DataFrame:
    """soc_coulomb_pct and soc_ocv_pct at each point, NULL where the definition says nothing.

    `curve` is the cell's open-circuit curve from another of its tests; without one it is looked for here.
    """
    curve = curve or open_circuit_curve(points, starts, nominal_ah)
    return pl.DataFrame(
        {
            "soc_coulomb_pct": pl.Series(counted_soc_pct(points, starts, nominal_ah)).fill_nan(None),
            "soc_ocv_pct": pl.Series(rested_soc_pct(points, nominal_ah, curve)).fill_nan(None),
        }
    )
