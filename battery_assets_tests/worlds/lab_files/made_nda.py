"""A Neware .nda of version 29, written byte by byte from the facts of the format, not from the reader."""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta

START = datetime(2024, 3, 5, 8, 0, 0)
CC_CHARGE, CC_DISCHARGE, REST = 1, 2, 4
# One unit of current in the range of 1,000 mA, mA.
_RANGE, _UNIT_MA = 1_000, 0.1


def record(
    index: int,
    step: int,
    status: int,
    time_ms: int,
    volts: float,
    current_ma: float,
    own_ms: int,
    clock: datetime,
) -> bytes:
    """One record of 86 bytes; `own_ms` of its step, in which the cycler counted what follows from the current."""
    counted = round(abs(current_ma) / _UNIT_MA * own_ms / 1_000)
    charge, discharge = (counted, 0) if current_ma > 0 else (0, counted)
    body = b"\x55\x00" + struct.pack("<IIHBB", index, 0, step, status, 0)
    body += struct.pack("<Qii", time_ms, round(volts * 10_000), round(current_ma / _UNIT_MA)) + bytes(8)
    body += struct.pack("<qqqq", charge, discharge, 0, 0)
    body += struct.pack("<HBBBBB", clock.year, clock.month, clock.day, clock.hour, clock.minute, clock.second)
    return (body + b"\x00" + struct.pack("<i", _RANGE)).ljust(86, b"\x00")


def nda(
    steps: Sequence[tuple[int, float, int]],
    *,
    interval_ms: int,
    runs_on: bool = False,
    without: Sequence[int] = (),
    version: int = 29,
) -> bytes:
    """A file of steps (status, current in mA, records); `runs_on`: the time does not begin anew in a step;
    `without`: record numbers that are not in the file."""
    records, index, before_ms, clock = [], 0, 0, START
    for number, (status, current_ma, many) in enumerate(steps, start=1):
        for row in range(many):
            index += 1
            own_ms = row * interval_ms
            clock = START + timedelta(milliseconds=before_ms + own_ms)
            volts = 3.5 + 0.1 * (row / many) * (current_ma > 0) - 0.1 * (row / many) * (current_ma < 0)
            shown_ms = before_ms + own_ms if runs_on else own_ms
            if index not in without:
                records.append(record(index, number, status, shown_ms, volts, current_ma, own_ms, clock))
        before_ms += (many - 1) * interval_ms
    head = b"NEWARE".ljust(14, b"\x00") + bytes([version])
    return head.ljust(512, b"\x00") + b"".join(records)
