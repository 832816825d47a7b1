"""The first minutes of discharges as curves of one length, and how each discharge ended."""

import numpy as np
import polars as pl

# Under load is what draws half of the discharge's usual current.
LOADED_SHARE = 0.5
# At least so much of a curve's samples must be there, spread over it.
LEAST_SAMPLES = 6
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "string_id": pl.String, "battery_id": pl.String, "window_start": pl.Datetime("us", "UTC"),
    "minutes": pl.Float64, "last_v": pl.Float64, "samples": pl.Int64,
    "waveform_v": pl.List(pl.Float32), "waveform_a": pl.List(pl.Float32),
}  # fmt: skip


def curves(windows: pl.DataFrame, seen_min: float, points: int) -> pl.DataFrame:
    """A row for each jar of each discharge: the first `seen_min` minutes at `points` instants, and its end.

    windows: as `discharges.day_windows` gives them. minutes: how long the jar was seen under load; last_v:
    its voltage then; samples: how many the curve was made from. Between samples it is a straight line.
    """
    if windows.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    event = ["string_id", "window_start"]
    usual = pl.col("current_a").median().over(event)
    loaded = windows.filter(pl.col("current_a") <= LOADED_SHARE * usual).with_columns(
        second=(pl.col("ts") - pl.col("window_start")).dt.total_microseconds() / 1e6
    )
    grid = (np.arange(points) + 0.5) * seen_min * 60 / points
    rows = []
    for (string, start, jar), mine in loaded.sort("ts").partition_by(
        *event, "battery_id", as_dict=True, maintain_order=True
    ).items():  # fmt: skip
        second, volts, amps = (mine[name].to_numpy() for name in ("second", "voltage_v", "current_a"))
        rows.append((
            string, jar, start, float(second[-1] / 60), float(volts[-1]), int((second <= grid[-1]).sum()),
            np.interp(grid, second, volts).tolist(), np.interp(grid, second, amps).tolist(),
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
