"""A workbook is refused before a reader makes room for it: by its size, its ratio, its furthest cell."""

import zipfile
from pathlib import Path
from string import ascii_uppercase as LETTERS

import pytest

from battery_assets.ingest.discharge_tests.sheet import DischargeTestError, chosen_table
from battery_assets.ingest.files.workbooks.size import too_large
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.workbooks import workbook

HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FIRST, TAIL = '<row r="1"><c r="A1"><v>1</v></c></row>', "</sheetData></worksheet>"
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


def stored(path: Path, sheet: str) -> Path:
    """A workbook with this for its sheet."""
    whole = workbook(path.with_name("whole.xlsx"), {"record": [["voltage"]]})
    with zipfile.ZipFile(whole) as of, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for part in of.infolist():
            body = sheet.encode() if part.filename == "xl/worksheets/sheet1.xml" else of.read(part)
            made.writestr(part.filename, body)
    return path


def table(rows: int, columns: int) -> str:
    """A sheet of ones that names each of its places."""
    names = [name for one in ["", *LETTERS] for two in LETTERS for name in [one + two]][:columns]
    return "".join(
        f'<row r="{row}">' + "".join(f'<c r="{name}{row}"><v>1</v></c>' for name in names) + "</row>"
        for row in range(1, rows + 1)
    )


FORMS = {
    "far": FAR,
    "wide in the middle": '<row r="40000"><c r="A40000"/></row><row r="40001"><c r="ZZZ40001"/></row>'
    + FIRST,
    "next block": " " * (1 << 20) + FAR,
    "before the others": FAR + '<row r="2"><c r="A2"><v>1</v></c></row>' * 2_000,
}
OTHERWISE = {
    "quotes": FAR.replace('"', "'"),
    "blanks": FAR.replace("r=", "r \n=\t"),
    "prefix": FAR.replace("<", "<x:").replace("<x:/", "</x:"),
    "every prefix": FAR.replace("<", "<x:").replace("<x:/", "</x:").replace("r=", "r\n="),
    "small letters": FAR.replace("XFD", "xfd"),
    "zeros": FAR.replace("XFD", "XFD000"),
    "beyond a sheet": FAR.replace("1048576", "4000000000"),
    "a row alone": '<row r="999999999"><c><v>1</v></c></row>',
    "columns without a name": '<row r="1">'
    + "<c><v>1</v></c>" * 20_000
    + '</row><row r="99999"><c r="A99999"><v>1</v></c></row>',
}


@pytest.mark.parametrize("far", [*FORMS.values(), *OTHERWISE.values()], ids=[*FORMS, *OTHERWISE])
def test_a_cell_at_the_far_corner_is_refused_by_every_reader(tmp_path, far):
    path = stored(tmp_path / "far.xlsx", HEAD + FIRST + far + TAIL)
    why = "reaches to row" if far in FORMS.values() else "its sheets take more than"
    with pytest.raises(LabFileRefused, match=rf"TOO_LARGE.*{why}.*next step: delete what stands outside"):
        read(path)
    with pytest.raises(DischargeTestError, match=rf"far\.xlsx: .*{why}"):
        chosen_table(path, None)


def test_a_workbook_in_capitals_is_one(tmp_path):
    path = tmp_path / "far.xlsx"
    plain = stored(tmp_path / "plain.xlsx", HEAD + FIRST + FAR + TAIL)
    with zipfile.ZipFile(plain) as of, zipfile.ZipFile(path, "w") as made:
        for part in of.namelist():
            made.writestr(part.upper() if part.startswith("xl/") else part, of.read(part))
    assert "reaches to row" in str(too_large(path))


def test_cells_that_name_no_place_are_read_where_they_are_few(tmp_path):
    assert (
        too_large(stored(tmp_path / "honest.xlsx", HEAD + "<row><c><v>1</v></c></row>" * 1_000 + TAIL))
        is None
    )


@pytest.mark.parametrize(("rows", "columns"), [(60_000, 3), (120_000, 2), (20, 702)])
def test_a_long_or_a_wide_table_is_read(tmp_path, rows, columns):
    assert too_large(stored(tmp_path / "honest.xlsx", HEAD + table(rows, columns) + TAIL)) is None


def test_what_shrinks_too_much_is_refused(tmp_path):
    path = stored(tmp_path / "text.xlsx", HEAD + " " * (20 << 20) + TAIL)
    assert "above 200 to 1" in str(too_large(path))


def test_a_part_that_is_longer_than_its_archive_says_is_refused(tmp_path):
    path = stored(tmp_path / "lies.xlsx", HEAD + FIRST * 1_000 + TAIL)
    size = len(HEAD + FIRST * 1_000 + TAIL)
    raw = path.read_bytes()
    assert raw.count(size.to_bytes(4, "little")) == 2
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(LabFileRefused, match="TRUNCATED_ARCHIVE"):
        read(path)
