"""Severson-style Q(V) tables: discharge capacity at 1,000 voltages from 3.6 V to 2.0 V, a column a cycle.

The layout of the data set's processed files (SOURCES 10): no headings, 1,000 rows, one column for each
of cycles 2, 3, ... A curve with a capacity that a cell of 1.1 Ah cannot have is quarantined whole: its
interpolation failed.

The data set's batches of MATLAB 7.3 hold the points themselves: SEVERSON_MAT reads one cell of such a batch,
`cells_apart` makes a file of each. A cycle's time begins at 0, as NASA's do. Tried on a file made in their
layout, not on a real one.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.ingest.files.parquet_file import decode_apart
from battery_assets.ingest.files.problems import Fault, quarantine_frame
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Column, Dialect
from battery_assets.ingest.lab.dialects.vocabulary import POINTS_SCHEMA
from battery_assets.ingest.lab.formats.content import MATLAB_73, Content
from battery_assets.ingest.lab.reading import Declared, Reading, Source, content_digest
from battery_assets.ingest.lab.refusal import LabFileRefused

NAME = "severson Q(V) table"
VERSION = 1
GRID_POINTS, HIGHEST_V, LOWEST_V = 1_000, 3.6, 2.0
FIRST_CYCLE = 2
NOMINAL_AH = 1.1
_LOW_AH, _HIGH_SHARE = -0.01, 1.5
_FEWEST_CYCLES = 10
SEVERSON_MAT = Dialect(
    name="severson matlab batch",
    vendor="MIT and Stanford, TRI",
    version=1,
    signature=(),
    columns=(
        Column("test_time_s", ("time",), required=True),
        Column("voltage_v", ("voltage",), required=True),
        Column("current_a", ("current",), required=True),
        Column("temperature_c", ("temperature",)),
        Column("cycle_count", ("cycle",), required=True),
        Column("charge_ah", ("charge",), required=True),
        Column("discharge_ah", ("discharge",), required=True),
        Column("resistance_ohm", ("resistance",)),
    ),
    time_restarts=True,
    policy="tolerant",
    facts={
        "cell": (r"^Test_Name: (.+)$",),
        "barcode": (r"^Barcode: (.+)$",),
        "channel": (r"^Channel: (.+)$",),
        "protocol": (r"^Policy: (.+)$",),
    },
)


def cells_apart(path: Path, folder: Path) -> list[Path]:
    """Files c0.mat, c1.mat ... in `folder`, one for each cell of a batch of many; none for any other file.

    Each has all that the batch has of its cell, and tells what it was cut from. Memory is that of a cell.
    Raises FileRefused: CORRUPT, READER_CRASH, TOO_LARGE.
    """
    with path.open("rb") as file:
        if file.read(len(MATLAB_73)) != MATLAB_73:
            return []
        file.seek(0)
        sha = hashlib.file_digest(file, "sha256").hexdigest()
    request = {"kind": "cells", "name": path.name, "sha256": sha}
    decode_apart(Path(__file__).with_name("binary_child.py"), path, folder, request)
    return sorted(folder.glob("c*.mat"), key=lambda path: int(path.stem[1:]))


def is_qv_table(text: bytes) -> bool:
    """1,000 lines (some exports call the first one a header) of equally many numbers, without a heading."""
    first = text[: text.find(b"\n")]
    if first.count(b",") < _FEWEST_CYCLES - 1 or not _numbers(first):
        return False
    last = text.rstrip(b"\n").rsplit(b"\n", 1)[-1]
    if first.count(b",") != last.count(b",") or not _numbers(last):
        return False
    return text.count(b"\n", 0, 1 << 26) in (GRID_POINTS - 1, GRID_POINTS)


def _numbers(line: bytes) -> bool:
    try:
        [float(cell) for cell in line.split(b",")]
    except ValueError:
        return False
    return True


def reading(file: Content, contract: LabContract) -> Reading:
    """Curves of every cycle. Raises LabFileRefused: CSV_SYNTAX, BAD_ROWS (policy 'strict' only)."""
    table = _table(file)
    cycles = np.arange(FIRST_CYCLE, FIRST_CYCLE + table.shape[1])
    highest = _HIGH_SHARE * (contract.nominal_capacity_ah or NOMINAL_AH)
    finite = np.isfinite(table).all(axis=0)
    bad = (
        ~finite | (np.nan_to_num(table) < _LOW_AH).any(axis=0) | (np.nan_to_num(table) > highest).any(axis=0)
    )
    if bad.any() and contract.policy == "strict":
        raise LabFileRefused(
            "BAD_ROWS",
            found=f"impossible capacities in cycle {', '.join(map(str, cycles[bad][:5]))} of "
            f"{table.shape[1]} cycles",
            expected=f"{_LOW_AH:g} to {highest:g} Ah",
            next_step="read it with --policy tolerant, which leaves these cycles out",
        )
    curves = _curves(table[:, ~bad], cycles[~bad])
    return Reading(
        source=Source(str(file.path), file.sha256, file.size, NAME, VERSION, content_digest(curves)),
        declared=Declared(),
        points=pl.DataFrame(schema=POINTS_SCHEMA),
        curves=curves,
        quarantine=_quarantine(file, table, cycles, bad),
        findings=(
            f"voltages are the data set's: {GRID_POINTS} from {HIGHEST_V} V to {LOWEST_V} V; the "
            f"first column is cycle {FIRST_CYCLE}",
        ),
        rows_read=table.size,
        rows_exact_duplicate=0,
    )


def _table(file: Content) -> np.ndarray:
    try:
        frame = pl.read_csv(file.text, has_header=False, infer_schema=False)
        table = frame.cast(pl.Float64).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise LabFileRefused(
            "CSV_SYNTAX",
            found=f"a Q(V) table with a damaged line ({str(error).splitlines()[0][:200]})",
            expected=f"{GRID_POINTS} lines of equally many numbers",
            next_step="copy the file again",
        ) from error
    if np.isnan(table).any() and table.shape[0] != GRID_POINTS:
        raise LabFileRefused(
            "TRUNCATED",
            found=f"{table.shape[0]} lines",
            expected=f"{GRID_POINTS}",
            next_step="copy the file again",
        )
    return table


def _curves(table: np.ndarray, cycles: np.ndarray) -> pl.DataFrame:
    volts = np.linspace(HIGHEST_V, LOWEST_V, GRID_POINTS)
    return pl.DataFrame(
        {
            "line": np.tile(np.arange(1, GRID_POINTS + 1), len(cycles)),
            "cycle_count": np.repeat(cycles, GRID_POINTS),
            "voltage_v": np.tile(volts, len(cycles)),
            "discharge_ah": table.T.ravel(),
        },
        schema_overrides={"line": pl.Int64, "cycle_count": pl.Int64},
    )


def _quarantine(file: Content, table: np.ndarray, cycles: np.ndarray, bad: np.ndarray) -> pl.DataFrame:
    """One row for each cycle left out, counting its values."""
    faults = []
    for place in np.flatnonzero(bad):
        curve = table[:, place]
        row = int(np.nanargmax(np.abs(curve)))
        faults.append(
            Fault(row + 1, f"cycle {cycles[place]}", "OUT_OF_RANGE", f"{curve[row]:g} Ah", f"{curve[row]:g}")
        )
    frame = quarantine_frame(str(file.path), faults)
    return frame.with_columns(pl.lit(table.shape[0], pl.Int64).alias("rows"))
