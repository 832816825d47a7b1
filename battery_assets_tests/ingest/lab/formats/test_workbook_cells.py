"""Cells of workbooks by their type: durations, times of day, days as numbers, rows without a value."""

import zipfile
from datetime import datetime

import polars as pl
import pytest

from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.ingest.lab.formats.test_neware_workbooks import workbook
from battery_assets_tests.worlds.lab_files.made_files import TRUTH, rows_of, same_as_truth

FORMATS = {
    "duration": "[h]:mm:ss",
    "time of day": "h:mm:ss",
    "minutes": "mm:ss.0",
    "date": "yyyy-mm-dd hh:mm:ss",
}
LONG_H = 90


def days(hours: float, kind: str) -> str:
    """A marker of a cell that holds days in a format."""
    return f"{hours / 24!r}|{kind}"


def styled(path, rows):
    """A workbook of one sheet whose cells 'number|kind' have the kind's format."""
    kinds = ["", *FORMATS]
    plain = [[cell.split("|")[0] for cell in row] for row in rows]
    workbook(path, {"record": plain})
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    cells = [cell for row in rows for cell in row]
    pieces = sheet.split("<c")
    marked = [
        piece if "|" not in cell else f' s="{kinds.index(cell.split("|")[1])}"{piece}'
        for piece, cell in zip(pieces[1:], cells, strict=True)
    ]
    parts["xl/worksheets/sheet1.xml"] = "<c".join([pieces[0], *marked])
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    formats = "".join(
        f'<numFmt numFmtId="{200 + n}" formatCode="{code}"/>' for n, code in enumerate(FORMATS.values())
    )
    styles = "<xf/>" + "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(FORMATS)))
    parts["xl/styles.xml"] = (
        f'<styleSheet xmlns="{main}"><numFmts count="{len(FORMATS)}">{formats}</numFmts>'
        f'<cellXfs count="{len(FORMATS) + 1}">{styles}</cellXfs></styleSheet>'
    )
    parts["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="r9" Type="{office}/styles" Target="styles.xml"/>'
        "</Relationships>"
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "</Types>", f'<Override PartName="/xl/styles.xml" ContentType="{kind}"/></Types>'
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return path


def long_test(shown) -> list[list[str]]:
    """A charge of 90 hours, one point every 3 h, its times as `shown` of the hours."""
    head = ["DataPoint", "Cycle Index", "Step Index", "Step Type", "Time", "Total Time", "Current(A)", "Voltage(V)",
            "Chg. Cap.(Ah)", "DChg. Cap.(Ah)", "Date"]  # fmt: skip
    rows = [
        [str(at + 1), "1", "1", "CC Chg", shown(hour), shown(hour), "0.5", f"{3.3 + 0.01 * at:.2f}", f"{0.5 * hour}", "0",
         days(24 * 45_000 + hour, "date")]
        for at, hour in enumerate(range(0, LONG_H + 1, 3))
    ]  # fmt: skip
    return [head, *rows]


SHOWN = {
    "durations": lambda hour: days(hour, "duration"),
    "times of day": lambda hour: days(hour, "time of day"),
    "minutes and seconds": lambda hour: days(hour, "minutes"),
    "a number before durations": lambda hour: days(hour, "duration") if hour else "0",
    "a text before durations": lambda hour: days(hour, "duration") if hour else "0:00:00",
    "durations and times of day": lambda hour: days(hour, "duration" if hour % 2 else "time of day"),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_times_that_excel_stores_as_days_are_seconds(kind, tmp_path):
    one = read(styled(tmp_path / "a.xlsx", long_test(SHOWN[kind])))
    assert one.points["test_time_s"].to_list() == [3_600.0 * hour for hour in range(0, LONG_H + 1, 3)]
    assert one.points["step_time_s"].equals(one.points["test_time_s"])
    assert one.points["wall_clock"][0] == datetime(2023, 3, 15)
    assert one.moved()[0].ah == pytest.approx(0.5 * LONG_H)


def test_days_without_a_format_are_not_guessed(tmp_path):
    with pytest.raises(LabFileRefused, match=r"UNIT.*'Total Time' without a unit"):
        read(styled(tmp_path / "a.xlsx", long_test(lambda hour: repr(hour / 24))))


def test_durations_below_text_headings_are_read(shared_data):
    one = read(shared_data / "cases_files/neware_excel_durations.xlsx")
    assert (one.points.height, one.points["test_time_s"][-1]) == (31, 108_000.0)
    assert one.moved()[0].ah == pytest.approx(1.5)


def test_an_empty_row_is_no_row(shared_data):
    one = read(shared_data / "cases_files/neware_blank_row.xlsx")
    assert (one.rows_read, one.points.height) == (30, 30)


@pytest.mark.parametrize("blank", ["", "  "])
def test_rows_without_a_value_are_left_out_and_the_others_keep_their_lines(blank, tmp_path):
    head, *rows = rows_of("neware")
    spaced = [head, [blank] * len(head), *rows[:100], [blank] * len(head), *rows[100:]]
    one = read(workbook(tmp_path / "a.xlsx", {"record": spaced}))
    assert one.rows_read == TRUTH.height
    same_as_truth(one.points)
    assert one.points["line"][[0, 99, 100]].to_list() == [3, 102, 104]


def test_empty_rows_of_parquet_are_left_out_too(tmp_path):
    names = {"time": "test_time_second", "voltage": "voltage_volt", "current": "current_ampere"}
    frame = TRUTH.select(pl.col(old).alias(new) for old, new in names.items())
    none = pl.DataFrame({name: [None] for name in frame.columns}, schema=frame.schema)
    pl.concat([frame[:50], none, frame[50:]]).write_parquet(tmp_path / "a.parquet")
    one = read(tmp_path / "a.parquet")
    assert one.rows_read == TRUTH.height
    same_as_truth(one.points)


def test_a_row_of_units_below_the_headings_of_a_sheet_is_read(tmp_path):
    head, *rows = rows_of("arbin")
    named = {
        "Test_Time(s)": ("Test_Time", "s"),
        "Current(A)": ("Current", "A"),
        "Voltage(V)": ("Voltage", "V"),
    }
    bare = [named.get(name, (name, ""))[0] for name in head]
    units = [named.get(name, (name, ""))[1] for name in head]
    one = read(workbook(tmp_path / "a.xlsx", {"Channel": [bare, units, *rows]}))
    same_as_truth(one.points)
    assert one.points["line"][0] == 3
