"""Errors of state of charge by cell, for a model and for what it is held against."""

import numpy as np
import polars as pl

from battery_assets.learning.charge.series import Series


def by_cell(series: Series, soc: np.ndarray) -> pl.DataFrame:
    """cell_id, rows of known charge, soc_rmse, soc_mae (shares) of each cell that has any."""
    off = soc - series.soc
    rows = pl.DataFrame({"place": series.cell, "off": off}).filter(pl.col("off").is_finite())
    return (
        rows.group_by("place")
        .agg(rows=pl.len(), soc_rmse=(pl.col("off") ** 2).mean().sqrt(), soc_mae=pl.col("off").abs().mean())
        .sort("place")
        .with_columns(cell_id=pl.col("place").map_elements(lambda one: series.names[one], pl.String))
        .select("cell_id", "rows", "soc_rmse", "soc_mae")
    )


def overall(series: Series, soc: np.ndarray) -> dict[str, float]:
    """soc_rmse and soc_mae by row, and their means over cells, `_by_cell`."""
    each = by_cell(series, soc)
    if each.is_empty():
        return {}
    rows = each["rows"].to_numpy()
    rmse, mae = each["soc_rmse"].to_numpy(), each["soc_mae"].to_numpy()
    return {
        "soc_rmse": float(np.sqrt(np.average(rmse**2, weights=rows))),
        "soc_mae": float(np.average(mae, weights=rows)),
        "soc_rmse_by_cell": float(rmse.mean()),
        "soc_mae_by_cell": float(mae.mean()),
    }
