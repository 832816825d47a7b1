"""How much a workbook takes to be read: by its own cells, before a reader makes room for them.

A reader makes room for all places between a sheet's first cell and its last. One cell at the far corner asks
for 17,000 million places, and a process that does not get them is gone: no exception is raised.

Sheets as Excel and its like write them name each row and cell at once, `<c r="AB12"`, and are measured here.
Whatever is written otherwise is opened once by a process of its own, under a limit of memory.
"""

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from battery_assets.ingest.files.parquet_file import decode_apart
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.files.unpacked import LARGEST_RATIO, RATIO_COUNTS_FROM

LARGEST_WORKBOOK = 512 << 20
# As many as a workbook of that size can fill: a cell takes 16 bytes at least.
LARGEST_SHEET = LARGEST_WORKBOOK // 16
# Of the process that opens what is written otherwise: thrice what so many places take of the reader.
MEMORY_BYTES, CPU_SECONDS = 4 << 30, 60
_TRIAL = Path(__file__).with_name("trial_child.py")
_BLOCK = 1 << 20
_LETTERS, _FEW_ROWS = 26, 99_999
_SHEET, _PREFIXED = b"sheetData", re.compile(rb":(?:sheetData|row|c)[\s/>]")
# What names no place up to Z99999 in the usual way: most sheets have nothing of it.
_NOT_SMALL = (
    re.compile(rb'<c(?! r="[A-Z][1-9]\d{0,4}")[\s/>]'),
    re.compile(rb'<row(?! r="[1-9]\d{0,4}")[\s/>]'),
)
# What names its place otherwise, or not at all; columns of two letters and more; rows of six digits and more.
_ODD = (
    re.compile(rb'<c(?! r="[A-Z]{1,3}[1-9]\d{0,6}")[\s/>]'),
    re.compile(rb'<row(?! r="[1-9]\d{0,6}")[\s/>]'),
)
_WIDE = re.compile(rb'<c r="([A-Z]{2,3})')
_TALL = re.compile(rb'<row r="(\d{6,7})"'), re.compile(rb'<c r="[A-Z]{1,3}(\d{6,7})"')
_EVERY_ROW = (re.compile(rb'<c r="[A-Z]{1,3}(\d+)"'),)


def too_large(path: Path) -> str | None:
    """What of a workbook is more than a reader is given; None where nothing is, and for another archive.

    Raises zipfile.BadZipFile for a part that is broken, or longer than the archive says.
    """
    with zipfile.ZipFile(path) as archive:
        parts, packed = archive.infolist(), path.stat().st_size
        unpacked = sum(part.file_size for part in parts)
        if unpacked > LARGEST_WORKBOOK:
            return f"it unpacks to {unpacked:,} bytes; at most {LARGEST_WORKBOOK:,} are read"
        if unpacked > max(RATIO_COUNTS_FROM, LARGEST_RATIO * packed):
            return f"{packed:,} bytes unpack to {unpacked:,}: above {LARGEST_RATIO} to 1"
        # A reader takes capitals and the other slash for the same name.
        if not any(part.filename.lower().endswith("workbook.xml") for part in parts):
            return None
        for part in parts:
            rows, columns = _reach(archive, part)
            if not rows:
                return _tried(path)
            if rows * columns > LARGEST_SHEET:
                return (
                    f"{part.filename} reaches to row {rows:,} and column {columns:,}; at most "
                    f"{LARGEST_SHEET:,} places are read"
                )
    return None


def _reach(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int]:
    """The last row at most, and the widest column, of a sheet; 1 and 1 for a part that is none.

    0 and 0 for a sheet in which anything is written otherwise.
    """
    sheet, widest, last = False, _LETTERS, _FEW_ROWS
    for content in _tags(archive, part):
        sheet = sheet or _SHEET in content
        if not content or _PREFIXED.search(content):
            return 0, 0
        if not sheet or not any(place.search(content) for place in _NOT_SMALL):
            continue
        if any(odd.search(content) for odd in _ODD):
            return 0, 0
        widest = max([widest, *map(_column, set(_WIDE.findall(content)))])
        last = max(last, _furthest(_TALL, content))
    if not sheet:
        return 1, 1
    if last == _FEW_ROWS and last * widest > LARGEST_SHEET:
        last = max(_furthest(_EVERY_ROW, content) for content in _tags(archive, part))
    return max(last, 1), widest


def _tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part in blocks that begin with a tag; an empty one for a tag that is longer than one."""
    try:
        with archive.open(part) as file:
            content = b""
            while block := file.read(_BLOCK):
                content += block
                end = content.rfind(b"<")
                if end > 0:
                    yield content[:end]
                    content = content[end:]
                elif len(content) > _BLOCK:
                    yield b""
                    content = b""
            if content:
                yield content
    # An unknown compression, a locked part, a broken stream.
    except (NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise zipfile.BadZipFile(f"{part.filename}: {error}") from error


def _furthest(rows: tuple[re.Pattern[bytes], ...], content: bytes) -> int:
    return max((int(row) for named in rows for row in named.findall(content)), default=0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def _tried(path: Path) -> str | None:
    """What a process of its own says that opens every sheet; None where it could, or the file is none."""
    with tempfile.TemporaryDirectory(prefix="battery-assets-workbook-") as folder:
        try:
            decode_apart(
                _TRIAL, path, Path(folder), {"memory_bytes": MEMORY_BYTES, "cpu_seconds": CPU_SECONDS}
            )
        except FileRefused:
            return f"its sheets take more than {MEMORY_BYTES >> 30} GiB to be opened, or {CPU_SECONDS} s"
    return None
