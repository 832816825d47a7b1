"""What a reading's discharges gave, so that readers can be held against what publishers state."""

import polars as pl

from battery_assets.ingest.lab.reconcile.integrals import ah_steps


def discharge_capacities(points: pl.DataFrame, cut_off_v: float | None = None) -> pl.DataFrame:
    """Ah taken out in each cycle of the file, as `cycle_count`, `discharge_ah`; charging does not count.

    With a cut-off voltage the discharge ends with the first row below it, as capacities of cells that are
    discharged to different depths are compared (NASA's records: 2.7 V).
    """
    steps = pl.Series("ah", -ah_steps(points)).clip(lower_bound=0.0)
    frame = points.select("cycle_count", "voltage_v").with_columns(steps)
    if cut_off_v is not None:
        below = (pl.col("voltage_v") < cut_off_v).cast(pl.Int64)
        ended = below.cum_sum().over("cycle_count") - below > 0
        frame = frame.filter(~ended)
    return frame.group_by("cycle_count", maintain_order=True).agg(pl.col("ah").sum().alias("discharge_ah"))
