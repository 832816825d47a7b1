"""Workbooks as Landt's program writes them: 'Record' has the points, 'Mode' and 'Cycle' sum them up."""

import pytest

from battery_assets.ingest.lab.read import read, recognise
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.ingest.lab.formats.test_neware_workbooks import workbook
from battery_assets_tests.worlds.lab_files.made_files import same_as_truth, table

STATES = {"R": "R", "C": "C_CC", "D": "D_CC"}
RECORD = {
    "Index": lambda r: r["record"],
    "TestTime/h": lambda r: f"{r['time'] / 3600:.9f}",
    "StepTime/h": lambda r: f"{r['step_time'] / 3600:.9f}",
    "Voltage/V": lambda r: r["voltage"],
    "Current/mA": lambda r: 1e3 * r["current"],
    "Capacity/mAh": lambda r: 1e3 * r["step_ah"],
    "State": lambda r: STATES[r["kind"]],
}
SUMMARIES = {
    "Mode": [["Index", "Mode", "Period/h", "Capacity/mAh"], ["1", "Rest", "0.08", "0"]],
    "Cycle": [["Index", "Charge-Cap/mAh", "Discharge-Cap/mAh", "rd/mOhm"], ["1", "1000", "1000", "0"]],
}


def rounded_hours() -> list[list[str]]:
    """The record as the program writes it: two decimals of an hour, so that records share an instant."""
    coarse = {name: (lambda r, key=key: f"{r[key] / 3600:.2f}") for name, key in TIMES.items()}
    return table({**RECORD, **coarse})


TIMES = {"TestTime/h": "time", "StepTime/h": "step_time"}


def test_the_points_are_those_of_the_record_sheet(tmp_path):
    path = workbook(tmp_path / "a.xlsx", {"Record": table(RECORD), **SUMMARIES})
    assert recognise(path) == "landt"
    found = read(path)
    same_as_truth(found.points)
    assert found.points["step_type"].unique().sort().to_list() == ["C_CC", "D_CC", "R"]


def test_the_counter_of_each_step_is_added_up_to_the_side_its_current_flows(tmp_path):
    found = read(workbook(tmp_path / "a.xlsx", {"Record": table(RECORD), **SUMMARIES}))
    # Two cycles of an hour at 1 A each way.
    assert found.points["charge_ah"][-1] == pytest.approx(2.0)
    assert found.points["discharge_ah"][-1] == pytest.approx(2.0)


def test_records_of_one_instant_are_told_apart_by_their_numbers(tmp_path):
    rows = rounded_hours()
    # At rest all that is written of neighbours is alike, but for the number.
    place = rows[0].index("TestTime/h")
    rows[2][place] = rows[1][place]
    found = read(workbook(tmp_path / "a.xlsx", {"Record": rows, **SUMMARIES}))
    assert found.points.height == len(rows) - 1
    assert found.rows_exact_duplicate == 0
    assert any("points share their time" in told for told in found.findings)
    assert found.points["record_index"].to_list() == list(range(1, len(rows)))


def test_a_current_in_amperes_under_a_heading_of_milliamperes_is_refused(tmp_path):
    wrong = table({**RECORD, "Current/mA": lambda r: r["current"]})
    with pytest.raises(LabFileRefused, match="SCALE"):
        read(workbook(tmp_path / "a.xlsx", {"Record": wrong, **SUMMARIES}))
