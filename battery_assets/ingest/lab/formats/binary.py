"""Binary files of cyclers, and Parquet: decoded by a child process that may die without harm.

A .mpr is read here: bytes that numpy lays out, with no foreign code that could die.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from battery_assets.ingest.files.parquet_file import check_ends, decode_apart, decoded
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects import declared as declared_layout
from battery_assets.ingest.lab.dialects.arbin import ARBIN
from battery_assets.ingest.lab.dialects.bdf import BDF
from battery_assets.ingest.lab.dialects.biologic import BIOLOGIC_MPR
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.headings import headings
from battery_assets.ingest.lab.dialects.nasa import NASA_MAT
from battery_assets.ingest.lab.dialects.neware import NEWARE
from battery_assets.ingest.lab.dialects.recognise import unknown
from battery_assets.ingest.lab.formats import mpr
from battery_assets.ingest.lab.formats.content import Content
from battery_assets.ingest.lab.formats.raw_table import RawTable, frame_table
from battery_assets.ingest.lab.formats.severson import SEVERSON_MAT
from battery_assets.ingest.lab.refusal import LabFileRefused

_BINARY_CHILD = Path(__file__).with_name("binary_child.py")
_PARQUET_CHILD = Path(__file__).parents[2] / "files" / "parquet_child.py"
_DECODED = {"access": ARBIN, "nda": NEWARE, "ndax": NEWARE, "mat5": NASA_MAT, "mat73": SEVERSON_MAT}
_MAX_UNPACKED = 16 << 30
_REFUSED = {
    "hdf5": (
        "an HDF5 file that MATLAB did not write (Arbin .h5)",
        "export the points as CSV",
    ),
    "zip": (
        "a zip archive that is neither a workbook nor a Neware .ndax",
        "unpack it and give the files inside",
    ),
    "sqlite": ("an SQLite database", "export the test as CSV"),
    "pdf": ("a PDF", "give the cycler's export"),
    "encrypted": ("an encrypted Parquet file", "write it without encryption"),
}


def table(file: Content, contract: LabContract) -> tuple[RawTable, Dialect]:
    """Raises FileRefused: UNSUPPORTED, CORRUPT, READER_CRASH, TOO_LARGE, UNKNOWN_DIALECT, NO_ROWS."""
    if file.kind == "parquet":
        return _parquet(file, contract)
    if file.kind == "mpr":
        return mpr.table(file), BIOLOGIC_MPR
    if file.kind in _DECODED:
        return _decoded(file), _DECODED[file.kind]
    kind, next_step = _REFUSED[file.kind]
    raise LabFileRefused(
        "UNSUPPORTED", found=kind, expected="a kind of file that is read here", next_step=next_step
    )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="battery-assets-lab-") as name:
        yield Path(name)


def _decoded(file: Content) -> RawTable:
    with _folder() as folder:
        decode_apart(_BINARY_CHILD, file.path, folder, {"kind": file.kind})
        frame = pl.read_ipc(folder / "table.arrow")
        facts = json.loads((folder / "facts.json").read_text())
    notes = tuple(facts.pop("notes", ()))
    preamble = [f"{key}: {value}" for key, value in facts.items()]
    return _framed(frame, preamble, notes)


def _parquet(file: Content, contract: LabContract) -> tuple[RawTable, Dialect]:
    """The columns that are read, under their headings; those of the others stay known by name."""
    check_ends(file.path)
    with _folder() as folder:
        request = {"columns": [], "documents": [], "max_unpacked_bytes": _MAX_UNPACKED}
        decode_apart(_PARQUET_CHILD, file.path, folder, request)
        names = json.loads((folder / "schema.json").read_text())["names"]
        columns = headings(names)
        declared = declared_layout.dialect(columns, contract) if contract.columns else None
        dialect = declared or (BDF if BDF.signed(columns) else None)
        if dialect is None:
            raise unknown([columns])
        wanted = [names[heading.place] for _, heading in dialect.places(columns).values()]
        decode_apart(_PARQUET_CHILD, file.path, folder, {**request, "columns": wanted})
        parts = [decoded(part) for part in sorted(folder.glob("*.arrow"))]
    frame = pl.concat(parts) if parts else pl.DataFrame()
    if frame.height:
        absent = [pl.lit(None).alias(name) for name in names if name not in frame.columns]
        frame = frame.with_columns(absent).select(names)
    return _framed(frame, []), dialect


def _framed(frame: pl.DataFrame, preamble: list[str], notes: tuple[str, ...] = ()) -> RawTable:
    if not frame.height:
        raise LabFileRefused(
            "NO_ROWS",
            found="columns and no row",
            expected="measured points",
            next_step="export the test again",
        )
    return frame_table(frame, headings(frame.columns), 1, preamble=preamble, notes=notes)
