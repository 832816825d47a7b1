"""BioLogic's binary .mpr of EC-Lab and BT-Lab, read from its bytes.

A signature, then modules one behind the other: a header with names, length, version and date, and that many
bytes. 'VMP data' holds the number of points, the columns by number, and from a place that its version fixes
the points, packed row by row; 'VMP Set' begins with the technique; 'VMP LOG' has the start as days since
1899-12-30 by the computer's clock. Facts of the format: SOURCES 10, and real files of versions 3 and 11.

Lengths have to add up to the byte, in the file and in the table of points: a file that is cut, or whose
columns are other than we know them, never yields a number. Techniques that control the current (GCPL) store
the charge of each interval and no current: what flowed is that charge over that time (`derived`), and so is a
file's own P over Ewe.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from battery_assets.ingest.lab.dialects.headings import headings
from battery_assets.ingest.lab.formats.content import Content
from battery_assets.ingest.lab.formats.mpr_columns import COLUMNS, FLAGS, TECHNIQUES
from battery_assets.ingest.lab.formats.raw_table import RawTable, frame_table
from battery_assets.ingest.lab.refusal import LabFileRefused

LARGEST = 2 << 30
_SIGNATURE = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
_NAMES = np.dtype([("mark", "S6"), ("short", "S10"), ("long", "S25")])
_SHORT = np.dtype([*_NAMES.descr, ("length", "<u4"), ("version", "<u4"), ("date", "S8")])
# EC-Lab 11.50 and later: the length's old place holds 0xFFFFFFFF, and the version's a nought.
_LONG = np.dtype(
    [*_NAMES.descr, ("full", "<u4"), ("length", "<u4"), ("nought", "<u4"), ("version", "<u4"), ("date", "S8")]
)
_FULL = 0xFFFF_FFFF
# Version of 'VMP data': type of the number of columns, where the points begin. Columns follow their number.
_LAYOUTS = {2: ("u1", 405), 3: ("u1", 406), 10: ("<u2", 1007), 11: ("<u2", 1007)}
_LOG_START = 0x249
_EXPORT = "export it in EC-Lab: Experiment, Export as text (.mpt) with time/s, Ecell/V, I/mA and (Q-Qo)/mA.h"


class Module(NamedTuple):
    """One module: its short name, version, the day it was begun (None: no date), and its bytes."""

    name: str
    version: int
    day: datetime | None
    body: bytes


def table(file: Content) -> RawTable:
    """The points under EC-Lab's own headings.

    Raises LabFileRefused: TOO_LARGE, CORRUPT, TRUNCATED, UNSUPPORTED, NO_POINTS, NO_ROWS, MISSING_COLUMN.
    """
    if file.size > LARGEST:
        raise LabFileRefused(
            "TOO_LARGE", found=f"{file.size:,} bytes", expected=f"at most {LARGEST:,}", next_step=_EXPORT
        )
    blocks = modules(file.path.read_bytes())
    data = [module for module in blocks if module.name == "VMP data"]
    if len(data) != 1:
        raise LabFileRefused(
            "NO_POINTS" if not data else "CORRUPT",
            found=f"{len(data)} modules with points among {len(blocks)}",
            expected="one",
            next_step="wait until EC-Lab has written the first points, or copy the file again",
        )
    columns = _points(data[0])
    _refuse_without_current(columns)
    frame = pl.DataFrame({str(place): values for place, values in enumerate(columns.values())})
    return frame_table(frame, headings(list(columns)), 1, preamble=_preamble(blocks, data[0]))


def modules(raw: bytes) -> list[Module]:
    """The modules of a file, which fill it to its last byte. Raises LabFileRefused: CORRUPT, TRUNCATED."""
    if not raw.startswith(_SIGNATURE):
        raise _corrupt("a damaged signature", "that of a BioLogic file")
    place, blocks = len(_SIGNATURE), []
    while place < len(raw):
        kind = _LONG if raw[place + 41 : place + 45] == _FULL.to_bytes(4, "little") else _SHORT
        if place + kind.itemsize > len(raw):
            raise _cut(f"{len(raw) - place} bytes of a module's {kind.itemsize} at byte {place}")
        head = np.frombuffer(raw, kind, 1, place)[0]
        if head["mark"] != b"MODULE" or (kind is _LONG and head["nought"]):
            raise _corrupt(f"no module at byte {place}", "modules one behind the other")
        name = head["short"].decode("ascii", "replace").strip()
        place += kind.itemsize
        length = int(head["length"])
        if place + length > len(raw):
            raise _cut(f"{len(raw) - place:,} bytes of the {length:,} of {name!r}")
        blocks.append(Module(name, int(head["version"]), _day(head["date"]), raw[place : place + length]))
        place += length
    return blocks


def _day(text: bytes) -> datetime | None:
    for pattern in ("%m/%d/%y", "%m-%d-%y", "%m.%d.%y"):
        try:
            return datetime.strptime(text.decode("ascii", "replace"), pattern)
        except ValueError:
            continue
    return None


def _points(data: Module) -> dict[str, np.ndarray]:
    """The columns of a data module by their headings."""
    if data.version not in _LAYOUTS:
        raise LabFileRefused(
            "UNSUPPORTED",
            found=f"points in version {data.version}",
            expected=f"version {', '.join(map(str, _LAYOUTS))}",
            next_step=_EXPORT,
        )
    count_type, start = _LAYOUTS[data.version]
    if len(data.body) < start:
        raise _corrupt(f"{len(data.body)} bytes of points", f"at least {start}")
    rows = int(np.frombuffer(data.body, "<u4", 1)[0])
    many = int(np.frombuffer(data.body, count_type, 1, 4)[0])
    first = 4 + np.dtype(count_type).itemsize
    if not 0 < many <= (start - first) // 2:
        raise _corrupt(f"{many} columns", f"1 to {(start - first) // 2}")
    row = _row(np.frombuffer(data.body, "<u2", many, first).tolist())
    if start + rows * row.itemsize != len(data.body):
        raise _corrupt(
            f"{len(data.body) - start:,} bytes for {rows:,} points of {row.itemsize} bytes",
            f"{rows * row.itemsize:,}",
        )
    if not rows:
        raise LabFileRefused(
            "NO_ROWS", found="columns and no point", expected="measured points", next_step="give it later"
        )
    table = np.frombuffer(data.body, row, rows, start)
    return {name: np.ascontiguousarray(table[name]) for name in row.names or () if name != "flags"}


def _row(numbers: list[int]) -> np.dtype:
    """How one point is packed."""
    unknown = [number for number in numbers if number not in COLUMNS and number not in FLAGS]
    if unknown:
        raise LabFileRefused(
            "UNSUPPORTED",
            found=f"column {unknown[0]} of EC-Lab, whose width is not known, nor what lies behind it",
            expected="columns that are known",
            next_step=_EXPORT,
        )
    kinds: dict[str, str] = {}
    for number in numbers:
        name, kind = ("flags", "u1") if number in FLAGS else COLUMNS[number]
        if name in kinds and number not in FLAGS:
            raise _corrupt(f"the column {name!r} twice", "each column once")
        kinds[name] = kind
    return np.dtype(list(kinds.items()))


def _refuse_without_current(columns: dict[str, np.ndarray]) -> None:
    """Raises LabFileRefused: MISSING_COLUMN where neither a current is stored nor what it follows from."""
    if {"I/mA", "<I>/mA", "P/W"} & columns.keys() or {"time/s", "dq/mA.h"} <= columns.keys():
        return
    raise LabFileRefused(
        "MISSING_COLUMN",
        found=f"the columns {', '.join(columns)}: no current, as at open circuit",
        expected="also I/mA, <I>/mA or dq/mA.h",
        next_step="leave this file out, and give those of the techniques that charge and discharge",
    )


def _preamble(blocks: list[Module], data: Module) -> list[str]:
    """What the settings and the log say, as lines of EC-Lab's text export."""
    lines = []
    bodies = {module.name: module.body for module in blocks}
    technique = TECHNIQUES.get(next(iter(bodies.get("VMP Set", b"")), -1))
    if technique:
        lines.append(f"Technique : {technique}")
    log = bodies.get("VMP LOG", b"")
    if len(log) >= _LOG_START + 8:
        begun = _instant(float(np.frombuffer(log, "<f8", 1, _LOG_START)[0]))
        # The points were begun on the same day, or the log of this version has its start elsewhere.
        if begun and data.day and abs(begun - data.day) < timedelta(days=2):
            lines.append(f"Acquisition started on : {begun:%m/%d/%Y %H:%M:%S.%f}")
    return lines


def _instant(days: float) -> datetime | None:
    """An OLE date: days since 1899-12-30; to the millisecond, as EC-Lab writes it."""
    if not 0 < days < 100_000:
        return None
    return datetime(1899, 12, 30) + timedelta(milliseconds=round(days * 86_400_000))


def _corrupt(found: str, expected: str) -> LabFileRefused:
    return LabFileRefused(
        "CORRUPT", found=found, expected=expected, next_step=f"copy the file again, or {_EXPORT}"
    )


def _cut(what: str) -> LabFileRefused:
    return LabFileRefused(
        "TRUNCATED",
        found=what,
        expected="all of them",
        next_step="wait until EC-Lab has finished the file, or copy it again",
    )
