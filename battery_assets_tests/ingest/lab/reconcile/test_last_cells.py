"""Exports whose format never ends the last line are whole; a cell that is shorter than its column is not."""

import pytest

from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import TRUTH, made, rows_of, written


def last(name: str, column: str, form: str) -> bytes:
    """The made file with one column moved to its end, its numbers in one form, and no end of the last line."""
    rows = rows_of(name)
    place = rows[0].index(column)
    moved = [[*row[:place], *row[place + 1 :], row[place]] for row in rows]
    for row in moved[1:]:
        row[-1] = format(float(row[-1]), form)
    return made(name, moved).removesuffix(b"\n")


def test_a_complete_export_without_a_last_line_end_is_read(shared_data):
    one = read(shared_data / "cases_files/bio_voltage_is_last_column.mpt")
    assert (one.points.height, one.points["voltage_v"].min(), one.points["voltage_v"].max()) == (
        30,
        3.5,
        3.558,
    )
    assert any("has no end: its last field has the form" in finding for finding in one.findings)


@pytest.mark.parametrize(
    ("name", "column", "form"),
    [
        ("biologic", "Ecell/V", ".7E"),
        ("biologic", "Ecell/V", ".5f"),
        ("biologic", "I/mA", ".15E"),
        ("arbin", "Voltage(V)", ".6e"),
        ("battery data format", "Current / A", ".8E"),
    ],
)
def test_a_last_cell_of_its_columns_form_is_whole(name, column, form, tmp_path):
    one = read(written(tmp_path, last(name, column, form)))
    assert one.points.height == TRUTH.height
    assert one.points["voltage_v"][-1] == pytest.approx(TRUTH["voltage"][-1], abs=1e-5)


@pytest.mark.parametrize(("form", "cut"), [(".7E", 1), (".7E", 4), (".7E", 6), (".5f", 1), (".5f", 3)])
def test_a_last_cell_that_is_shorter_than_its_column_may_be_cut(form, cut, tmp_path):
    with pytest.raises(LabFileRefused, match=r"TRUNCATED.*Ecell/V"):
        read(written(tmp_path, last("biologic", "Ecell/V", form)[:-cut]))


def test_numbers_of_several_forms_prove_nothing(tmp_path):
    with pytest.raises(LabFileRefused, match=r"TRUNCATED.*Ecell/V"):
        read(written(tmp_path, last("biologic", "Ecell/V", "g")))
