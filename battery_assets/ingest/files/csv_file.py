"""A CSV export, read as texts: every row is either in a frame or a fault with its line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.header import Header, matched, place_of_header, split_header
from battery_assets.ingest.files.piece import Piece
from battery_assets.ingest.files.problems import Fault, FileRefused
from battery_assets.ingest.files.records import Records, record_blocks

# A header below more lines than these is none.
_TITLE_LINES = 20


def csv_pieces(
    path: Path, table: sa.Table, contract: SourceContract, only: Sequence[str] | None = None
) -> Iterator[Piece]:
    """The rows of a .csv or .csv.gz; `only` leaves out the other columns.

    Raises FileRefused with the file-level reasons of text, records and header, NO_ROWS, REPEATED_HEADER.
    """
    header: Header | None = None
    header_bytes, rows = b"", 0
    for records in record_blocks(path, contract):
        notes: Counter = Counter()
        records = _without_idle_lines(records, contract, notes)
        if header is None and len(records.ends):
            place = _place_of_header(records, table, contract)
            header_bytes = records.raw(place)
            header = _header(header_bytes, int(records.lines[place]), table, contract)
            notes.update(header.notes)
            notes["lines of a title above the header left out"] += place
            records = records.only(np.arange(len(records.ends)) > place)
        if header is None or not len(records.ends):
            continue
        _refuse_repeated(records, header_bytes)
        piece = _piece(records, header, contract, notes, only)
        rows += piece.rows
        yield piece
    if not rows:
        raise FileRefused("NO_ROWS", "a header and no row" if header else "blank lines only, no header")


def _place_of_header(records: Records, table: sa.Table, contract: SourceContract) -> int:
    """0 but for files that begin with a title."""
    first = [records.raw(n).decode("utf-8", "replace") for n in range(min(_TITLE_LINES, len(records.ends)))]
    return place_of_header(first, table, contract)


def _header(raw: bytes, line: int, table: sa.Table, contract: SourceContract) -> Header:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileRefused(
            "ENCODING", f"line {line}, byte {error.start}: 0x{raw[error.start]:02x} is not UTF-8", line=line
        ) from error
    return matched(split_header(text, contract.separator), table, contract, line)


def _without_idle_lines(records: Records, contract: SourceContract, notes: Counter) -> Records:
    """Leave out blank lines and the contract's comments, and count them."""
    blank = records.ends == records.starts
    idle = blank
    if contract.comment:
        prefix = contract.comment.encode()
        begins = np.frombuffer(records.text, np.uint8)[records.starts] == prefix[0]
        comment = begins.copy()
        for index in np.flatnonzero(begins).tolist():
            comment[index] = records.raw(index).startswith(prefix)
        notes["comment lines left out"] += int(comment.sum())
        idle = blank | comment
    notes["blank lines left out"] += int(blank.sum())
    return records.only(~idle) if idle.any() else records


def _refuse_repeated(records: Records, header_bytes: bytes) -> None:
    place = (b"\n" + records.text).find(b"\n" + header_bytes + b"\n")
    if place >= 0:
        line = int(records.lines[np.searchsorted(records.ends, place)])
        raise FileRefused("REPEATED_HEADER", f"line {line}: the header stands again", line=line)


def _piece(
    records: Records, header: Header, contract: SourceContract, notes: Counter, only: Sequence[str] | None
) -> Piece:
    faults, bad = _broken(records, header.width)
    clean = records.only(~bad) if bad.any() else records
    places = {n: i for n, i in header.places.items() if only is None or n in only}
    frame = _texts(clean, header.width, places, contract)
    return Piece(
        frame=frame,
        lines=clean.lines,
        faults=faults,
        rows=len(records.ends),
        raw=lambda index: clean.raw(index).decode("utf-8"),
        notes=notes,
    )


def _broken(records: Records, width: int) -> tuple[list[Fault], np.ndarray]:
    """Records whose bytes or number of fields are wrong, as faults and as a mask."""
    reasons: dict[int, tuple[str, str]] = {}
    for index in np.flatnonzero(records.fields != width).tolist():
        reasons[index] = ("FIELD_COUNT", f"{records.fields[index]} fields, expected {width}")
    for index in _not_utf8(records):
        reasons[index] = ("ENCODING", "")
    for index in records.with_control_bytes():
        reasons[index] = ("CONTROL_BYTES", "")
    bad = np.zeros(len(records.ends), bool)
    faults = []
    for index in sorted(reasons):
        bad[index] = True
        raw = records.raw(index).decode("utf-8", "backslashreplace")
        reason, value = reasons[index]
        faults.append(Fault(int(records.lines[index]), None, reason, value or None, raw))
    return faults, bad


def _not_utf8(records: Records) -> list[int]:
    if records.text.isascii():
        return []
    try:
        records.text.decode("utf-8")
    except UnicodeDecodeError:
        return [i for i in range(len(records.ends)) if not _is_utf8(records.raw(i))]
    return []


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _texts(records: Records, width: int, places: dict[str, int], contract: SourceContract) -> pl.DataFrame:
    """The wanted fields as texts; an empty field is null, quoted or not."""
    if not len(records.ends):
        return pl.DataFrame(schema=dict.fromkeys(places, pl.String))
    frame = pl.read_csv(
        records.text,
        has_header=False,
        separator=contract.separator,
        quote_char='"' if records.quoted else None,
        schema={f"column_{place}": pl.String for place in range(width)},
        columns=[f"column_{place}" for place in places.values()],
    ).select(pl.col(f"column_{place}").alias(name) for name, place in places.items())
    if frame.height != len(records.ends):
        first = int(records.lines[0])
        raise FileRefused(
            "CSV_SYNTAX",
            f"from line {first}: {len(records.ends)} records were counted and {frame.height} were read",
            line=first,
        )
    return frame.with_columns(pl.all().replace("", None)) if records.quoted else frame
