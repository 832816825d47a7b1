"""Exports of cyclers in the letters of other programs and countries."""

from datetime import datetime, timedelta

import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.ingest.lab.formats.test_neware_workbooks import CHINESE
from battery_assets_tests.worlds.lab_files.made_files import rows_of, same_as_truth, text


def changed(name: str, heading: str, cell) -> list[list[str]]:
    """Rows of a layout with the cells of one column written otherwise."""
    head, *rows = rows_of(name)
    place = next(n for n, one in enumerate(head) if one.startswith(heading))
    return [head, *([*row[:place], cell(row[place]), *row[place + 1 :]] for row in rows)]


def put(tmp_path, rows, separator=",", encoding="utf-8", preamble=""):
    path = tmp_path / "a.csv"
    path.write_bytes(text(rows, separator, preamble).decode().encode(encoding))
    return path


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("Current", lambda one: one.replace("-", "\u2212")), ("Voltage", lambda one: f"{float(one):.5E}".replace("E", "D")),
     ("Test_Time", lambda one: f'"{float(one):,.3f}"')],
)  # fmt: skip
def test_numbers_in_other_letters_are_the_same_test_and_noted(tmp_path, heading, cell):
    found = read(put(tmp_path, changed("arbin", heading, cell)))
    same_as_truth(found.points)
    assert any("numbers written as" in told for told in found.findings)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_two_bytes_a_letter_are_seen_without_a_mark(tmp_path, encoding):
    found = read(put(tmp_path, rows_of("arbin"), encoding=encoding))
    same_as_truth(found.points)
    assert any(f"read as {encoding}" in told for told in found.findings)


def test_chinese_letters_of_windows_are_read(tmp_path):
    rows = [[CHINESE.get(cell, cell) for cell in row] for row in rows_of("neware")]
    found = read(put(tmp_path, rows, encoding="gb18030"))
    assert found.source.reader == "neware"
    same_as_truth(found.points)


def test_a_clock_time_may_have_a_decimal_comma(tmp_path):
    rows = changed("neware", "Total Time", lambda one: f"{one},000")
    same_as_truth(read(put(tmp_path, rows, ";")).points)


@pytest.mark.parametrize(
    "words",
    [
        {"C": "Charge", "D": "Discharge", "R": "Rest"},
        {"C": "CHA", "D": "DIS", "R": "R"},
        {"C": "CC_CHG", "D": "CC_DCHG", "R": "R"},
    ],
)
@pytest.mark.parametrize("sign", [None, "positive charges", "positive discharges"])
def test_a_magnitude_has_the_sign_of_its_step_whatever_is_declared_for_the_lab(tmp_path, words, sign):
    rows = changed("maccor", "State", lambda one: words.get(one, one))
    found = read(put(tmp_path, rows, "\t"), LabContract(current_sign=sign))
    same_as_truth(found.points)
    assert (sign is not None) == any("not the contract" in told for told in found.findings)


def test_a_date_between_dots_has_its_day_first(tmp_path):
    rows = changed("maccor", "DPt Time", lambda one: f"{one[3:5]}.{one[:2]}.{one[6:]}")
    found = read(put(tmp_path, rows, "\t"))
    assert f"{found.points['wall_clock'][0]:%Y-%m-%d}" == "2026-03-02"
    assert any("not proven" in told for told in found.findings)


def test_a_time_that_begins_anew_in_each_step_is_refused_with_the_way(tmp_path):
    head, *rows = rows_of("arbin")
    test, step = (
        next(n for n, one in enumerate(head) if one.startswith(of)) for of in ("Test_Time", "Step_Time")
    )
    rows = [[row[step] if n == test else cell for n, cell in enumerate(row)] for row in rows]
    with pytest.raises(LabFileRefused, match="declare the column that counts from the start of the test"):
        read(put(tmp_path, [head, *rows]))


def test_a_temperature_of_another_unit_is_left_out_with_the_way_to_declare_it(tmp_path):
    found = read(put(tmp_path, changed("arbin", "Aux_Temperature", lambda one: f"{float(one) * 1e3:.0f}")))
    assert found.points["temperature_c"].null_count() == found.points.height
    assert any("--column 'its heading=temperature_c:0.001'" in told for told in found.findings)


@pytest.mark.parametrize(
    "written", ["%d/%m/%y %H:%M:%S", "%m/%d/%y %I:%M:%S %p", "%y/%m/%d %H:%M:%S", "%d.%m.%y %H:%M:%S",
                "%d-%b-%Y %H:%M:%S", "%d-%b-%y %H:%M:%S"]
)  # fmt: skip
def test_a_year_of_two_digits_and_a_month_by_its_name_are_the_same_clock(tmp_path, written):
    """A test over midnight: its rows prove the order of year, month and day."""
    head, *rows = rows_of("arbin")
    time, date = (next(n for n, one in enumerate(head) if one.startswith(of)) for of in ("Test_Time", "Date"))
    begins = datetime(2024, 4, 3, 23)
    for row in rows:
        row[date] = f"{begins + timedelta(seconds=round(float(row[time]))):{written}}"
    clock = read(put(tmp_path, [head, *rows])).points["wall_clock"]
    assert clock[0] - timedelta(seconds=round(float(rows[0][time]))) == begins
    assert clock[-1] - clock[0] < timedelta(days=3)


@pytest.mark.parametrize("parts", [1e3, 1e6, 1e9])
def test_parts_of_seconds_since_1970_are_instants(tmp_path, parts):
    head, *rows = rows_of("arbin")
    time, date = (next(n for n, one in enumerate(head) if one.startswith(of)) for of in ("Test_Time", "Date"))
    for row in rows:
        row[date] = f"{round((1.7e9 + float(row[time])) * parts)}"
    found = read(put(tmp_path, [head, *rows])).points["ts"]
    assert abs(found[0].timestamp() - 1.7e9 - float(rows[0][time])) < 1e-3
