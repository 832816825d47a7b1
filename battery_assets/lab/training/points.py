"""Points of a lab's tests as even series with their labels of charge, on the sides of a split."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.lab.lives import month_tests, points_by_test, points_of
from battery_assets.lab.training.selection import BadSelection, refuse_missing, roles_of, version_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.charge.series import Piece, Series

_LABEL = ["ts", "session_id", "soc_coulomb_pct"]


@dataclass(frozen=True)
class Points:
    """Series by side, the number of each cell by its identifier, and sha256 of each partition read."""

    sides: "dict[str, Series]"
    roles: dict[int, str]
    numbers: dict[str, int]
    versions: dict[str, str]

    @property
    def version(self) -> str:
        """One checksum over all that was read."""
        return version_of(self.versions)


def series_of(
    warehouse: Warehouse, lab: str, asked: dict[str, list[int]] | None, step_s: float, every_side: bool = True
) -> Points:
    """Every test of a lab's cells, month by month. asked: numbers of cells by side; else the lab's own split.

    Raises BadSelection for a lab without points, and, with `every_side`, for a side without cells.
    """
    from battery_assets.learning.charge.series import Series

    units = warehouse.read(t.battery_unit, Part(site=lab)).collect()
    roles = roles_of(units, asked)
    numbers = dict(units.select("cell_id", "id").iter_rows())
    with warehouse.transaction() as connection:
        parts = registry.committed_parts(connection, t.timeseries_point, site=lab)
    pieces: dict[str, list[tuple[str, float, Piece]]] = {"train": [], "val": [], "test": []}
    held = _capacities(warehouse, lab)
    for row in parts:
        for test, piece in _of_month(warehouse, Part(site=lab, month=row.month), held, step_s):
            role = roles.get(numbers.get(test["cell_id"], -1))
            if role is not None:
                pieces[role].append((str(test["cell_id"]), float(test["nominal_capacity_ah"]), piece))
    if not any(pieces.values()):
        raise BadSelection(
            f"lab {lab} has no points of tests; next step: import files of cyclers, not tables"
        )
    if every_side:
        refuse_missing([role for role, there in pieces.items() if there])
    chosen = {number for number, role in roles.items() if role in pieces}
    return Points(
        {role: Series.of(there, step_s) for role, there in pieces.items()},
        {number: role for number, role in roles.items() if number in chosen},
        {str(cell): number for cell, number in numbers.items()},
        {f"timeseries_point {row.month}|{lab}": row.sha256 for row in parts},
    )


def _of_month(
    warehouse: Warehouse, part: Part, held: pl.DataFrame, step_s: float
) -> "Iterator[tuple[dict[str, Any], Piece]]":
    from battery_assets.learning.charge.series import pieces_of

    labels = warehouse.read(t.label_soc, part, _LABEL)
    for _, tests in points_by_test(warehouse, part, month_tests(warehouse, part)):
        named = [test["session_id"] for test, _ in tests]
        labelled = labels.filter(pl.col("session_id").cast(pl.String).is_in(named)).collect()
        of_test = labelled.with_columns(pl.col("session_id").cast(pl.String)).partition_by(
            "session_id", as_dict=True
        )
        for test, frame in tests:
            rows = frame.join(
                of_test[(test["session_id"],)].unique("ts", keep="first"), on="ts", how="left",
                maintain_order="left",
            )  # fmt: skip
            soc = rows["soc_coulomb_pct"].cast(pl.Float64).fill_null(np.nan).to_numpy() / 100.0
            capacity = _held_at(held, test, rows["ts"])
            for piece in pieces_of(
                points_of(frame), soc, float(test["nominal_capacity_ah"]), step_s, capacity
            ):
                yield test, piece


def _capacities(warehouse: Warehouse, lab: str) -> pl.DataFrame:
    """cell_id, ts (the end of a whole discharge) and the charge that it drew, by ts."""
    names = ["cell_id", "ended_at", "discharge_capacity_ah"]
    rows = warehouse.read(t.cycle, Part(site=lab), names).collect().drop_nulls("discharge_capacity_ah")
    return rows.select(
        pl.col("cell_id").cast(pl.String), ts="ended_at", ah=pl.col("discharge_capacity_ah").cast(pl.Float64)
    ).sort("ts")


def _held_at(held: pl.DataFrame, test: dict[str, Any], ts: pl.Series) -> np.ndarray:
    """What the cell held when it was last measured before each instant, a share of nominal; 1 before."""
    own = held.filter(cell_id=str(test["cell_id"])).select(pl.col("ts").cast(ts.dtype), "ah")
    nominal = float(test["nominal_capacity_ah"])
    asked = pl.DataFrame({"ts": ts}).with_row_index("place").sort("ts")
    last = asked.join_asof(own, on="ts", strategy="backward", allow_exact_matches=False).sort("place")
    return last["ah"].fill_null(nominal).to_numpy() / nominal
