"""Rows of the lab's tables from the points of its tests and the features of its cells.

`test` is a row of test_session with cell_code, nominal_capacity_ah and cutoff_v; `first` the instant of its
first point. `lives` are rows of cycle_feature with life_index, the cycle's number within the cell's life.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from battery_assets.features.lab.cycle_features import cycle_features
from battery_assets.features.lab.cycle_rows import Points, cycle_rows, discharges, starts_of
from battery_assets.features.lab.incremental_capacity import incremental_capacity, voltage_grid
from battery_assets.features.lab.labels import END_OF_LIFE, EndOfLife, soh_labels
from battery_assets.features.lab.training_table import cycle_data
from battery_assets.tables.identity import identity

# Shares of train, val and test; a cell is on the side that its own identifier says, whatever else is there.
SPLIT = (("train", 0.60), ("val", 0.80), ("test", 1.00))
CYCLE_COLUMNS = (
    "cycle_id", "session_id", "cell_id", "cycle_index", "started_at", "ended_at", "points_count",
    "charge_capacity_ah", "discharge_capacity_ah", "drawn_ah", "no_capacity", "charge_time_s",
    "discharge_time_s", "current_max_a",
)  # fmt: skip
NOT_FEATURES = ("start_row", "start_s", "end_s")


def cycle_table(test: dict[str, Any], points: Points, first: datetime) -> pl.DataFrame:
    """Rows of cycle of one test."""
    starts = _starts(test, points)
    rows = cycle_rows(points, starts, test["nominal_capacity_ah"], *_end(test))
    stamp = pl.lit(first).dt.cast_time_unit("us")
    counts = np.diff(np.append(starts, points.time_s.size))
    return _of_test(rows, test).select(
        pl.Series(CYCLE_COLUMNS[0], _cycle_ids(test, rows)),
        *CYCLE_COLUMNS[1:4],
        started_at=stamp + pl.duration(microseconds=(pl.col("start_s") * 1e6).round()),
        ended_at=stamp + pl.duration(microseconds=(pl.col("end_s") * 1e6).round()),
        points_count=pl.Series(counts),
        **{name: pl.col(name) for name in CYCLE_COLUMNS[7:]},
    )


def feature_table(test: dict[str, Any], points: Points) -> pl.DataFrame:
    """Rows of cycle_feature of one test."""
    rows = cycle_features(points, _starts(test, points), test["nominal_capacity_ah"], *_end(test))
    ids = _cycle_ids(test, rows)
    return _of_test(rows.drop(NOT_FEATURES), test).with_columns(
        pl.Series("cycle_id", ids),
        pl.Series("feature_id", [identity("cycle_feature", one) for one in ids]),
    )


def voltage_curves(test: dict[str, Any], points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voltage, charge drawn and cycle (from 0) of every discharging sample of a test."""
    return discharges(points, _starts(test, points), test["nominal_capacity_ah"])


def incremental_curves(test: dict[str, Any], points: Points) -> tuple[np.ndarray, np.ndarray]:
    """Grid of voltages and dQ/dV of each discharge of a test, (bins,) and (cycles, bins)."""
    starts = _starts(test, points)
    volts, drawn, cycle = discharges(points, starts, test["nominal_capacity_ah"])
    if not volts.size:
        return np.zeros(0), np.zeros((starts.size, 0))
    grid = voltage_grid(float(volts.min()), float(volts.max()))
    return grid, incremental_capacity(volts, drawn, cycle, starts.size, grid)


def soh_table(lives: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Rows of label_soh of every cell, with session_id."""
    rows = [
        soh_labels(_numbered(life), nominal, end)
        .join(
            life.select("life_index", "cycle_id", "session_id"), left_on="cycle_index", right_on="life_index"
        )
        .with_columns(cell_id=pl.lit(cell_id))
        for cell_id, nominal, end, life in _by_cell(lives, cells)
    ]
    if not rows:
        return pl.DataFrame(schema={"session_id": pl.String})
    table = pl.concat(rows)
    names = table.select("cycle_id", "definition", "version").iter_rows()
    return table.with_columns(label_id=pl.Series([identity("label_soh", *name) for name in names]))


def unit_table(lives: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Rows of battery_unit of every cell with a life, with the session_id of its first ageing test."""
    rows = [
        {
            "unit_id": identity("battery_unit", cell_id),
            "cell_id": cell_id,
            "id": unit_number(cell_id),
            "group_tag": side_of(cell_id),
            "total_cycles": life.height,
            "nominal_capacity": nominal,
            "session_id": life["session_id"][0],
        }
        for cell_id, nominal, _, life in _by_cell(lives, cells)
    ]
    return pl.DataFrame(rows) if rows else pl.DataFrame(schema={"session_id": pl.String})


def training_rows(lives: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Rows of cycle_data of every cell, with session_id."""
    rows = []
    for cell_id, nominal, end, life in _by_cell(lives, cells):
        number = unit_number(cell_id)
        rows.append(
            cycle_data(_numbered(life), nominal, end)
            .join(
                life.select("life_index", "cycle_id", "session_id"),
                left_on="cycle_num",
                right_on="life_index",
            )
            .with_columns(battery_id=pl.lit(number), id=pl.lit(number * 4_000_000) + pl.col("cycle_num"))
        )
    if not rows:
        return pl.DataFrame(schema={"session_id": pl.String})
    rows_joined = pl.concat(rows)
    return rows_joined.with_columns(
        row_id=pl.Series([identity("cycle_data", one) for one in rows_joined["cycle_id"]])
    )


def unit_number(cell_id: str) -> int:
    """A whole number for a cell, made of its identifier: below 2^31, the same in every run."""
    return int(hashlib.sha256(cell_id.encode()).hexdigest()[:8], 16) >> 1


def side_of(cell_id: str) -> str:
    """Side of the split a cell is on: its own identifier decides, so that no later cell moves it."""
    place = int(hashlib.sha256(f"split|{cell_id}".encode()).hexdigest()[:8], 16) / 2**32
    return next(side for side, upto in SPLIT if place < upto)


def _by_cell(
    lives: pl.DataFrame, cells: pl.DataFrame
) -> Iterator[tuple[str, float, EndOfLife, pl.DataFrame]]:
    """Each cell with its nominal capacity, its end of life and its cycles."""
    records = {row["cell_id"]: row for row in cells.to_dicts()}
    for (cell_id,), life in lives.partition_by("cell_id", as_dict=True, maintain_order=True).items():
        cell = records[cell_id]
        yield str(cell_id), cell["nominal_capacity_ah"], EndOfLife.at(cell.get(END_OF_LIFE)), life


def _numbered(life: pl.DataFrame) -> pl.DataFrame:
    return life.drop("cycle_index").rename({"life_index": "cycle_index"})


def _starts(test: dict[str, Any], points: Points) -> np.ndarray:
    return starts_of(points, test["nominal_capacity_ah"])


def _end(test: dict[str, Any]) -> tuple[float | None, bool]:
    """The end of discharge, and whether it is only the cell's limit, not the protocol's cut-off."""
    return test["cutoff_v"], test.get("usual_end", False)


def _of_test(rows: pl.DataFrame, test: dict[str, Any]) -> pl.DataFrame:
    return rows.with_columns(session_id=pl.lit(test["session_id"]), cell_id=pl.lit(test["cell_id"]))


def _cycle_ids(test: dict[str, Any], rows: pl.DataFrame) -> list[str]:
    return [identity("cycle", test["session_id"], index) for index in rows["cycle_index"]]
