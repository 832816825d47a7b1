"""Files of cyclers into a lab: entered once, refused with a reason, traced from a point back to its file."""

import json

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions.import_lab import cells_apart, land, named_files
from battery_assets.errors import UserError
from battery_assets.features.lab.cycle_rows import Points, cycle_rows
from battery_assets.features.lab.cycles import cycle_starts
from battery_assets.lab import sensors as lab_watch
from battery_assets.lab import sessions as lab_source
from battery_assets.lab.intake import enter_new_tests
from battery_assets.lab.lives import points_by_test
from battery_assets.lab.sensors import enter_landed_tests, waiting
from battery_assets.lab.sessions import cells_of, packs_of, points_by_day, session_rows, sessions_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import arrivals as intake
from battery_assets.platform.registry import books as registry
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points
from battery_assets_tests.worlds.lab_files.made_batch import batch
from battery_assets_tests.worlds.lab_files.made_batch import cell as made_cell

LAB = "lab-f"
TERMS = {"nominal_capacity_ah": NOMINAL_AH, "timezone": "Europe/Oslo", "cutoff_voltage_v": 2.5}


def write_bdf(path, rows=None, begins="2024-03-05T08:00:00+00:00"):
    """A Battery Data Format file of a few cycles."""
    rows = life_points(cycles=4) if rows is None else rows
    epoch = pl.lit(begins).str.to_datetime(time_unit="us", time_zone="UTC").dt.epoch("us") / 1e6
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.select(
        pl.col("test_time_s").alias("Test Time / s"),
        (epoch + pl.col("test_time_s")).round(1).alias("Unix Time / s"),
        pl.col("voltage_v").alias("Voltage / V"),
        pl.col("current_a").alias("Current / A"),
        pl.col("temperature_c").alias("Surface Temperature T1 / degC"),
        pl.col("cycle_count").alias("Cycle Count / 1"),
        pl.col("step_index").alias("Step Index / 1"),
    ).write_csv(path)
    return path


@pytest.fixture
def lab(warehouse, tmp_path):
    with warehouse.transaction() as connection:
        registry.put_site(connection, LAB, "lab-files", {"timezone": "Europe/Oslo"})
    return warehouse, tmp_path / "landing" / LAB


def take_in(lab, *paths, terms=TERMS, **how):
    warehouse, folder = lab
    named = [pair for path in paths for pair in named_files(path, how.get("cell"), "cycle_life", False)]
    land(landing_of(folder), LAB, named, terms)
    return list(enter_new_tests(warehouse, LAB, folder, {}, refuse))


def landing_of(folder):
    return Landing(folder=str(folder.parent))


def refuse(refused):
    raise refused


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


def test_what_is_in_the_books_is_not_read_again(lab, tmp_path):
    path = write_bdf(tmp_path / "C1.csv")
    assert len(take_in(lab, path, cell="C1")) == 1
    assert take_in(lab, path, cell="C1") == []
    second = take_in(lab, write_bdf(tmp_path / "C2.csv", begins="2024-04-01T00:00:00+00:00"), cell="C2")
    assert [one.month for one in second] == ["2024-04"]


def test_the_same_measurements_in_other_bytes_are_a_duplicate(lab, tmp_path):
    first = write_bdf(tmp_path / "C1.csv")
    again = tmp_path / "again.csv"
    again.write_bytes(first.read_bytes().replace(b"\n", b"\r\n"))
    found = take_in(lab, first, again, cell="C1")
    assert sorted(one.status for one in found) == [intake.ACCEPTED, intake.DUPLICATE]
    assert len(sessions_of(lab[0], Part(LAB, "2024-03"))) == 1


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"timezone": "Europe/Oslo"}, "C1.csv does not say the nominal capacity of cell C1, "),
        (
            {"timezone": "Europe/Oslo"},
            "; next step: add --nominal-ah 2.5, or nominal_capacity_ah to its cell.json",
        ),
        ({**TERMS, "nominal_capacity_ah": 0.0000001}, "C1.csv: SCALE"),
        ({**TERMS, "policy": "lenient"}, "C1.csv of cell C1: policy: 'lenient'"),
        ({**TERMS, "policy": "lenient"}, "; next step: correct it in C1/cell.json"),
        ({**TERMS, "columns": [["U", "voltage_v"]]}, "; next step: correct it in C1/cell.json"),
        ({**TERMS, "columns": 3}, "; next step: correct it in C1/cell.json"),
        ({**TERMS, "nominal_capacity_ah": "much"}, "C1.csv of cell C1: could not convert"),
        ({**TERMS, "started_at": "31.5.2024"}, "'31.5.2024' is no instant; write it as 2024-05-31T08:00"),
        ({**TERMS, "started_at": 2024}, "C1.csv of cell C1: started_at: 2024 is no instant"),
        (
            {**TERMS, "started_at": "1970-01-05T00:00"},
            "C1.csv began in 1970-01; a lab's months go from 2000-01",
        ),
        ({**TERMS, "started_at": "2199-01-05T00:00"}, "; next step: say when it began: --started-at"),
    ],
)
def test_a_test_that_cannot_be_told_is_refused_with_what_to_do(lab, terms, words):
    warehouse, folder = lab
    write_bdf(folder / "C1" / "cycle_life" / "C1.csv")
    (folder / "C1" / "cell.json").write_text(json.dumps(terms))
    [found] = enter_new_tests(warehouse, LAB, folder, {}, refuse)
    assert found.status == intake.REFUSED
    assert words in found.reason
    assert found.reason.count("next step") == 1
    assert sessions_of(warehouse, Part(LAB, "2024-03")) == []


def test_terms_that_cannot_be_are_told_before_anything_is_written(lab, tmp_path):
    named = named_files(write_bdf(tmp_path / "C1.csv"), "C1", "cycle_life", False)
    for terms, words in (
        ({"started_at": "yesterday"}, "no instant"),
        ({"timezone": "Mars"}, "no IANA time zone"),
    ):
        with pytest.raises(UserError, match=words):
            land(landing_of(lab[1]), LAB, named, terms)
    assert not lab[1].exists()


def test_a_corrected_file_of_the_same_size_takes_the_place_of_the_first(lab, tmp_path):
    path = write_bdf(tmp_path / "C1.csv")
    wrong = path.read_text()
    for content in (
        wrong,
        corrected(wrong, "Voltage / V"),
        corrected(wrong, "Surface Temperature T1 / degC"),
        wrong,
    ):
        path.write_text(content)
        [found] = take_in(lab, path, cell="C1")
        assert (path.stat().st_size, found.status, found.month) == (len(wrong), intake.ACCEPTED, "2024-03")
        [test] = sessions_of(lab[0], Part(LAB, "2024-03"))
        assert json.loads(test.record.source_files)[0]["sha256"] == found.test.checksums[0]


def corrected(content, column):
    """The file with another last digit in a value of the column."""
    lines = content.splitlines(keepends=True)
    fields = lines[9].split(",")
    place = lines[0].strip().split(",").index(column)
    fields[place] = fields[place][:-1] + ("1" if fields[place][-1] != "1" else "2")
    return "".join([*lines[:9], ",".join(fields), *lines[10:]])


def test_a_file_that_joins_a_test_makes_it_one_test_of_more_files(lab, tmp_path):
    warehouse, folder = lab
    rows = life_points(cycles=4)
    test = folder / "C1" / "cycle_life" / "all"
    (folder / "C1").mkdir(parents=True)
    (folder / "C1" / "cell.json").write_text(json.dumps(TERMS))
    for number, files in ((1, 1), (3, 2)):
        write_bdf(test / f"{number}.csv", rows.filter(pl.col("cycle_count").is_between(number, number + 1)))
        assert [one.status for one in enter_new_tests(warehouse, LAB, folder, {}, refuse)] == [
            intake.ACCEPTED
        ]
        [found] = sessions_of(warehouse, Part(LAB, "2024-03"))
        assert len(json.loads(found.record.source_files)) == files
    assert found.read().height == rows.height


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("{bad", "is no JSON"),
        ('{"colour": 1}', "'colour' is no term; known are chemistry,"),
        ("[1]", "no terms"),
    ],
)
def test_a_broken_cell_json_is_named_and_keeps_no_other_cell(lab, tmp_path, monkeypatch, broken, words):
    warehouse, folder = lab
    heard = []
    monkeypatch.setattr(lab_watch.log, "warning", heard.append)
    for cell in ("C1", "C2"):
        write_bdf(folder / cell / "cycle_life" / "a.csv")
        (folder / cell / "cell.json").write_text(broken if cell == "C1" else json.dumps(TERMS))
    [(month, name, _)] = enter_landed_tests(warehouse, landing_of(folder))
    assert (month, name) == ("2024-03", LAB)
    assert [test.record.cell.cell_code for test in sessions_of(warehouse, Part(LAB, month))] == ["C2"]
    [said] = map(str, heard)
    assert f"{folder}/C1/cell.json" in said
    assert words in said
    assert said.endswith("; next step: correct it in C1/cell.json")
    named = named_files(write_bdf(tmp_path / "b.csv"), "C1", "cycle_life", False)
    with pytest.raises(UserError, match="C1/cell") as told:
        land(landing_of(folder), LAB, named, TERMS)
    assert told.value.next_step == "correct it in C1/cell.json"
    assert (folder / "C1" / "cell.json").read_text() == broken
    assert not (folder / "C1" / "cycle_life" / "b.csv").exists()


def test_a_refused_file_is_tried_again_when_its_terms_are_mended(lab, tmp_path):
    path = write_bdf(tmp_path / "C1.csv")
    [refused] = take_in(lab, path, cell="C1", terms={"timezone": "Europe/Oslo"})
    assert refused.status == intake.REFUSED
    [taken] = take_in(lab, path, cell="C1")
    assert taken.status == intake.ACCEPTED


def test_a_flipped_sign_never_becomes_a_capacity(lab, tmp_path):
    rows = life_points(cycles=4).with_columns(current_a=-pl.col("current_a"))
    [found] = take_in(lab, write_bdf(tmp_path / "C1.csv", rows), cell="C1")
    assert found.status == intake.REFUSED
    assert "SIGN" in found.reason


def test_a_month_waits_until_its_points_are_there_and_again_when_a_test_arrives(lab, tmp_path):
    warehouse, folder = lab
    landing = Landing(folder=str(folder.parent))
    write_bdf(folder / "C1" / "cycle_life" / "a.csv")
    (folder / "C1" / "cell.json").write_text(json.dumps(TERMS))
    [(month, name, stamp)] = enter_landed_tests(warehouse, landing)
    assert (month, name) == ("2024-03", LAB)
    part = Part(LAB, month)
    warehouse.replace(
        t.timeseries_point,
        warehouse.claim(t.timeseries_point, part),
        points_by_day(sessions_of(warehouse, part)),
    )
    assert enter_landed_tests(warehouse, landing) == set()
    write_bdf(
        folder / "C1" / "cycle_life" / "b.csv", life_points(cell=1, cycles=2), "2024-03-20T00:00:00+00:00"
    )
    [(_, _, later)] = enter_landed_tests(warehouse, landing)
    assert later > stamp
    assert waiting(warehouse, ["another-lab"]) == set()


def test_files_of_one_test_are_joined_into_one_life(lab, tmp_path):
    rows = life_points(cycles=4)
    folder = tmp_path / "parts"
    for number in (1, 2):
        part = rows.filter(pl.col("cycle_count").is_between(2 * number - 1, 2 * number))
        begins = ["2024-03-05T00:00:00+00:00", "2024-03-06T00:00:00+00:00"][number - 1]
        restarted = part.with_columns(
            test_time_s=pl.col("test_time_s") - pl.col("test_time_s").first(),
            cycle_count=pl.col("cycle_count") - 2 * (number - 1),
        )
        write_bdf(folder / f"{number}.csv", restarted, begins)
    warehouse, landing = lab
    land(landing_of(landing), LAB, named_files(folder, "C1", "cycle_life", True), TERMS)
    [found] = list(enter_new_tests(warehouse, LAB, landing, {}, refuse))
    assert found.status == intake.ACCEPTED
    [test] = sessions_of(warehouse, Part(LAB, "2024-03"))
    points = test.read()
    assert points.height == rows.height
    assert points["cycle_count"].n_unique() == 4
    assert points["ts"].is_sorted()
