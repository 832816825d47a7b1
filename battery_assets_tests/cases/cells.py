"""Cells whose files are read right and whose cycles, lives or models were wrong: what a lab's month says."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from battery_assets import tables as t
from battery_assets.actions.import_lab import land
from battery_assets.lab.intake import Entered, enter_new_tests
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.cases.record import FIRST_USE, Case, near
from battery_assets_tests.worlds.lab_files.taken_in import refuse

ONE_AH = {"nominal_capacity_ah": 1.0, "cutoff_voltage_v": 3.0, "timezone": "UTC"}
MONTH = Part("lab-u", "2023-11")
CAPACITY = "a discharge that did not reach its cut-off is no capacity"


@dataclass(frozen=True)
class Lab:
    """A lab's month that was run, and how another one is."""

    warehouse: Warehouse
    home: Path
    shared: Path
    run: Callable[[Warehouse, str, Part], object]

    def enter(self, part: Part, cells: dict[str, tuple[tuple[str, ...], dict]]) -> list[Entered]:
        """Take in files of cells: cell, its files below the test data, what is said of it."""
        landing = Landing(folder=str(self.home / "landing"))
        with self.warehouse.transaction() as connection:
            registry.put_site(connection, str(part.site), "lab-files", {})
        for cell, (files, terms) in cells.items():
            inside = "whole/" if len(files) > 1 else ""
            named = [(self.shared / name, f"{cell}/cycle_life/{inside}{Path(name).name}") for name in files]
            land(landing, str(part.site), named, terms)
        folder = self.home / "landing" / str(part.site)
        return list(enter_new_tests(self.warehouse, str(part.site), folder, {}, refuse))

    def rows(self, table, cell: str) -> pl.DataFrame:
        """Rows of a table of the month that are of a cell."""
        cells = self.warehouse.read(t.battery_cell, MONTH).collect()
        ids = cells.filter(cell_code=cell)["cell_id"]
        return self.warehouse.read(table, MONTH).collect().filter(pl.col("cell_id").is_in(ids.implode()))

    def cycles(self, cell: str) -> pl.DataFrame:
        return self.rows(t.cycle, cell).sort("cycle_index")

    def capacities(self, cell: str) -> list[float | None]:
        """Discharge capacity of each cycle, Ah; None where a cycle has none."""
        return self.cycles(cell)["discharge_capacity_ah"].cast(pl.Float64).to_list()

    def labels(self, cell: str) -> pl.DataFrame:
        """Rows of label_soh by capacity, in the order of their cycles."""
        return self.rows(t.label_soh, cell).filter(definition="capacity").sort("cycle_index")


def outage(lab: Lab) -> str:
    cycles, labels = lab.cycles("OUTAGE"), lab.labels("OUTAGE")
    assert cycles.filter(pl.col("no_capacity").is_not_null())["cycle_index"].to_list() == [12]
    assert cycles["no_capacity"][11] == "not to the cut-off"
    near(float(cycles["drawn_ah"][11]), 0.4, 0.01)
    known = [value for value in lab.capacities("OUTAGE") if value is not None]
    near(known[0], 0.997, 0.001)
    near(known[-1], 0.953, 0.001)
    assert labels["censoring"].unique().to_list() == ["right_censored"]
    assert labels["rul_cycles"].null_count() == labels.height == 29
    return "right_censored, no life; cycle 12 drew 0.4 Ah, not to the cut-off, and has no capacity"


def half_first(lab: Lab) -> str:
    assert lab.cycles("HALF")["no_capacity"].to_list() == ["not from full", *[None] * 29]
    assert lab.labels("HALF")["censoring"].unique().to_list() == ["right_censored"]
    trained = lab.warehouse.read(t.cycle_data, MONTH).collect()
    own = trained.filter(pl.col("cycle_id").is_in(lab.cycles("HALF")["cycle_id"].implode()))
    assert own["cycle_num"].min() == 2
    return "right_censored; cycle 1 has no capacity, not from full; cycles from 2 on are trained with"


def long_balanced(lab: Lab) -> str:
    found = lab.capacities("LONG")
    assert None not in found
    assert len(found) == 200
    return f"loaded, {len(found)} cycles with a capacity"


def step_counters(lab: Lab) -> str:
    found = lab.capacities("STEPS")[:12]
    features = lab.rows(t.cycle_feature, "STEPS").sort("cycle_index")
    efficiency = features["coulombic_efficiency_pct"].cast(pl.Float64).to_list()[1:12]
    for value in found:
        near(value, 1.0, 1e-6)
    for value in efficiency:
        near(value, 100.0, 1e-3)
    return f"{found[0]:.4f} Ah a discharge, efficiency {efficiency[0]:.1f} %"


def seam(lab: Lab) -> str:
    assert all(value is None or value < 1.0 for value in lab.capacities("SEAM"))
    assert lab.cycles("SEAM")["no_capacity"][5] == "not to the cut-off"
    [session] = lab.rows(t.test_session, "SEAM").to_dicts()
    assert "12,465,031 s later" in session["findings"]
    points = lab.warehouse.read(t.timeseries_point, MONTH).filter(
        pl.col("session_id") == session["session_id"]
    )
    second = points.filter(pl.col("source_file") == 1).collect()["ts"].min()
    assert second == datetime(2024, 4, 7, 22, 13, 20, tzinfo=UTC)
    return f"part2 from {second:%Y-%m-%dT%H:%M:%SZ}, told as 12,465,031 s later; no cycle over 1.0 Ah"


def nasa_records(lab: Lab) -> str:
    found = lab.capacities("RECORDS")
    assert len(found) == 8
    first, last = near(found[0], 1.83, 0.005), near(found[-1], 1.76, 0.005)
    assert lab.labels("RECORDS")["censoring"].unique().to_list() == ["right_censored"]
    return f"{len(found)} cycles of {first:.2f} to {last:.2f} Ah, right_censored"


def no_temperature(lab: Lab) -> str:
    part = Part("lab-n", "2023-11")
    files = sorted((lab.shared / FIRST_USE / "lab/no_temperature").glob("*.csv"))
    cells = {path.stem: ((str(path.relative_to(lab.shared)),), ONE_AH) for path in files}
    assert len(lab.enter(part, cells)) == 10
    assert lab.run(lab.warehouse, str(lab.home), part).success  # type: ignore[attr-defined]
    data = lab.warehouse.read(t.cycle_data, part).collect()
    assert data["feature_3"].null_count() == data.height > 0
    runs = {row["task"]: row for row in lab.warehouse.read(t.model_run, part).collect().to_dicts()}
    assert set(runs) == {"soh", "rul"}
    assert "feature_3" not in json.loads(runs["soh"]["hyperparameters_json"])["features"]
    assert lab.warehouse.read(t.prediction, part).collect().height > 0
    return "feature_3 is NULL; both models are trained without it, and predict"


CASES = (
    Case(FIRST_USE, "lab/outage.csv", CAPACITY, "right_censored; cycle 12 has no capacity", outage),
    Case(FIRST_USE, "lab/half_first.csv", CAPACITY, "right_censored; cycle 1 has no capacity", half_first),
    Case(FIRST_USE, "lab/long_balanced.csv", "swing is held against the integral's own error",
         "loaded, 200 cycles", long_balanced),
    Case(FIRST_USE, "lab/discharge_only_nasa.csv", "records of discharges are cycles",
         "8 cycles of 1.83 to 1.76 Ah, right-censored", nasa_records),
    Case(FIRST_USE, "lab/step_counters.csv", "counters that begin anew",
         "1.0000 Ah a discharge, efficiency 100.0 %", step_counters),
    Case(FIRST_USE, "lab/seam", "files of one test join by their own clocks",
         "part2 from 2024-04-07T22:13:20Z; no cycle over 1.0 Ah; a finding on the gap", seam),
    Case(FIRST_USE, "lab/no_temperature", "what no cell logs is not trained with",
         "training without the temperature, or feature_3 is NULL", no_temperature),
)  # fmt: skip
