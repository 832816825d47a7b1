"""A workbook is refused before a reader makes room for it: by its size, its ratio, its furthest cell."""

import zipfile
from pathlib import Path
from string import ascii_uppercase as LETTERS

import pytest

from battery_assets.ingest.discharge_tests.sheet import DischargeTestError, chosen_table
from battery_assets.ingest.files.workbook_size import too_large
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


def reasons(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        return too_large(archive, path.stat().st_size)


@pytest.mark.parametrize(
    "far",
    [FAR, FAR.replace('"', "'"), FAR.replace("r=", "r \n=\t"), FAR.replace("<", "<x:").replace("<x:/", "</x:"),
     '<row r="40000"><c r="A40000"/></row><row r="40001"><c r="ZZZ40001"/><c r="A40001"/></row>',
     " " * (1 << 20) + FAR, FAR + "<row/>" * 300_000],
    ids=["far", "quotes", "blanks", "prefix", "wide in the middle", "next block", "rows without a number"],
)  # fmt: skip
def test_a_cell_at_the_far_corner_is_refused_by_every_reader(tmp_path, far):
    path = stored(tmp_path / "far.xlsx", HEAD + FIRST + far + TAIL)
    assert "reaches to row" in str(reasons(path))
    with pytest.raises(
        LabFileRefused, match=r"TOO_LARGE.*reaches to row.*next step: delete what stands outside"
    ):
        read(path)
    with pytest.raises(DischargeTestError, match=r"far\.xlsx: xl/worksheets/sheet1\.xml reaches to row"):
        chosen_table(path, None)


@pytest.mark.parametrize(("rows", "columns"), [(60_000, 3), (20, 702)])
def test_a_long_or_a_wide_table_is_read(tmp_path, rows, columns):
    assert reasons(stored(tmp_path / "honest.xlsx", HEAD + table(rows, columns) + TAIL)) is None


def test_what_shrinks_too_much_is_refused(tmp_path):
    path = stored(tmp_path / "text.xlsx", HEAD + " " * (20 << 20) + TAIL)
    assert "above 200 to 1" in str(reasons(path))


def test_a_part_that_is_longer_than_its_archive_says_is_refused(tmp_path):
    path = stored(tmp_path / "lies.xlsx", HEAD + FIRST * 1_000 + TAIL)
    size = len(HEAD + FIRST * 1_000 + TAIL)
    raw = path.read_bytes()
    assert raw.count(size.to_bytes(4, "little")) == 2
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(LabFileRefused, match="TRUNCATED_ARCHIVE"):
        read(path)
