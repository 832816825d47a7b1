"""The bytes of a foreign file, and what kind of file they make: told by the bytes, never by the name."""

import gzip
import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from battery_assets.ingest.files.unpacked import LARGEST_RATIO, RATIO_COUNTS_FROM, UTF8_MARK
from battery_assets.ingest.files.workbooks.size import too_large
from battery_assets.ingest.lab.refusal import LabFileRefused

LARGEST_TEXT = 4 << 30
_BLOCK = 16 << 20
MATLAB_73 = b"MATLAB 7.3"
_MAGIC = {
    b"PAR1": "parquet",
    b"PARE": "encrypted",
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"BIO-LOGIC MODULAR FILE": "mpr",
    b"NEWARE": "nda",
    b"\x89HDF\r\n\x1a\n": "hdf5",
    MATLAB_73: "mat73",
    b"MATLAB 5.0": "mat5",
    b"\xd0\xcf\x11\xe0": "ole",
    b"SQLite format 3": "sqlite",
    b"%PDF": "pdf",
}
# Bytes of the headings 电压 and 电流 as Chinese Windows writes them.
_CHINESE_VOLTAGE = tuple(word.encode("gb18030") for word in ("电压", "电流"))
_ACCESS = (b"Standard Jet DB", b"Standard ACE DB")


@dataclass(frozen=True)
class Content:
    """kind: of the (unpacked) content; text: its bytes with plain line feeds, for kind 'text' only."""

    path: Path
    kind: str
    size: int
    sha256: str
    text: bytes
    notes: tuple[str, ...]


def content(path: Path) -> Content:
    """Open a file. Raises LabFileRefused: VANISHED, EMPTY_FILE, ENCODING, TRUNCATED_ARCHIVE, TOO_LARGE."""
    path = Path(path)
    try:
        size = path.stat().st_size
        # Without a buffer, what was read of the beginning is not put before the rest in a second copy.
        with path.open("rb", buffering=0) as file:
            head = file.read(512)
            kind = _kind(path, head)
            file.seek(0)
            if kind != "text":
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            elif size > LARGEST_TEXT:
                raise _too_large(size)
            else:
                raw = file.read()
                digest = hashlib.sha256(raw).hexdigest()
    except OSError as error:
        raise LabFileRefused(
            "VANISHED",
            found=f"{path} cannot be opened ({error.strerror})",
            expected="a readable file",
            next_step="check the path and its permissions",
        ) from error
    if not head:
        raise LabFileRefused(
            "EMPTY_FILE",
            found="0 bytes",
            expected="a cycler's export",
            next_step="export or copy the file again",
        )
    if kind not in ("text", "gzip"):
        return Content(path, kind, size, digest, b"", ())
    text, notes = _as_text(_unpacked(path, size) if kind == "gzip" else raw)
    return Content(path, "text", size, digest, text, notes)


def _kind(path: Path, head: bytes) -> str:
    if any(mark in head[:32] for mark in _ACCESS):
        return "access"
    kind_found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "text")
    return _inside(path) if kind_found == "zip" else kind_found


def _inside(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        more = too_large(path)
    except zipfile.BadZipFile as error:
        raise LabFileRefused(
            "TRUNCATED_ARCHIVE",
            found=f"a zip archive that cannot be opened ({error})",
            expected="a whole workbook (.xlsx) or Neware .ndax",
            next_step="copy the file again; close it in Excel or BTSDA first",
        ) from error
    if more:
        raise LabFileRefused(
            "TOO_LARGE",
            found=f"an archive that is too large: {more}",
            expected="a test of a usual size",
            next_step="delete what stands outside of the table, or export the test as CSV",
        )
    if "xl/workbook.xml" in names:
        return "workbook"
    return "ndax" if any(name.endswith(".ndc") for name in names) else "zip"


def _unpacked(path: Path, size: int) -> bytes:
    blocks, total = [], 0
    try:
        with gzip.open(path, "rb") as file:
            while block := file.read(_BLOCK):
                total += len(block)
                if total > LARGEST_TEXT or (total > RATIO_COUNTS_FROM and total > LARGEST_RATIO * size):
                    raise _too_large(total)
                blocks.append(block)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LabFileRefused(
            "TRUNCATED_ARCHIVE",
            found=f"a gzip archive that breaks after {total:,} unpacked bytes ({error})",
            expected="a whole archive",
            next_step="copy the file again",
        ) from error
    return b"".join(blocks)


def _too_large(size: int) -> LabFileRefused:
    return LabFileRefused(
        "TOO_LARGE",
        found=f"{size:,} bytes or more",
        expected=f"at most {LARGEST_TEXT:,}, and at most {LARGEST_RATIO} times the packed size",
        next_step="export the test in parts",
    )


def _as_text(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The text in UTF-8 with line feeds. UTF-16 and Chinese are read where a mark or their bytes say so."""
    notes: tuple[str, ...] = ()
    sample = raw[:65_536]
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            raw, notes = _decoded(raw, encoding).encode(), (f"read as {encoding}, as its first bytes say",)
            sample = raw[:65_536]
    if not notes and (shown := _unmarked(sample)):
        raw, notes = _decoded(raw, shown).encode(), (f"read as {shown}, as its bytes show",)
        sample = raw[:65_536]
    if sample.count(0) * 20 > len(sample):
        raise LabFileRefused(
            "UNSUPPORTED",
            found="binary content of no kind that is read here",
            expected="text, a workbook, Parquet, or a cycler's file of a known kind",
            next_step="export as text: Maccor: MacTest 'Export to text'; others: the cycler's CSV export",
        )
    raw = raw.removeprefix(UTF8_MARK)
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
        raw = raw.replace(b"\r", b"\n") if b"\n" not in raw else raw
    return raw, notes


def _unmarked(sample: bytes) -> str | None:
    """An encoding that bytes show without a mark: UTF-16 of Latin letters, Chinese as BTSDA writes it."""
    half = len(sample) // 2
    for at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if half and sample[at::2].count(0) > 0.9 * half and sample[1 - at :: 2].count(0) < 0.01 * half:
            return encoding
    if any(word in sample for word in _CHINESE_VOLTAGE):
        try:
            sample.decode("utf-8")
        except UnicodeDecodeError as error:
            return "gb18030" if error.start < len(sample) - 4 else None
    return None


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise LabFileRefused(
            "ENCODING",
            found=f"text that calls itself {encoding} and is not (byte {error.start})",
            expected="UTF-8, or UTF-16 with its mark",
            next_step="export as UTF-8",
        ) from error


def words(line: bytes) -> str:
    """A heading or preamble line as text: UTF-8, else Windows-1252, as older exports write °."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
