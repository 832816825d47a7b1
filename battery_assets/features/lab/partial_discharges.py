"""The first part of each discharge of a test as a curve of one length: volts and amperes by charge drawn."""

import numpy as np
import polars as pl

from battery_assets.features.lab.cycle_kernels import DISCHARGE
from battery_assets.features.lab.cycles import charge_flown_ah, flows

# At least so many samples lie within what is seen.
LEAST_SAMPLES = 6
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "cycle_id": pl.String, "drawn_share": pl.Float64, "samples": pl.Int64,
    "waveform_v": pl.List(pl.Float32), "waveform_a": pl.List(pl.Float32),
}  # fmt: skip


def partial_discharges(
    points: pl.DataFrame, cycles: pl.DataFrame, nominal_ah: float, share: float, count: int
) -> pl.DataFrame:
    """A row for each cycle with a discharge: its voltage and current at `count` shares of nominal, evenly
    spaced up to `share`. drawn_share: what it drew in all; samples: how many lie within what is seen.

    points: a test in order of time: ts, voltage_v, current_a, correction_ah, open_ah. cycles: cycle_id,
    started_at, ended_at of that test. Between samples a curve is a straight line.
    """
    measured = points.filter(pl.col("voltage_v").is_not_null(), pl.col("current_a").is_not_null())
    at = measured["ts"].dt.timestamp("us").to_numpy()
    volts, amps = (measured[name].cast(pl.Float64).to_numpy() for name in ("voltage_v", "current_a"))
    moved = _moved_ah(measured, at / 1e6, amps)
    draws = flows(amps, nominal_ah) == DISCHARGE
    grid = (np.arange(count) + 0.5) * share / count
    rows = []
    for cycle, start, end in cycles.select(
        "cycle_id", pl.col("started_at", "ended_at").dt.timestamp("us")
    ).iter_rows():
        first, last = np.searchsorted(at, [start, end + 1]).tolist()
        mine = slice(first, last)
        on = draws[mine]
        if not on.any():
            continue
        drawn = np.maximum.accumulate(np.cumsum(-moved[mine][on])) / nominal_ah
        rows_drawn = int((drawn <= share).sum())
        rows.append((
            cycle, float(drawn[-1]), rows_drawn,
            np.interp(grid, drawn, volts[mine][on]).tolist(), np.interp(grid, drawn, amps[mine][on]).tolist(),
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _moved_ah(points: pl.DataFrame, time_s: np.ndarray, amps: np.ndarray) -> np.ndarray:
    """Charge since the sample before, (n,): the trapezium, and what the record's reader knows beyond it."""
    moved = np.diff(charge_flown_ah(time_s, amps), prepend=0.0)
    correction, gap = (points[name].cast(pl.Float64).to_numpy() for name in ("correction_ah", "open_ah"))
    read = np.isfinite(correction)
    return np.where(read, np.where(gap == 0, moved, 0.0) + np.nan_to_num(correction), moved)
