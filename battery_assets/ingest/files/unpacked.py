"""The bytes of a foreign text file: right kind, bounded when unpacked, in blocks."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from battery_assets.ingest.files.problems import FileRefused

BLOCK_BYTES = 16 << 20
# Honest exports shrink 5 to 20 times, a bomb shrinks a thousand times.
LARGEST_RATIO = 200
# Below this an archive is harmless whatever its ratio.
RATIO_COUNTS_FROM = 8 << 20

_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF",
    b"ARROW1": "an Arrow file",
}
_FOREIGN_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
UTF8_MARK = b"\xef\xbb\xbf"


def text_blocks(path: Path, max_unpacked_bytes: int) -> Iterator[bytes]:
    """The unpacked bytes of a .csv or .csv.gz, at most BLOCK_BYTES at once, without the UTF-8 mark.

    Raises FileRefused: EMPTY_FILE, TYPE_MISMATCH, ENCODING, TRUNCATED_ARCHIVE, TOO_LARGE, VANISHED.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise FileRefused("VANISHED", f"cannot be opened: {error.strerror}") from error
    if not head:
        raise FileRefused("EMPTY_FILE", "the file has 0 bytes")
    packed = path.name.lower().endswith(".gz")
    if packed and head[:2] != b"\x1f\x8b":
        raise FileRefused("TYPE_MISMATCH", f"named .gz, but the content is {_kind(head)}")
    total = 0
    for block in _packed(path) if packed else _plain(path):
        if not total:
            block = _checked_start(block)
        total += len(block)
        if total > max_unpacked_bytes:
            raise FileRefused("TOO_LARGE", f"more than {max_unpacked_bytes:,} bytes when unpacked")
        if packed and total > RATIO_COUNTS_FROM and total > LARGEST_RATIO * size:
            raise FileRefused(
                "TOO_LARGE", f"{size:,} bytes unpack to more than {total:,}: above {LARGEST_RATIO} to 1"
            )
        yield block
    if not total:
        raise FileRefused("EMPTY_FILE", "the archive holds 0 bytes")


def _kind(head: bytes) -> str:
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "plain bytes")


def _checked_start(block: bytes) -> bytes:
    for mark, name in _FOREIGN_MARKS.items():
        if block.startswith(mark):
            raise FileRefused("ENCODING", f"{name} byte-order mark at byte 0; export as UTF-8", line=1)
    for magic, kind in _MAGIC.items():
        if block.startswith(magic):
            raise FileRefused("TYPE_MISMATCH", f"named as CSV, but the content is {kind}")
    sample = block[:1024]
    if sample.count(0) * 4 > len(sample):
        raise FileRefused("ENCODING", "every second byte is NUL: UTF-16 or binary, not UTF-8", line=1)
    return block.removeprefix(UTF8_MARK)


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _packed(path: Path) -> Iterator[bytes]:
    unpacked = 0
    try:
        with gzip.open(path, "rb") as file:
            while block := file.read(BLOCK_BYTES):
                unpacked += len(block)
                yield block
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileRefused("TRUNCATED_ARCHIVE", f"after {unpacked:,} unpacked bytes: {error}") from error
