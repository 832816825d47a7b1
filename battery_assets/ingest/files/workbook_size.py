"""How much a workbook takes to be read: by its own cells, before a reader makes room for them.

A reader makes room for all places between the first cell and the last. One cell at the far corner of a sheet
asks for 17,000 million places, and a process that does not get them is gone.
"""

import re
import zipfile
import zlib

from battery_assets.ingest.files.unpacked import LARGEST_RATIO, RATIO_COUNTS_FROM

WORKBOOK = "xl/workbook.xml"
LARGEST_WORKBOOK = 512 << 20
# As many as a workbook of that size can fill: a cell takes 16 bytes at least.
LARGEST_SHEET = LARGEST_WORKBOOK // 16
_BLOCK = 1 << 20
# A place that a cell names, `r="AB12"`, once blanks are out and quotes are of one kind. Other attributes of a
# sheet end in r, but not with such a value.
_WIDE, _ROW = re.compile(rb'r="([A-Z]{2,3})\d'), re.compile(rb'r="[A-Z]{0,3}(\d{1,7})"')
_BLANKS, _ONE_QUOTE = b" \t\r\n", bytes.maketrans(b"'", b'"')
_LONGEST_PLACE, _NEAR_END, _LAST_ROWS = 64, 4_096, 100
_CELLS = b"sheetData"
_LETTERS = 26


def too_large(archive: zipfile.ZipFile, packed: int) -> str | None:
    """What of a workbook is more than a reader is given; None where nothing is. packed: bytes of its file.

    Each part of a workbook is unpacked once. Raises zipfile.BadZipFile for one that is broken, or longer than
    the archive says.
    """
    unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > LARGEST_WORKBOOK:
        return f"it unpacks to {unpacked:,} bytes; at most {LARGEST_WORKBOOK:,} are read"
    if unpacked > max(RATIO_COUNTS_FROM, LARGEST_RATIO * packed):
        return f"{packed:,} bytes unpack to {unpacked:,}: above {LARGEST_RATIO} to 1"
    for part in archive.infolist() if WORKBOOK in archive.namelist() else []:
        rows, columns = _reach(archive, part)
        if rows * columns > LARGEST_SHEET:
            return (
                f"{part.filename} reaches to row {rows:,} and column {columns:,}; at most {LARGEST_SHEET:,} "
                "places are read"
            )
    return None


def _reach(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int]:
    """The last row and the widest column that a sheet names; 0 and 0 for a part that is none."""
    widest, last, cells, content = _LETTERS, 0, False, b""
    try:
        with archive.open(part) as file:
            while block := file.read(_BLOCK):
                content = content[-_LONGEST_PLACE:] + block.translate(_ONE_QUOTE, _BLANKS)
                cells = cells or _CELLS in content
                widest = max([widest, *map(_column, set(_WIDE.findall(content)))])
                # Rows stand in order: the last that is named near the end is the last of the block.
                rows = _ROW.findall(content[-_NEAR_END:]) or _ROW.findall(content)
                last = max([last, *map(int, rows[-_LAST_ROWS:])])
    except (zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise zipfile.BadZipFile(f"{part.filename}: {error}") from error
    return (last, widest) if cells else (0, 0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number
