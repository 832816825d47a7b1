"""The files of one test make one life: seams, overlaps, restarts, files given twice, files of another cell."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reading import Declared, Reading
from battery_assets.ingest.lab.reconcile.joined import joined
from battery_assets.ingest.lab.reconcile.seams import clock_offsets
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import TRUTH, made, rows_of, same_as_truth, written

WHOLE = TRUTH.tail(1).to_dicts()[0]


def part(tmp_path, name: str, first: int, last: int, change=None) -> Reading:
    """Rows first to last (1-based) of the made file as a file of its own."""
    rows = rows_of(name)
    chosen = [row[:] for row in rows[first : last + 1]]
    for row in chosen if change else []:
        change(rows[0], row)
    return read(written(tmp_path, made(name, [rows[0], *chosen]), f"{name}-{first}-{last}-{bool(change)}"))


def restarted(header: list[str], row: list[str]) -> None:
    """The cycler was started anew at record 146: its time and its cycle counter begin anew."""
    time, cycle = header.index("Test_Time(s)"), header.index("Cycle_Index")
    row[time] = f"{float(row[time]) - 145 * 60:g}"
    row[cycle] = str(int(row[cycle]) - 1)


def assert_whole(life) -> None:
    same_as_truth(life.points, TRUTH.height)
    assert life.points["cycle_count"].to_list() == TRUTH["cycle"].to_list()
    assert life.points["step_count"][-1] == 10
    assert life.moved()[1].ah == pytest.approx(WHOLE["discharge_ah"], rel=1e-3)
    assert life.points["discharge_ah"][-1] == pytest.approx(WHOLE["discharge_ah"], rel=1e-6)
    assert (np.diff(life.points["charge_ah"].to_numpy()) >= -1e-9).all()


def test_a_test_that_was_cut_in_two_is_whole_again_in_any_order(tmp_path):
    one, two = part(tmp_path, "arbin", 1, 150), part(tmp_path, "arbin", 151, 290)
    for files in ([one, two], [two, one]):
        life = joined(files)
        same_as_truth(life.points, TRUTH.height)
        assert life.points["file_number"].to_list() == [1] * 150 + [2] * 140
        assert [source.file for source in life.sources] == [one.source.file, two.source.file]
        assert life.points["step_count"][-1] == 10


def test_counters_that_begin_anew_make_one_continuous_life(tmp_path):
    life = joined([part(tmp_path, "arbin", 1, 145), part(tmp_path, "arbin", 146, 290, restarted)])
    assert_whole(life)
    assert any("begins anew" in finding for finding in life.findings)


def test_points_that_two_files_share_are_counted_once(tmp_path):
    life = joined([part(tmp_path, "arbin", 1, 150), part(tmp_path, "arbin", 131, 290)])
    assert_whole(life)
    assert life.rows_exact_duplicate == 20
    assert life.rows_read == 150 + 160
    assert any("overlaps" in finding for finding in life.findings)


def test_the_first_half_beside_the_whole_adds_nothing(tmp_path):
    life = joined([part(tmp_path, "arbin", 1, 100), part(tmp_path, "arbin", 1, 290)])
    assert_whole(life)
    assert life.rows_exact_duplicate == 100


def test_points_that_two_files_contradict_are_loaded_from_neither(tmp_path):
    def other(header, row):
        if row[0] in ("140", "141"):
            volts = header.index("Voltage(V)")
            row[volts] = f"{float(row[volts]) + 0.01:.5f}"

    life = joined([part(tmp_path, "arbin", 1, 150), part(tmp_path, "arbin", 131, 290, other)])
    assert life.quarantine["reason"].to_list() == ["CONFLICTING_DUPLICATE"] * 4
    assert life.points.height == TRUTH.height - 2
    assert not set(life.points["record_index"]) & {140, 141}


def test_a_file_given_twice_in_other_bytes_is_read_once(tmp_path):
    one = part(tmp_path, "arbin", 1, 290)
    again = read(written(tmp_path, made("arbin").replace(b"\n", b"\r\n"), "again"))
    life = joined([one, again])
    assert life.points.height == TRUTH.height
    assert life.rows_exact_duplicate == TRUTH.height
    assert any("in other bytes" in finding for finding in life.findings)


def test_files_of_two_cells_are_no_test(tmp_path):
    one, two = part(tmp_path, "arbin", 1, 150), part(tmp_path, "arbin", 151, 290)
    named = [
        replace(one, declared=Declared(cell="A1", barcode="1")),
        replace(two, declared=Declared(cell="A1", barcode="2")),
    ]
    with pytest.raises(LabFileRefused, match=r"IDENTITY.*barcode"):
        joined(named)
    assert joined(named, one_cell=True).points.height == TRUTH.height


def test_the_books_of_a_life_balance(tmp_path):
    life = joined([part(tmp_path, "arbin", 1, 150), part(tmp_path, "arbin", 131, 290)])
    with pytest.raises(AssertionError, match=r"accounted for"):
        replace(life, rows_read=life.rows_read + 1)


def later(header: list[str], row: list[str]) -> None:
    """The second file begins anew, 145 days later by its own clock."""
    restarted(header, row)
    clock = header.index("Date_Time")
    at = datetime.strptime(row[clock], "%m/%d/%Y %H:%M:%S") + timedelta(days=145)
    row[clock] = at.strftime("%m/%d/%Y %H:%M:%S")


def test_files_of_one_test_join_by_their_own_clocks(tmp_path):
    for change, offset in ((restarted, 0.0), (later, 145 * 86_400.0)):
        life = joined([part(tmp_path, "arbin", 1, 145), part(tmp_path, "arbin", 146, 290, change)])
        assert clock_offsets(life.points) == {1: 0.0, 2: pytest.approx(offset)}
        assert np.isinf(life.points["open_ah"].to_numpy()).sum() == (offset > 0)
    assert any("12,528,060 s later" in told for told in life.findings)


def test_a_test_whose_time_runs_on_may_have_stood_still_between_two_files(tmp_path):
    def pause(header, row):
        clock = header.index("Date_Time")
        at = datetime.strptime(row[clock], "%m/%d/%Y %H:%M:%S") + timedelta(days=2)
        row[clock] = at.strftime("%m/%d/%Y %H:%M:%S")

    life = joined([part(tmp_path, "arbin", 1, 100), part(tmp_path, "arbin", 101, 290, pause)])
    same_as_truth(life.points, TRUTH.height)
    assert life.moved()[1].ah == pytest.approx(WHOLE["discharge_ah"], rel=1e-3)
    assert np.isinf(life.points["open_ah"][100])
    assert clock_offsets(life.points) == {1: 0.0, 2: pytest.approx(2 * 86_400.0)}
    assert any("it begins 172,860 s after the file before" in told for told in life.findings)


def test_a_seam_within_a_discharge_glues_no_two_of_them(tmp_path):
    whole = joined([part(tmp_path, "arbin", 1, 100), part(tmp_path, "arbin", 101, 290)])
    assert not np.isinf(whole.points["open_ah"].to_numpy()).any()
    assert whole.points["moved_ah"][100] == pytest.approx(-1 / 60)
    cut = joined([part(tmp_path, "arbin", 1, 100), part(tmp_path, "arbin", 221, 290, later)])
    assert np.isinf(cut.points["open_ah"][100])
    assert cut.points["moved_ah"][100] == 0.0
    assert any("ends while a current flows" in told for told in cut.findings)
