"""Workbooks as Neware's BTSDA writes them: sheets that tell of the test, then 'record' with its points."""

import pytest

from battery_assets.ingest.lab.read import read, recognise
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import rows_of, same_as_truth
from battery_assets_tests.worlds.lab_files.workbooks import workbook

CHINESE = {
    "DataPoint": "数据序号", "Cycle Index": "循环号", "Step Index": "工步号", "Step Type": "工步类型",
    "Time": "时间", "Total Time": "总时间", "Current(mA)": "电流(mA)", "Voltage(V)": "电压(V)",
    "Chg. Cap.(mAh)": "充电容量(mAh)", "DChg. Cap.(mAh)": "放电容量(mAh)", "Date": "绝对时间",
    "Rest": "搁置", "CC Chg": "恒流充电", "CC DChg": "恒流放电",
}  # fmt: skip
SUMMARIES = {
    "unit": [["Start time", "2026-03-02 08:30:00", ""], ["Barcode", "C7", ""]],
    "test": [["Step Index", "Step Name", "Step Time", "Voltage(V)"], ["1", "Rest", "00:05:00", ""]],
    "cycle": [["Cycle Index", "Chg. Cap.(mAh)", "DChg. Cap.(mAh)"], ["1", "1000", "1000"]],
    "step": [
        ["Cycle Index", "Step Index", "Step Number", "Step Type", "Step Time", "Oneset Date", "End Date",
         "Chg. Cap.(mAh)", "DChg. Cap.(mAh)", "Oneset Volt.(V)", "End Voltage(V)"],
        ["1", "1", "1", "Rest", "00:05:00", "2026-03-02 08:30:00", "2026-03-02 08:35:00", "0", "0", "3.2", "3.2"],
    ],
}  # fmt: skip


@pytest.mark.parametrize("record", ["record", "Record", "Record_1"])
def test_the_points_are_those_of_the_record_sheet_whatever_stands_before_it(tmp_path, record):
    path = workbook(tmp_path / "a.xlsx", {**SUMMARIES, record: rows_of("neware")})
    assert recognise(path) == "neware"
    found = read(path)
    same_as_truth(found.points)
    assert found.cycles == 2
    assert found.points["charge_ah"][-1] == pytest.approx(found.moved()[0].ah, rel=1e-3)


def test_records_that_run_over_several_sheets_are_one_test(tmp_path):
    head, *rows = rows_of("neware")
    sheets = {"record": [head, *rows[:100]], "record_2": [head, *rows[100:]]}
    same_as_truth(read(workbook(tmp_path / "a.xlsx", {**SUMMARIES, **sheets})).points, len(rows))


@pytest.mark.parametrize("magnitudes", [False, True])
def test_chinese_headings_and_steps_are_the_same_test(tmp_path, magnitudes):
    rows = [[CHINESE.get(cell, cell) for cell in row] for row in rows_of("neware")]
    if magnitudes:
        place = rows[0].index("电流(mA)")
        rows[1:] = [[*row[:place], row[place].lstrip("-"), *row[place + 1 :]] for row in rows[1:]]
    found = read(workbook(tmp_path / "a.xlsx", {"记录层": rows}))
    assert found.source.reader == "neware"
    same_as_truth(found.points)


def test_hours_in_the_headings_are_hours(tmp_path):
    head, *rows = rows_of("neware")
    place = head.index("Total Time")
    for row in rows:
        hours, minutes, seconds = map(float, row[place].split(":"))
        row[place] = repr(hours + minutes / 60 + seconds / 3600)
    head = [{"Total Time": "Total Time(h)"}.get(name, name) for name in head]
    same_as_truth(read(workbook(tmp_path / "a.xlsx", {"record": [head, *rows]})).points)


def test_a_workbook_of_summaries_alone_says_which_columns_it_lacks(tmp_path):
    with pytest.raises(LabFileRefused, match=r"MISSING_COLUMN.*test_time_s.*record layer"):
        read(workbook(tmp_path / "a.xlsx", SUMMARIES))
