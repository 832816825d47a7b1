"""What a first user's files say at the end of a lab's month: capacities, lives, cycles and instants."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions.import_lab import land
from battery_assets.lab.intake import enter_new_tests
from battery_assets.lab.lives import month_tests, points_by_test, points_of
from battery_assets.lab.sensors import waiting
from battery_assets.lab.sessions import sessions_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.lab.test_lab_month import run
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points
from battery_assets_tests.worlds.lab_files.taken_in import TERMS, refuse, write_bdf

MONTH = Part("lab-u", "2023-11")
ONE_AH = {"nominal_capacity_ah": 1.0, "cutoff_voltage_v": 3.0, "timezone": "UTC"}
LATER = {"started_at": "2023-11-20T08:00"}
NASA = {"nominal_capacity_ah": 2.0, "cutoff_voltage_v": 2.7, **LATER}
CASES = "cases_first_use/lab"
# Cell: its files, and what is told of it.
CELLS: dict[str, tuple[tuple[str, ...], dict]] = {
    "OUTAGE": ((f"{CASES}/outage.csv",), ONE_AH),
    "HALF": ((f"{CASES}/half_first.csv",), ONE_AH),
    "LONG": ((f"{CASES}/long_balanced.csv",), ONE_AH),
    "STEPS": ((f"{CASES}/step_counters.csv",), {**ONE_AH, "cutoff_voltage_v": 2.9}),
    "SEAM": ((f"{CASES}/seam/part1.csv", f"{CASES}/seam/part2.csv"), ONE_AH),
    "RECORDS": ((f"{CASES}/discharge_only_nasa.csv",), {"nominal_capacity_ah": 1.9, **LATER}),
    "B0005": (("nasa_pcoe/B0005.csv.gz",), {**NASA, "end_of_life_pct": 70}),
    "B0018": (("nasa_pcoe/B0018.csv.gz",), NASA),
    "GAP": (("cases_files/recording_gap.bdf.csv",), {"nominal_capacity_ah": 1.0, "timezone": "UTC", **LATER}),
}


@pytest.fixture(scope="module")
def first_use(migrated_url, tmp_path_factory, shared_data: Path):
    """A lab that took in the cells, its month run."""
    home = tmp_path_factory.mktemp("first")
    landing = Landing(folder=str(home / "landing"))
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(home / "lake"))
        with warehouse.transaction() as connection:
            registry.put_site(connection, str(MONTH.site), "lab-files", {})
        for cell, (files, terms) in CELLS.items():
            inside = "whole/" if len(files) > 1 else ""
            named = [(shared_data / name, f"{cell}/cycle_life/{inside}{Path(name).name}") for name in files]
            land(landing, str(MONTH.site), named, terms)
        folder = home / "landing" / str(MONTH.site)
        found = list(enter_new_tests(warehouse, str(MONTH.site), folder, {}, refuse))
        assert {(one.status, one.month) for one in found} == {("accepted", "2023-11")}, found
        result = run(warehouse, str(home), MONTH)
        assert result.success
        assert all(one.passed for one in result.get_asset_check_evaluations())
        yield warehouse


def test_a_lab_that_logs_no_temperature_trains_without_it(warehouse, tmp_path, shared_data):
    part, landing = Part("lab-n", "2023-11"), Landing(folder=str(tmp_path / "landing"))
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    files = sorted((shared_data / CASES / "no_temperature").glob("*.csv"))
    named = [(path, f"{path.stem}/cycle_life/{path.name}") for path in files]
    land(landing, str(part.site), named, ONE_AH)
    folder = tmp_path / "landing" / str(part.site)
    assert len(list(enter_new_tests(warehouse, str(part.site), folder, {}, refuse))) == 10
    assert run(warehouse, str(tmp_path), part).success
    data = warehouse.read(t.cycle_data, part).collect()
    assert data["feature_3"].null_count() == data.height > 0
    runs = {row["task"]: row for row in warehouse.read(t.model_run, part).collect().to_dicts()}
    assert set(runs) == {"soh", "rul"}
    assert "feature_3" not in json.loads(runs["soh"]["hyperparameters_json"])["features"]
    assert warehouse.read(t.prediction, part).collect().height > 0


def rows_of(warehouse: Warehouse, table, cell: str) -> pl.DataFrame:
    cells = warehouse.read(t.battery_cell, MONTH).collect()
    ids = cells.filter(cell_code=cell)["cell_id"]
    return warehouse.read(table, MONTH).collect().filter(pl.col("cell_id").is_in(ids.implode()))


def cycles_of(warehouse: Warehouse, cell: str) -> pl.DataFrame:
    return rows_of(warehouse, t.cycle, cell).sort("cycle_index")


def capacities(warehouse: Warehouse, cell: str) -> list[float | None]:
    return cycles_of(warehouse, cell)["discharge_capacity_ah"].cast(pl.Float64).to_list()


def labels_of(warehouse: Warehouse, cell: str) -> pl.DataFrame:
    labels = rows_of(warehouse, t.label_soh, cell).filter(definition="capacity")
    return labels.sort("cycle_index")


def test_an_outage_is_no_end_of_life(first_use):
    cycles, labels = cycles_of(first_use, "OUTAGE"), labels_of(first_use, "OUTAGE")
    assert cycles.filter(pl.col("no_capacity").is_not_null())["cycle_index"].to_list() == [12]
    assert cycles["no_capacity"][11] == "not to the cut-off"
    assert float(cycles["drawn_ah"][11]) == pytest.approx(0.4, abs=0.01)
    known = [value for value in capacities(first_use, "OUTAGE") if value is not None]
    assert (known[0], known[-1]) == pytest.approx((0.997, 0.953), abs=0.001)
    assert labels["censoring"].unique().to_list() == ["right_censored"]
    assert labels["rul_cycles"].null_count() == labels.height == 29


def test_a_cell_that_came_half_charged_is_kept(first_use):
    assert cycles_of(first_use, "HALF")["no_capacity"].to_list() == ["not from full", *[None] * 29]
    assert labels_of(first_use, "HALF")["censoring"].unique().to_list() == ["right_censored"]
    trained = first_use.read(t.cycle_data, MONTH).collect()
    own = trained.filter(pl.col("cycle_id").is_in(cycles_of(first_use, "HALF")["cycle_id"].implode()))
    assert own["cycle_num"].min() == 2


def test_a_long_balanced_test_has_all_its_cycles(first_use):
    assert len(capacities(first_use, "LONG")) == 200
    assert None not in capacities(first_use, "LONG")


def test_step_counters_give_the_capacity_and_the_efficiency(first_use):
    assert capacities(first_use, "STEPS")[:12] == pytest.approx([1.0] * 12, abs=1e-6)
    features = rows_of(first_use, t.cycle_feature, "STEPS").sort("cycle_index")
    assert features["coulombic_efficiency_pct"].cast(pl.Float64).to_list()[1:12] == pytest.approx(
        [100.0] * 11
    )


def test_records_of_discharges_are_cycles(first_use):
    found = capacities(first_use, "RECORDS")
    assert len(found) == 8
    assert (found[0], found[-1]) == pytest.approx((1.83, 1.76), abs=0.005)
    assert labels_of(first_use, "RECORDS")["censoring"].unique().to_list() == ["right_censored"]


@pytest.mark.parametrize(("cell", "discharges", "life"), [("B0005", 168, 125), ("B0018", 132, 59)])
def test_real_records_end_where_the_criterion_of_their_cell_says(first_use, cell, discharges, life):
    """B0005 at NASA's 1.4 Ah; B0018 at 80 %, below which it dips once, in cycle 45, before it gets there."""
    found = capacities(first_use, cell)
    assert len(found) == discharges
    assert None not in found
    labels = labels_of(first_use, cell)
    assert labels["life_cycles"].unique().to_list() == [life]
    ends = {"B0005": 0.70, "B0018": 0.80}
    assert labels["end_of_life"].cast(pl.Float64).unique().to_list() == pytest.approx([ends[cell]])


def test_two_files_stand_at_their_own_clocks_and_their_discharges_apart(first_use):
    found = capacities(first_use, "SEAM")
    assert all(value is None or value < 1.0 for value in found)
    assert cycles_of(first_use, "SEAM")["no_capacity"][5] == "not to the cut-off"
    [session] = rows_of(first_use, t.test_session, "SEAM").to_dicts()
    assert "12,465,031 s later" in session["findings"]
    points = first_use.read(t.timeseries_point, MONTH).filter(pl.col("session_id") == session["session_id"])
    second = points.filter(pl.col("source_file") == 1).collect()["ts"].min()
    assert second == datetime(2024, 4, 7, 22, 13, 20, tzinfo=UTC)


def test_a_gap_after_a_discharge_is_no_part_of_it(first_use):
    assert capacities(first_use, "GAP")[0] == pytest.approx(1.0, abs=1e-6)
    labels = labels_of(first_use, "GAP")
    assert float(labels["soh_pct"][0]) == pytest.approx(100.0, abs=0.01)


def test_what_is_stored_of_the_charge_is_what_was_read(first_use):
    for _, tests in points_by_test(first_use, MONTH, month_tests(first_use, MONTH)):
        for test, frame in tests:
            points = points_of(frame)
            if test["cell_code"] == "STEPS":
                assert points.moved_ah.clip(max=0).sum() == pytest.approx(-12.0, abs=1e-6)
            if test["cell_code"] == "RECORDS":
                assert (points.open_ah == float("inf")).sum() == 7


def test_an_end_of_life_that_is_no_percentage_is_refused_with_the_file_to_correct(warehouse, tmp_path):
    part = Part("lab-e", "2024-03")
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    folder = tmp_path / "landing" / str(part.site)
    path = write_bdf(tmp_path / "C1.csv", life_points(cycles=2))
    book = folder / "C1" / "cell.json"
    named = [(path, "C1/cycle_life/C1.csv")]
    land(Landing(folder=str(folder.parent)), str(part.site), named, {**TERMS, "end_of_life_pct": 0.75})
    defaults = {"end_of_life_pct": 90}
    [found] = enter_new_tests(warehouse, str(part.site), folder, defaults, refuse)
    assert found.status == "accepted", "what the cell says goes before what its lab says"
    book.write_text(json.dumps({"nominal_capacity_ah": NOMINAL_AH, "end_of_life_pct": 250}))
    [found] = enter_new_tests(warehouse, str(part.site), folder, defaults, refuse)
    assert found.status == "refused"
    assert "end_of_life_pct: 250 is no percentage" in found.reason
    assert "C1/cell.json" in found.reason


def test_terms_that_are_told_later_take_the_place_of_the_first(warehouse, tmp_path):
    part = Part("lab-l", "2024-03")
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    folder = tmp_path / "landing" / str(part.site)
    path = write_bdf(tmp_path / "C1.csv", life_points(cycles=2))
    seen = []
    for more in ({}, {"end_of_life_pct": 70.0}, {"cutoff_voltage_v": 2.6}):
        named = [(path, "C1/cycle_life/C1.csv")]
        land(Landing(folder=str(folder.parent)), str(part.site), named, {**TERMS, **more})
        [found] = enter_new_tests(warehouse, str(part.site), folder, {}, refuse)
        assert found.status == "accepted", found.reason
        [test] = sessions_of(warehouse, part)
        seen.append((test.record.cell.end_of_life_pct, test.record.cutoff_voltage_v))
    assert seen == [(None, 2.5), (70.0, 2.5), (70.0, 2.6)]
    assert waiting(warehouse, [str(part.site)])
