"""A Parquet export, decoded by a child process that may die without harm."""

import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.far_instants import tellable
from battery_assets.ingest.files.header import matched
from battery_assets.ingest.files.piece import Piece
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.tables.projections import columns

_CHILD = Path(__file__).with_name("parquet_child.py")
_LIMITED = Path(__file__).with_name("limited.py")
BATCH_ROWS = 500_000
CPU_SECONDS = 3_600
MEMORY_BYTES = 8 << 30
_MAGIC = b"PAR1"
_TEXT_KINDS = ("uuid", "text", "enum", "json")


def parquet_pieces(
    path: Path, table: sa.Table, contract: SourceContract, only: Sequence[str] | None = None
) -> Iterator[Piece]:
    """The rows of a Parquet file; the row's number, 1-based, stands for its line.

    Raises FileRefused: EMPTY_FILE, TYPE_MISMATCH, CORRUPT, TOO_LARGE, UNSUPPORTED, READER_CRASH, SCHEMA_DIFF,
    HEADER_MISMATCH, DUPLICATE_COLUMN, NO_ROWS.
    """
    check_ends(path)
    with tempfile.TemporaryDirectory(prefix="battery-assets-parquet-") as name:
        folder = Path(name)
        _decode(path, table, contract, folder, only)
        described = json.loads((folder / "schema.json").read_text())
        header = matched(described["names"], table, contract)
        rows = 0
        for part in sorted(folder.glob("*.arrow")):
            frame = decoded(part)
            part.unlink()
            notes = Counter() if rows else header.notes
            yield _piece(_as_columns(frame, table), rows, notes)
            rows += frame.height
        if not rows:
            raise FileRefused("NO_ROWS", "a schema and no row")


def decoded(part: Path) -> pl.DataFrame:
    """A piece that the child wrote. Raises FileRefused: CORRUPT for types that nobody knows."""
    try:
        return pl.read_ipc(part)
    except (pl.exceptions.PanicException, pl.exceptions.PolarsError) as error:
        raise FileRefused("CORRUPT", f"its types cannot be read: {_last_line(str(error))}") from error


def check_ends(path: Path) -> None:
    """Raises FileRefused: VANISHED, EMPTY_FILE, UNSUPPORTED, TYPE_MISMATCH, CORRUPT."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except OSError as error:
        raise FileRefused("VANISHED", f"cannot be opened: {error.strerror}") from error
    if not size:
        raise FileRefused("EMPTY_FILE", "the file has 0 bytes")
    if head == b"PARE" or tail == b"PARE":
        raise FileRefused("UNSUPPORTED", "the Parquet file is encrypted")
    if head != _MAGIC:
        raise FileRefused("TYPE_MISMATCH", f"named .parquet, but begins with {head!r} instead of {_MAGIC!r}")
    if tail != _MAGIC or size < 12:
        raise FileRefused("CORRUPT", f"ends with {tail!r} instead of {_MAGIC!r}: cut or damaged")


def _decode(
    path: Path, table: sa.Table, contract: SourceContract, folder: Path, only: Sequence[str] | None
) -> None:
    wanted = [column.name for column in columns(table) if only is None or column.name in only]
    documents = [name for name in wanted if table.c[name].info["kind"] == "json"]
    request = {"columns": wanted, "documents": documents, "max_unpacked_bytes": contract.max_unpacked_bytes}
    decode_apart(_CHILD, path, folder, request)


def decode_apart(script: Path, path: Path, folder: Path, request: dict) -> None:
    """Run a decoding script in a process of its own, under limits; its pieces lie in `folder` afterwards.

    Raises FileRefused: READER_CRASH, and whatever the script refuses.
    """
    limits = {"batch_rows": BATCH_ROWS, "cpu_seconds": CPU_SECONDS, "memory_bytes": MEMORY_BYTES}
    places = {"path": str(path.resolve()), "folder": str(folder)}
    child = _run(script, {**places, **limits, **request}, folder)
    refused = folder / "refused.json"
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise FileRefused("READER_CRASH", f"the reader died of {name}: {_last_line(child.stderr)}")
    if child.returncode > 0:
        raise FileRefused("READER_CRASH", f"exit status {child.returncode}: {_last_line(child.stderr)}")
    if refused.exists():
        refusal = json.loads(refused.read_text())
        raise FileRefused(refusal["reason"], refusal["detail"])


def _run(script: Path, request: dict, folder: Path) -> subprocess.CompletedProcess:
    """The child, without user site, PYTHON* variables, or the folder of the foreign file (-I)."""
    try:
        return subprocess.run(
            [sys.executable, "-I", str(_LIMITED), str(script), json.dumps(request)],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=2 * CPU_SECONDS,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "2"},
        )
    except subprocess.TimeoutExpired as error:
        raise FileRefused("READER_CRASH", f"the reader was stopped after {2 * CPU_SECONDS} s") from error


def _last_line(words: str) -> str:
    lines = words.strip().splitlines()
    return lines[-1][:300] if lines else "no message"


def _as_columns(frame: pl.DataFrame, table: sa.Table) -> pl.DataFrame:
    """Dictionary-encoded texts as texts; a text where another type belongs is type drift."""
    columns = []
    for series in frame:
        kind = table.c[series.name].info["kind"]
        if isinstance(series.dtype, pl.Categorical | pl.Enum):
            series = series.cast(pl.String)
        if kind == "json" and series.dtype.is_nested():
            series = _as_documents(series)
        if series.dtype == pl.String and kind not in _TEXT_KINDS:
            raise FileRefused("SCHEMA_DIFF", f"{series.name} is text, expected {kind}", column=series.name)
        columns.append(series)
    return pl.DataFrame(columns)


def _as_documents(series: pl.Series) -> pl.Series:
    """Lists and structs as JSON text."""
    try:
        values = series.to_list()
    except (OverflowError, ValueError, pl.exceptions.PanicException) as error:
        raise FileRefused(
            "UNSUPPORTED",
            f"{series.name} holds an instant beyond the calendar inside a list or struct; next step: "
            "export it as JSON text, or correct the instant",
            column=series.name,
        ) from error
    texts = [None if value is None else json.dumps(value, default=str) for value in values]
    return pl.Series(series.name, texts, dtype=pl.String)


def _piece(frame: pl.DataFrame, rows_before: int, notes: Counter) -> Piece:
    shown = pl.DataFrame([tellable(series) for series in frame])
    return Piece(
        frame=frame,
        lines=np.arange(rows_before + 1, rows_before + frame.height + 1),
        faults=[],
        rows=frame.height,
        raw=lambda index: json.dumps(shown.row(index, named=True), default=str, ensure_ascii=False),
        notes=notes,
    )
