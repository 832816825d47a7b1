"""A lab's books: what is in them stays, is replaced, or is tried again."""

import json

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions.import_lab import land, named_files
from battery_assets.errors import UserError
from battery_assets.ingest.lab.readers import versions
from battery_assets.lab import sensors as lab_watch
from battery_assets.lab.intake import enter_new_tests
from battery_assets.lab.sensors import enter_landed_tests, waiting
from battery_assets.lab.sessions import points_by_day, sessions_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import arrivals as intake
from battery_assets_tests.worlds.lab_files.cells import life_points
from battery_assets_tests.worlds.lab_files.taken_in import LAB, TERMS, landing_of, refuse, take_in, write_bdf


def test_what_is_in_the_books_is_not_read_again(lab, tmp_path):
    path = write_bdf(tmp_path / "C1.csv")
    assert len(take_in(lab, path, cell="C1")) == 1
    assert take_in(lab, path, cell="C1") == []
    second = take_in(lab, write_bdf(tmp_path / "C2.csv", begins="2024-04-01T00:00:00+00:00"), cell="C2")
    assert [one.month for one in second] == ["2024-04"]


@pytest.fixture
def older_readers():
    """Make the books those of readers before the present ones, as an upgrade finds them."""

    def make_older(warehouse):
        with warehouse.transaction() as connection:
            for row in intake.entries(connection, LAB).values():
                before, older = (f'reader_version\\": {nine}' for nine in ("", "9"))
                facts = json.loads(json.dumps(row.facts).replace(before, older))
                files = [{**file, "readers": "before"} for file in row.files]
                intake.enter(
                    connection, LAB, row.key, row.status, month=row.month, reason=row.reason, facts=facts,
                    files=files,
                )  # fmt: skip

    return make_older


def test_what_a_reader_of_another_version_read_is_read_again(lab, tmp_path, older_readers):
    path = write_bdf(tmp_path / "C1.csv")
    take_in(lab, path, cell="C1")
    older_readers(lab[0])
    [again] = take_in(lab, path, cell="C1")
    assert (again.status, again.month) == (intake.ACCEPTED, "2024-03")
    [test] = sessions_of(lab[0], Part(LAB, "2024-03"))
    [source] = json.loads(test.record.source_files)
    assert source["reader_version"] == versions()[source["reader"]]
    assert take_in(lab, path, cell="C1") == []


def test_what_another_version_refused_is_tried_again_once(lab, tmp_path, older_readers):
    path = tmp_path / "C1.csv"
    path.write_text("Time,Volts\n1,3.5\n")
    [first] = take_in(lab, path, cell="C1")
    assert first.status == intake.REFUSED
    assert take_in(lab, path, cell="C1") == []
    older_readers(lab[0])
    assert [one.status for one in take_in(lab, path, cell="C1")] == [intake.REFUSED]
    assert take_in(lab, path, cell="C1") == []


def test_a_month_that_another_reader_gave_a_test_is_run_without_it(lab, tmp_path, older_readers):
    warehouse, _ = lab
    path = write_bdf(tmp_path / "C1.csv")
    take_in(lab, path, cell="C1")
    with warehouse.transaction() as connection:
        [row] = intake.entries(connection, LAB).values()
        intake.enter(connection, LAB, row.key, row.status, month="2024-05", facts=row.facts, files=row.files)
    older_readers(warehouse)
    assert [one.month for one in take_in(lab, path, cell="C1")] == ["2024-03"]
    assert {month for month, _, _ in waiting(warehouse, [LAB])} == {"2024-03", "2024-05"}
    assert sessions_of(warehouse, Part(LAB, "2024-05")) == []


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
        points_by_day(sessions_of(warehouse, part, folder.parent)),
    )
    assert enter_landed_tests(warehouse, landing) == set()
    write_bdf(
        folder / "C1" / "cycle_life" / "b.csv", life_points(cell=1, cycles=2), "2024-03-20T00:00:00+00:00"
    )
    [(_, _, later)] = enter_landed_tests(warehouse, landing)
    assert later > stamp
    assert waiting(warehouse, ["another-lab"]) == set()


def test_a_landing_folder_may_be_moved(lab, tmp_path):
    warehouse, folder = lab
    write_bdf(folder / "C1" / "cycle_life" / "a.csv")
    (folder / "C1" / "cell.json").write_text(json.dumps(TERMS))
    enter_landed_tests(warehouse, Landing(folder=str(folder.parent)))
    moved = folder.parent.rename(tmp_path / "moved")
    [test] = sessions_of(warehouse, Part(LAB, "2024-03"), moved)
    assert test.read().height > 100
    assert json.loads(test.record.source_files)[0]["path"] == f"{LAB}/C1/cycle_life/a.csv"
    (moved / LAB / "C1" / "cycle_life" / "a.csv").write_text("no test any more")
    enter_landed_tests(warehouse, Landing(folder=str(moved)))
    with warehouse.transaction() as connection:
        rows = intake.entries(connection, LAB).values()
    assert {file["path"] for row in rows for file in row.files} == {f"{LAB}/C1/cycle_life/a.csv"}


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


@pytest.mark.parametrize(
    ("terms", "step"),
    [
        ({}, "correct the unit in the heading, or say it: --time-scale 60"),
        ({"time_scale": 1000.0}, "correct the unit in the heading"),
        ({"timezone": "UTC"}, "correct the unit in the heading, or say it: --time-scale 60"),
    ],
)
def test_a_way_out_that_was_tried_is_not_advised_again(terms, step):
    from battery_assets.lab.terms import step_beside

    assert step_beside("correct the unit in the heading, or say it: --time-scale 60", terms) == step
    alone = step_beside("say it: --time-scale 60", {"time_scale": 7})
    assert alone == "correct time_scale, which says 7 now"
