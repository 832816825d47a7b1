"""Every case that is a cell gives its right value at the end of a lab's month, and real records beside them."""

from collections.abc import Iterator

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.lab.lives import month_tests, points_by_test, points_of
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.cases.cells import CASES, MONTH, ONE_AH, Lab
from battery_assets_tests.cases.record import Case
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.lab.test_lab_month import run

LATER = {"started_at": "2023-11-20T08:00"}
NASA = {"nominal_capacity_ah": 2.0, "cutoff_voltage_v": 2.7, **LATER}
OWN = "cases_first_use/lab"
# Cell: its files, and what is told of it.
CELLS: dict[str, tuple[tuple[str, ...], dict]] = {
    "OUTAGE": ((f"{OWN}/outage.csv",), ONE_AH),
    "HALF": ((f"{OWN}/half_first.csv",), ONE_AH),
    "LONG": ((f"{OWN}/long_balanced.csv",), ONE_AH),
    "STEPS": ((f"{OWN}/step_counters.csv",), {**ONE_AH, "cutoff_voltage_v": 2.9}),
    "SEAM": ((f"{OWN}/seam/part1.csv", f"{OWN}/seam/part2.csv"), ONE_AH),
    "RECORDS": ((f"{OWN}/discharge_only_nasa.csv",), {"nominal_capacity_ah": 1.9, **LATER}),
    "B0005": (("nasa_pcoe/B0005.csv.gz",), {**NASA, "end_of_life_pct": 70}),
    "B0018": (("nasa_pcoe/B0018.csv.gz",), NASA),
    "GAP": (("cases_files/recording_gap.bdf.csv",), {"nominal_capacity_ah": 1.0, "timezone": "UTC", **LATER}),
}


@pytest.fixture(scope="module")
def lab(migrated_url, tmp_path_factory, shared_data) -> Iterator[Lab]:
    """A lab that took in the cells, its month run."""
    home = tmp_path_factory.mktemp("first")
    with copied_database(migrated_url) as url:
        made = Lab(Warehouse(database_url=url, lake_url=str(home / "lake")), home, shared_data, run)
        found = made.enter(MONTH, CELLS)
        assert {(one.status, one.month) for one in found} == {("accepted", "2023-11")}, found
        result = run(made.warehouse, str(home), MONTH)
        assert result.success
        assert all(one.passed for one in result.get_asset_check_evaluations())
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cell_gives_its_right_value(case: Case, lab, shown):
    shown(case, case.check(lab))


@pytest.mark.parametrize(("cell", "discharges", "life"), [("B0005", 168, 125), ("B0018", 132, 59)])
def test_real_records_end_where_the_criterion_of_their_cell_says(lab, cell, discharges, life):
    """B0005 at NASA's 1.4 Ah; B0018 at 80 %, below which it dips once, in cycle 45, before it gets there."""
    found = lab.capacities(cell)
    assert len(found) == discharges
    assert None not in found
    labels = lab.labels(cell)
    assert labels["life_cycles"].unique().to_list() == [life]
    ends = {"B0005": 0.70, "B0018": 0.80}
    assert labels["end_of_life"].cast(pl.Float64).unique().to_list() == pytest.approx([ends[cell]])


def test_a_gap_after_a_discharge_is_no_part_of_it(lab):
    assert lab.capacities("GAP")[0] == pytest.approx(1.0, abs=1e-6)
    assert float(lab.labels("GAP")["soh_pct"][0]) == pytest.approx(100.0, abs=0.01)


def test_what_is_stored_of_the_charge_is_what_was_read(lab):
    for _, tests in points_by_test(lab.warehouse, MONTH, month_tests(lab.warehouse, MONTH)):
        for test, frame in tests:
            points = points_of(frame)
            if test["cell_code"] == "STEPS":
                assert points.moved_ah.clip(max=0).sum() == pytest.approx(-12.0, abs=1e-6)
            if test["cell_code"] == "RECORDS":
                assert (points.open_ah == float("inf")).sum() == 7


def test_the_month_holds_every_cell(lab):
    assert set(lab.warehouse.read(t.battery_cell, MONTH).collect()["cell_code"]) == set(CELLS)
