"""What several assets of the lab need: the tests of a month with their cells, and the points of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.lab.cycle_rows import Points

POINT_COLUMNS = ["ts", "session_id", "voltage_v", "current_a", "temperature_c", "correction_ah", "open_ah"]
_DIGITS = 1e-9
# Tests that show a cell without wearing it out: their cycles are no cycles of its life.
NOT_AGEING = ("characterisation", "capacity_check", "ocv", "hppc", "rate_test")


def month_tests(warehouse: Warehouse, part: Part) -> dict[str, dict[str, Any]]:
    """The tests of a month by session_id: test_session's columns and the cell's code, capacity and limits.

    `cutoff_v` is the end of discharge that capacities count to: the protocol's, else the cell's own lowest;
    `usual_end` says that it is the latter, to which no protocol need go.
    """
    cells = warehouse.read(
        t.battery_cell,
        Part(site=part.site),
        ["cell_id", "cell_code", "nominal_capacity_ah", "voltage_min_v", "end_of_life_pct"],
    ).collect()
    rows = warehouse.read(t.test_session, part).collect().join(cells, on="cell_id", how="left")
    rows = rows.with_columns(
        cutoff_v=pl.coalesce("cutoff_voltage_v", "voltage_min_v"),
        usual_end=pl.col("cutoff_voltage_v").is_null(),
    )
    return {row["session_id"]: row for row in rows.to_dicts()}


def points_by_test(
    warehouse: Warehouse, part: Part, tests: dict[str, dict[str, Any]]
) -> Iterator[tuple[date, list[tuple[dict[str, Any], pl.DataFrame]]]]:
    """Piece by piece, with the day on which its tests began: each test with its points, POINT_COLUMNS.

    A piece is a file of the lake. It holds tests whole, and no more of them than `points_by_day` puts
    together, however many began on that day.
    """
    for day, rows in warehouse.pieces(t.timeseries_point, part, POINT_COLUMNS):
        parts = rows.with_columns(pl.col("session_id").cast(pl.String)).partition_by(
            "session_id", as_dict=True, maintain_order=True
        )
        yield day, [(tests[key], frame) for (key,), frame in parts.items() if key in tests]


def points_of(frame: pl.DataFrame) -> "Points":
    """The arrays of a test's points; time is told from the stamps, which are exact."""
    from battery_assets.features.lab.cycle_rows import Points
    from battery_assets.ingest.lab.reconcile.integrals import flow_between

    rows = frame.with_columns(test_time_s=_seconds())
    if "correction_ah" in rows.columns and not rows["correction_ah"].null_count():
        return Points.of(rows.with_columns(moved_ah=trapezia_ah() + pl.col("correction_ah").cast(pl.Float64)))
    # Rows that no reader has estimated: made up, or stored before points carried their charge.
    time_s, current_a, voltage_v = (
        rows[name].cast(pl.Float64).to_numpy() for name in ("test_time_s", "current_a", "voltage_v")
    )
    flow = flow_between(time_s, current_a, voltage_v)
    return Points.of(rows.with_columns(moved_ah=pl.Series(flow.ah), open_ah=pl.Series(flow.open_ah)))


def trapezia_ah() -> pl.Expr:
    """Charge since the sample before by ts and current_a of a test's rows; 0 where open_ah says it is open.

    What the reader of a record knows besides is stored as a correction, so that the digits of the current
    remain those of the charge.
    """
    current = pl.col("current_a").cast(pl.Float64).fill_null(0.0)
    ah = (current + current.shift(1)) / 2 * _seconds().diff() / 3600.0
    return pl.when((pl.col("open_ah") == 0).fill_null(False)).then(ah).fill_null(0.0)


def beyond_trapezia_ah() -> pl.Expr:
    """What moved_ah says beyond `trapezia_ah`; 0 within the digits of a float."""
    beyond = pl.col("moved_ah") - trapezia_ah()
    return pl.when(beyond.abs() > _DIGITS * pl.col("moved_ah").abs()).then(beyond).otherwise(0.0)


def _seconds() -> pl.Expr:
    return (pl.col("ts") - pl.col("ts").first()).dt.total_microseconds() / 1e6


@dataclass(frozen=True)
class Lives:
    """Features of all ageing cycles of a lab, the cells they belong to, and the tests that began this month.

    features: rows of cycle_feature with life_index, the cycle's number within its cell's life: the tests of
    one cell follow each other by their start.
    """

    features: pl.DataFrame
    cells: pl.DataFrame
    began: pl.Series

    @classmethod
    def of(cls, warehouse: Warehouse, part: Part) -> "Lives":
        """Every month of the lab, since a life may run through several of them."""
        everything = Part(site=part.site)
        sessions = warehouse.read(t.test_session, everything).collect()
        ageing = sessions.filter(~pl.col("protocol").str.to_lowercase().is_in(NOT_AGEING))
        features = warehouse.read(t.cycle_feature, everything).collect()
        dated = features.join(ageing.select("session_id", "started_at"), on="session_id", how="inner")
        numbered = dated.sort("cell_id", "started_at", "session_id", "cycle_index").with_columns(
            life_index=pl.int_range(1, pl.len() + 1).over("cell_id")
        )
        in_month = (pl.col("started_at") >= part.start) & (pl.col("started_at") < part.end)
        cells = warehouse.read(t.battery_cell, everything).collect()
        return cls(numbered, cells, sessions.filter(in_month)["session_id"])

    def of_month(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose test began this month, without the column that says so."""
        return rows.filter(pl.col("session_id").is_in(self.began.implode())).drop("session_id")


def training_frame(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """The lab's training table up to a month, with soh_pct and the cell_id and group_tag of each row."""
    upto = str(part.month)
    lab = Part(site=part.site)
    rows = warehouse.read(t.cycle_data, lab, where=t.cycle_data.c.month <= upto).collect()
    units = warehouse.read(t.battery_unit, lab, where=t.battery_unit.c.month <= upto).collect()
    named = units.select("cell_id", "group_tag", battery_id="id")
    return rows.join(named, on="battery_id", how="inner").with_columns(soh_pct=100.0 * (1.0 - pl.col("pcl")))
