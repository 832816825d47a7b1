"""What each cycle moved: charge, energy, times, temperatures, and the resistance its current steps show."""

from typing import NamedTuple

import numpy as np
import polars as pl

from battery_assets.features.lab import cycle_kernels as kernel
from battery_assets.features.lab.cycles import cycle_of_rows, flows

STEP_SHARE = 0.2  # of 1C: a smaller step shows no resistance above the noise of the voltage

CHARGED_SHARE = 0.01  # of nominal: a cycle with less was begun by a discharge, or cut; its ratio says nothing


class Points(NamedTuple):
    """Samples of one test in order of time, shape (n,) each; positive current charges, NaN is unknown."""

    time_s: np.ndarray
    current_a: np.ndarray
    voltage_v: np.ndarray
    temperature_c: np.ndarray

    @classmethod
    def of(cls, points: pl.DataFrame) -> "Points":
        """From a frame with test_time_s, current_a, voltage_v and, where it was measured, temperature_c."""

        def column(name: str) -> np.ndarray:
            if name not in points.columns:
                return np.full(points.height, np.nan)
            return points[name].cast(pl.Float64).fill_null(np.nan).to_numpy()

        return cls(*(column(name) for name in ("test_time_s", "current_a", "voltage_v", "temperature_c")))


def cycle_rows(
    points: Points, starts: np.ndarray, nominal_ah: float, cutoff_v: float | None = None
) -> pl.DataFrame:
    """One row per cycle: cycle_index (from 1), start_row, start_s, end_s, the kernel's COLUMNS, efficiencies.

    `cutoff_v` is the protocol's end of discharge: charge drawn below it counts nowhere (a capacity is to a
    stated voltage); None counts to the last sample. internal_resistance_mohm is dV/dI of the first step into
    discharge of at least C/5 between samples at most 35 s apart; resistance_step_s is how far apart they
    were, since slower samples show more of the polarisation. voltage_* are of the discharge, temperature_*
    of the whole cycle, means weighted by time. NULL where the cycle does not show a value.
    """
    ends = np.append(starts[1:], points.time_s.size)
    time_s, current, volts, warm = (np.ascontiguousarray(part, dtype=float) for part in points)
    values = kernel.cycle_values(
        time_s, current, volts, warm, flows(current, nominal_ah), starts, ends, nominal_ah * STEP_SHARE,
        np.nan if cutoff_v is None else float(cutoff_v),
    )  # fmt: skip
    frame = pl.DataFrame(
        {
            "cycle_index": np.arange(1, starts.size + 1),
            "start_row": starts,
            "start_s": points.time_s[starts],
            "end_s": points.time_s[np.maximum(ends - 1, starts)],
            **{name: values[:, k] for k, name in enumerate(kernel.COLUMNS)},
        }
    )
    return frame.with_columns(pl.col(*kernel.COLUMNS).fill_nan(None)).with_columns(
        coulombic_efficiency_pct=_ratio_pct("discharge_capacity_ah", "charge_capacity_ah", nominal_ah),
        energy_efficiency_pct=_ratio_pct("discharge_energy_wh", "charge_energy_wh", nominal_ah),
    )


def discharges(
    points: Points, starts: np.ndarray, nominal_ah: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voltage (V), charge drawn within its cycle (Ah) and cycle (from 0) at every discharging sample."""
    flow = flows(points.current_a, nominal_ah)
    cycle = cycle_of_rows(starts, flow.size)
    drawn = kernel.drawn_ah(points.time_s, np.nan_to_num(points.current_a), flow, cycle)
    on = (flow == kernel.DISCHARGE) & np.isfinite(points.voltage_v)
    return points.voltage_v[on], drawn[on], cycle[on]


def _ratio_pct(part: str, whole: str, nominal_ah: float) -> pl.Expr:
    """Percent, NULL where the cycle lacks one of the two or was hardly charged."""
    good = (
        (pl.col(whole) > 0) & (pl.col(part) > 0) & (pl.col("charge_capacity_ah") > CHARGED_SHARE * nominal_ah)
    )
    return pl.when(good).then(100.0 * pl.col(part) / pl.col(whole))
