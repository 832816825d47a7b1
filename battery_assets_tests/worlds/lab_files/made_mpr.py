"""A BioLogic .mpr of the made test, written byte by byte from the facts of the format (SOURCES 10), not from
the reader: galvani reads the same numbers from such files."""

import struct
from datetime import datetime, timedelta

import numpy as np

from battery_assets_tests.worlds.lab_files.made_files import START, TRUTH

SIGNATURE = b"BIO-LOGIC MODULAR FILE\x1a" + 25 * b" " + 4 * b"\0"
_WIDTHS = {
    4: "d", 5: "f", 6: "f", 7: "d", 8: "f", 9: "f", 11: "d", 13: "d", 24: "d", 32: "f", 39: "H", 70: "f",
    131: "H", 438: "d", 462: "f", 467: "d", 468: "I", 498: "d", 499: "d",
}  # fmt: skip
_FLAGS = (1, 2, 3, 21, 31, 65)
_STARTS = {2: 405, 3: 406, 11: 1007}


def module(short: str, long: str, body: bytes, version: int, *, new: bool, day: datetime = START) -> bytes:
    """A module; `new` as EC-Lab 11.50 and later write its header."""
    names = b"MODULE" + short.ljust(10).encode() + long.ljust(25).encode()
    sizes = (
        struct.pack("<IIII", 0xFFFFFFFF, len(body), 0, version)
        if new
        else struct.pack("<II", len(body), version)
    )
    return names + sizes + day.strftime("%m/%d/%y").encode() + body


def points(columns: dict[int, list], version: int) -> bytes:
    """The body of 'VMP data'. The flags share one byte where the first of them stands."""
    numbers = list(columns)
    rows = len(next(iter(columns.values())))
    head = struct.pack("<I", rows) + (
        struct.pack("<H", len(numbers)) if version >= 10 else bytes([len(numbers)])
    )
    head += b"".join(struct.pack("<H", number) for number in numbers)
    first_flag = next((number for number in numbers if number in _FLAGS), None)
    stored = [number for number in numbers if number not in _FLAGS or number == first_flag]
    row = struct.Struct("<" + "".join("B" if number in _FLAGS else _WIDTHS[number] for number in stored))
    packed = b"".join(row.pack(*cells) for cells in zip(*(columns[number] for number in stored), strict=True))
    return head.ljust(_STARTS[version], b"\0") + packed


def truth_columns(**other: list) -> dict[int, list]:
    """The made test in EC-Lab's columns: flags, Ns, time, Ewe, I, dq, Q-Qo, cycle, temperature, Q charge, Q discharge."""
    one = TRUTH.to_dict(as_series=False)
    net = [1e3 * value for value in one["net_ah"]]
    per_step = {
        kind: [1e3 * q if k == kind else 0.0 for q, k in zip(one["step_ah"], one["kind"], strict=True)]
        for kind in "CD"
    }
    return {
        **dict.fromkeys(_FLAGS, [1] * len(net)),
        131: one["step"],
        4: one["time"],
        6: one["voltage"],
        8: [1e3 * current for current in one["current"]],
        7: np.diff(net, prepend=0.0).tolist(),
        13: net,
        24: [float(cycle) for cycle in one["cycle"]],
        462: one["temperature"],
        498: per_step["C"],
        499: per_step["D"],
    }


def log(start: datetime, size: int = 8010) -> bytes:
    """The body of 'VMP LOG': its start is an OLE date at byte 0x249."""
    body = bytearray(size)
    body[0x249:0x251] = struct.pack("<d", (start - datetime(1899, 12, 30)) / timedelta(days=1))
    return bytes(body)


def mpr(
    columns: dict[int, list] | None = None,
    version: int = 3,
    *,
    technique: int = 4,
    start: datetime | None = START,
    data: bytes | None = None,
) -> bytes:
    """A whole file; without a start the log is not written yet. `data` stands for the body of the points."""
    new = version >= 10
    settings = bytes([technique]) + bytes(6653)
    parts = [
        module("VMP Set", "VMP settings", settings, 10 if new else 0, new=new),
        module("VMP data", "VMP data", data or points(columns or truth_columns(), version), version, new=new),
    ]
    if start:
        parts.append(module("VMP LOG", "VMP LOG", log(start), 10 if new else 0, new=new))
    return SIGNATURE + b"".join(parts)
