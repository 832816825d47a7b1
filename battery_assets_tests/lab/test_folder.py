"""Files of cyclers into a lab: entered once, refused with a reason, traced from a point back to its file."""

import json

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions.import_lab import cells_apart, land, named_files
from battery_assets.errors import UserError
from battery_assets.features.lab.cycle_rows import Points, cycle_rows
from battery_assets.features.lab.cycles import cycle_starts
from battery_assets.lab import sessions as lab_source
from battery_assets.lab.intake import enter_new_tests
from battery_assets.lab.lives import points_by_test
from battery_assets.lab.sessions import cells_of, packs_of, points_by_day, session_rows, sessions_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import arrivals as intake
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points
from battery_assets_tests.worlds.lab_files.made_batch import batch
from battery_assets_tests.worlds.lab_files.made_batch import cell as made_cell
from battery_assets_tests.worlds.lab_files.taken_in import LAB, TERMS, landing_of, refuse, take_in, write_bdf


def test_a_file_becomes_a_test_of_the_month_in_which_it_began(lab, tmp_path):
    [found] = take_in(lab, write_bdf(tmp_path / "exports" / "C1.bdf.csv"), cell="C1")
    assert (found.status, found.month) == (intake.ACCEPTED, "2024-03")
    [test] = sessions_of(lab[0], Part(LAB, "2024-03"))
    assert test.record.cell.cell_code == "C1"
    assert test.record.cell.nominal_capacity_ah == NOMINAL_AH
    assert test.record.started_at.isoformat() == "2024-03-05T08:00:00+00:00"


def test_a_batch_of_many_cells_becomes_a_test_of_each(lab, tmp_path):
    warehouse, folder = lab
    whole = batch(tmp_path / "2017-05-12.mat", [made_cell(), made_cell(0.9), made_cell(0.8)])
    terms = {"nominal_capacity_ah": 2.0, "started_at": "2024-03-05T08:00"}
    with cells_apart(named_files(whole, "b1", "fast_charge", False)) as named:
        land(landing_of(folder), LAB, named, terms)
    found = list(enter_new_tests(warehouse, LAB, folder, {}, refuse))
    assert [one.status for one in found] == [intake.ACCEPTED] * 3
    tests = sessions_of(warehouse, Part(LAB, "2024-03"))
    assert {test.record.cell.cell_code for test in tests} == {"b1_c0", "b1_c1", "b1_c2"}
    assert {test.record.cell.barcode for test in tests} == {f"el15080046051{place}" for place in range(3)}
    assert all("cut from 2017-05-12.mat, sha256 " in test.record.findings for test in tests)
    with cells_apart(named_files(whole, "b1", "fast_charge", False)) as named:
        land(landing_of(folder), LAB, named, terms)
    assert list(enter_new_tests(warehouse, LAB, folder, {}, refuse)) == []


def test_a_batch_of_many_cells_is_not_one_test(tmp_path):
    whole = batch(tmp_path / "a.mat", [made_cell(), made_cell(0.9)])
    with (
        pytest.raises(UserError, match=r"a\.mat holds 2 cells, no one test"),
        cells_apart([(whole, "C/p/t/a.mat")], True),
    ):
        pass


def test_a_batch_that_cannot_be_read_stays_whole_and_is_refused_by_its_reader(lab, tmp_path):
    warehouse, folder = lab
    whole = batch(tmp_path / "a.mat", [made_cell(), made_cell(0.9)])
    whole.write_bytes(whole.read_bytes()[:5000])
    with cells_apart(named_files(whole, None, "p", False)) as named:
        assert named == [(whole, "a/p/a.mat")]
        land(landing_of(folder), LAB, named, TERMS)
    [found] = enter_new_tests(warehouse, LAB, folder, {}, refuse)
    assert found.status == intake.REFUSED
    assert "CORRUPT" in found.reason


def test_cells_whose_folders_name_one_pack_belong_to_it(lab, tmp_path):
    in_pack = {**TERMS, "pack": "P7", "chemistry": "NMC"}
    take_in(lab, write_bdf(tmp_path / "C1.bdf.csv"), cell="C1", terms={**in_pack, "cells_in_series": 14})
    later = write_bdf(tmp_path / "C2.bdf.csv", life_points(cycles=5), begins="2024-03-06T08:00:00+00:00")
    take_in(lab, later, cell="C2", terms={**in_pack, "cells_in_parallel": 2})
    take_in(lab, write_bdf(tmp_path / "C3.bdf.csv", life_points(cycles=3)), cell="C3")
    part = Part(LAB, "2024-03")
    [pack] = packs_of(lab[0], part).to_dicts()
    known = {"pack_code": "P7", "chemistry": "NMC", "cells_in_series": 14, "cells_in_parallel": 2}
    assert {name: pack[name] for name in known} == known
    homes = dict(cells_of(lab[0], part).select("cell_code", "pack_id").iter_rows())
    assert homes == {"C1": pack["pack_id"], "C2": pack["pack_id"], "C3": None}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"pack": 7}, "pack 7 is no code"),
        ({"cells_in_series": 14}, "pack None is no code"),
        ({"pack": "P7", "cells_in_series": 0}, "cells_in_series 0 is no number of cells"),
    ],
)
def test_a_pack_that_cannot_be_is_refused_with_the_file_to_correct(lab, tmp_path, told, says):
    [found] = take_in(lab, write_bdf(tmp_path / "C1.bdf.csv"), cell="C1", terms={**TERMS, **told})
    assert found.status == intake.REFUSED
    assert says in found.reason
    assert "correct it in C1/cell.json" in found.reason


def test_points_keep_every_row_and_lead_back_to_the_file(lab, tmp_path):
    rows = life_points(cycles=4)
    path = write_bdf(tmp_path / "exports" / "C1.bdf.csv", rows)
    take_in(lab, path, cell="C1")
    warehouse, part = lab[0], Part(LAB, "2024-03")
    tests = sessions_of(warehouse, part)
    warehouse.replace(t.timeseries_point, warehouse.claim(t.timeseries_point, part), points_by_day(tests))
    points = warehouse.read(t.timeseries_point, part).collect().sort("ts")
    assert points.height == rows.height
    assert points["voltage_v"].to_list() == pytest.approx(rows["voltage_v"].to_list())
    ends = points.group_by("session_id").agg(
        pl.col("ts").max().alias("ended_at"), pl.len().alias("points_count")
    )
    [session] = session_rows(warehouse, part, ends).to_dicts()
    assert (
        session["rows_read"]
        == session["points_count"] + session["rows_quarantined"] + session["rows_duplicate"]
    )
    [source] = json.loads(session["source_files"])
    lines = path.read_text().splitlines()
    for row in points.sample(5, seed=1).to_dicts():
        line = lines[row["source_row"] - 1].split(",")
        assert float(line[2]) == pytest.approx(row["voltage_v"])
    assert source["reader"] == "battery data format"
    assert len(source["sha256"]) == 64


def test_a_day_of_many_tests_is_laid_in_several_files_and_loses_no_point(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(lab_source, "MOST_POINTS", 1)
    warehouse, part = lab[0], Part(LAB, "2024-03")
    paths = [write_bdf(tmp_path / f"C{cell}.csv", life_points(cell, cycles=2)) for cell in range(3)]
    take_in(lab, *paths)
    tests = sessions_of(warehouse, part)
    warehouse.replace(t.timeseries_point, warehouse.claim(t.timeseries_point, part), points_by_day(tests))
    assert [file.day.isoformat() for file in warehouse.files(t.timeseries_point, part)] == ["2024-03-05"] * 3
    known = {test.record.session_id: test.record.row() for test in tests}
    pieces = [found for _, found in points_by_test(warehouse, part, known)]
    assert [len(found) for found in pieces] == [1, 1, 1]
    assert {test["session_id"]: frame.height for [(test, frame)] in pieces} == {
        test.record.session_id: test.read().height for test in tests
    }


def test_the_cycles_of_a_file_are_those_of_the_cell_it_was_made_of(lab, tmp_path):
    rows = life_points(cycles=4)
    take_in(lab, write_bdf(tmp_path / "C1.csv", rows), cell="C1")
    [test] = sessions_of(lab[0], Part(LAB, "2024-03"))
    made, read = (Points.of(frame) for frame in (rows, test.read()))
    for points in (made, read):
        starts = cycle_starts(points.time_s, points.current_a, NOMINAL_AH)
        found = cycle_rows(points, starts, NOMINAL_AH, 2.5)["discharge_capacity_ah"].to_list()
        assert len(found) == 4
    assert found == pytest.approx(
        cycle_rows(made, starts, NOMINAL_AH, 2.5)["discharge_capacity_ah"].to_list()
    )
