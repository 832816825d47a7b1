"""What each cycle moved: charge, energy, times, temperatures, and the resistance its current steps show."""

from typing import NamedTuple

import numpy as np
import polars as pl

from battery_assets.features.lab import cycle_kernels as kernel
from battery_assets.features.lab.cycles import (
    charge_flown_ah,
    cycle_of_rows,
    cycle_starts,
    flows,
    hidden_starts,
)
from battery_assets.features.lab.whole_discharges import (
    NOT_RECORDED,
    NOT_TO_CUTOFF,
    OPEN_SHARE,
    Seen,
    no_capacity,
)

STEP_SHARE = 0.2  # of 1C: a smaller step shows no resistance above the noise of the voltage

CHARGED_SHARE = 0.01  # of nominal: a cycle with less was begun by a discharge, or cut; its ratio says nothing


class _Samples(NamedTuple):
    time_s: np.ndarray
    current_a: np.ndarray
    voltage_v: np.ndarray
    temperature_c: np.ndarray
    moved_ah: np.ndarray
    open_ah: np.ndarray


class Points(_Samples):
    """Samples of one test in order of time, shape (n,) each; positive current charges, NaN is unknown.

    moved_ah is the charge since the sample before, open_ah what may have flowed besides while nothing was
    recorded (infinite without limit): the estimate of the record's reader.
    """

    def __new__(
        cls,
        time_s: np.ndarray,
        current_a: np.ndarray,
        voltage_v: np.ndarray,
        temperature_c: np.ndarray,
        moved_ah: np.ndarray | None = None,
        open_ah: np.ndarray | None = None,
    ) -> "Points":
        """Without an estimate of the charge it is that of trapezia, and nothing is open."""
        if moved_ah is None or open_ah is None:
            moved_ah = np.diff(charge_flown_ah(time_s, current_a), prepend=0.0)
            open_ah = np.zeros(moved_ah.size)
        return super().__new__(cls, time_s, current_a, voltage_v, temperature_c, moved_ah, open_ah)

    @classmethod
    def of(cls, points: pl.DataFrame) -> "Points":
        """From a frame with test_time_s, current_a, voltage_v and, as far as it has them, the others."""

        def column(name: str, absent: float = np.nan) -> np.ndarray:
            if name not in points.columns:
                return np.full(points.height, absent)
            return points[name].cast(pl.Float64).fill_null(absent).to_numpy()

        time_s, current_a, voltage_v, temperature_c = (
            column(name) for name in ("test_time_s", "current_a", "voltage_v", "temperature_c")
        )
        moved_ah = column("moved_ah")
        if np.isnan(moved_ah).any() or not moved_ah.size:
            return cls(time_s, current_a, voltage_v, temperature_c)
        open_ah = column("open_ah", np.inf if "open_ah" in points.columns else 0.0)
        return cls(time_s, current_a, voltage_v, temperature_c, moved_ah, open_ah)


def starts_of(points: Points, nominal_ah: float) -> np.ndarray:
    """Rows at which the cycles of a test begin, those behind gaps in its record too."""
    starts = cycle_starts(points.time_s, points.current_a, nominal_ah, moved_ah=points.moved_ah)
    hidden = hidden_starts(points.current_a, points.voltage_v, points.open_ah, nominal_ah)
    return np.union1d(starts, hidden).astype(np.int64)


def cycle_rows(
    points: Points,
    starts: np.ndarray,
    nominal_ah: float,
    cutoff_v: float | None = None,
    usual_end: bool = False,
) -> pl.DataFrame:
    """One row per cycle: cycle_index (from 1), start_row, start_s, end_s, the kernel's COLUMNS, efficiencies.

    `cutoff_v` is the protocol's end of discharge: charge drawn below it counts nowhere (a capacity is to a
    stated voltage); None counts to the last sample. A discharge that did not reach it, did not begin full or
    was not recorded has no capacity: no_capacity says why, drawn_ah is what it drew. With `usual_end` the
    cut-off is only a limit of the cell, and a discharge is whole that ends where the test's usually do.
    internal_resistance_mohm is dV/dI of the first step into
    discharge of at least C/5 between samples at most 35 s apart; resistance_step_s is how far apart they
    were, since slower samples show more of the polarisation. voltage_* are of the discharge, temperature_*
    of the whole cycle, means weighted by time. NULL where the cycle does not show a value.
    """
    ends = np.append(starts[1:], points.time_s.size)
    arrays = (np.ascontiguousarray(part, dtype=float) for part in points)
    time_s, current, volts, warm, moved, open_ah = arrays
    flow, to_v = flows(current, nominal_ah), np.nan if cutoff_v is None else float(cutoff_v)
    values = kernel.cycle_values(
        time_s, current, volts, warm, moved, flow, starts, ends, nominal_ah * STEP_SHARE, to_v
    )
    ends_seen = Seen(*kernel.cycle_ends(volts, open_ah, flow, starts, ends, to_v).T, *values[:, :2].T)
    frame = pl.DataFrame(
        {
            "cycle_index": np.arange(1, starts.size + 1),
            "start_row": starts,
            "start_s": points.time_s[starts],
            "end_s": points.time_s[np.maximum(ends - 1, starts)],
            **{name: values[:, k] for k, name in enumerate(kernel.COLUMNS)},
        }
    )
    frame = frame.with_columns(pl.col(*kernel.COLUMNS).fill_nan(None)).with_columns(
        drawn_ah=pl.col("discharge_capacity_ah"),
        no_capacity=pl.Series(no_capacity(ends_seen, nominal_ah, cutoff_v, usual_end), dtype=pl.String),
    )
    whole = pl.col("no_capacity").is_null()
    charged = pl.Series(ends_seen.open_charge_ah <= OPEN_SHARE * nominal_ah)
    return frame.with_columns(
        pl.when(whole).then(pl.col("discharge_capacity_ah", "discharge_energy_wh")),
        pl.when(charged).then(pl.col("charge_capacity_ah", "charge_energy_wh")),
    ).with_columns(
        coulombic_efficiency_pct=_ratio_pct("discharge_capacity_ah", "charge_capacity_ah", nominal_ah),
        energy_efficiency_pct=_ratio_pct("discharge_energy_wh", "charge_energy_wh", nominal_ah),
    )


def discharges(
    points: Points, starts: np.ndarray, nominal_ah: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voltage (V), charge drawn within its cycle (Ah) and cycle (from 0) at every discharging sample."""
    flow = flows(points.current_a, nominal_ah)
    cycle = cycle_of_rows(starts, flow.size)
    drawn = kernel.drawn_ah(np.ascontiguousarray(points.moved_ah), flow, cycle)
    on = (flow == kernel.DISCHARGE) & np.isfinite(points.voltage_v)
    return points.voltage_v[on], drawn[on], cycle[on]


def _ratio_pct(part: str, whole: str, nominal_ah: float) -> pl.Expr:
    """Percent; NULL where the cycle lacks one of the two, was hardly charged, or not from empty."""
    charged = pl.col("charge_capacity_ah") > CHARGED_SHARE * nominal_ah
    from_empty = pl.col("no_capacity").shift(1).is_in([NOT_TO_CUTOFF, NOT_RECORDED]).fill_null(False).not_()
    good = (pl.col(whole) > 0) & (pl.col(part) > 0) & charged & from_empty
    return pl.when(good).then(100.0 * pl.col(part) / pl.col(whole))
