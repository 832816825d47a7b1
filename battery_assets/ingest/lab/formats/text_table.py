"""A cycler's text export: where its table begins, and its rows, each whole or a fault with its line."""

import csv
import re
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.files.records import Records, cut
from battery_assets.ingest.lab.dialects.headings import Heading, headings
from battery_assets.ingest.lab.dialects.vocabulary import is_unit
from battery_assets.ingest.lab.formats.content import words
from battery_assets.ingest.lab.formats.raw_table import RawTable, sampled_rows
from battery_assets.ingest.lab.refusal import LabFileRefused

SEPARATORS = "\t;,|"
_HEADER_WITHIN = 5_000
_FEWEST_COLUMNS = 3
LOOKED_AT = 200
_COMMA_NUMBER = re.compile(r"^\s*[-+]?\d+,\d+([eE][-+]?\d+)?\s*$")
_POINT_NUMBER = re.compile(r"^\s*[-+]?\d*\.\d+([eE][-+]?\d+)?\s*$")


def lines_of(text: bytes, most: int = _HEADER_WITHIN) -> Iterator[tuple[int, int, bytes]]:
    """(number, first byte, line) of the first lines of a text."""
    start = 0
    for number in range(1, most + 1):
        end = text.find(b"\n", start)
        if end < 0:
            if start < len(text):
                yield number, start, text[start:]
            return
        yield number, start, text[start:end]
        start = end + 1


def candidates(text: bytes) -> Iterator[tuple[int, int, str, list[Heading]]]:
    """(line, first byte, separator, headings) of every line that could be a header."""
    for number, start, line in lines_of(text):
        for separator in SEPARATORS:
            if line.count(separator.encode()) >= _FEWEST_COLUMNS - 1 and len(line) < 65_536:
                names = split(line, separator)
                named = headings(names)
                if len(named) >= _FEWEST_COLUMNS and any(one.slug[:1].isalpha() for one in named):
                    yield number, start, separator, named


def split(line: bytes, separator: str) -> list[str]:
    """The cells of a heading line; none where its quotes or line ends are broken."""
    try:
        return next(csv.reader([words(line)], delimiter=separator), [])
    except csv.Error:
        return []


def text_table(text: bytes, line: int, start: int, separator: str, columns: list[Heading]) -> RawTable:
    """The table whose header stands at byte `start`, line `line`. Raises LabFileRefused: NO_ROWS,
    REPEATED_HEADER, DIALECT; what `records.cut` raises."""
    end = text.find(b"\n", start)
    header = text[start : end if end >= 0 else len(text)]
    preamble = [words(one) for _, _, one in lines_of(text[:start])]
    body = text[end + 1 :] if end >= 0 else b""
    ended = body.endswith(b"\n")
    records = _records(body if ended else body + b"\n", line + 1, separator)
    if end >= 0:
        refuse_repeated(text, end, header, line)
    units, records = units_row(records, separator)
    if records is None or not len(records.ends):
        raise LabFileRefused(
            "NO_ROWS",
            found="headings and no row",
            expected="measured points below them",
            next_step="export the test again; it may not have begun",
            line=line,
        )
    width = 1 + max(heading.place for heading in columns)
    faults, good, open_end = _whole(records, width, header.count(separator.encode()) + 1, separator, ended)
    comma = decimal_comma(good, separator)
    return RawTable(
        headings=columns,
        preamble=preamble,
        lines=good.lines,
        faults=faults,
        rows=len(records.ends),
        take=lambda places, numeric: _taken(good, separator, comma, places, numeric),
        raw=lambda index: words(good.raw(index)),
        sample=lambda place: [
            words(good.raw(row)).split(separator)[place] for row in sampled_rows(len(good.ends))
        ],
        open_end=open_end,
        units=units,
        notes=("numbers have a decimal comma",) if comma else (),
    )


def _records(body: bytes, line: int, separator: str) -> Records | None:
    """All records of the body but blank ones (separators and spaces alone are blank too)."""
    records, _ = cut(body, line, separator) if body and not body.isspace() else (None, 0)
    if records is None:
        return None
    blank = records.ends == records.starts
    short = np.flatnonzero(~blank & (records.ends - records.starts <= records.fields + 1))
    for index in short.tolist():
        blank[index] = not records.raw(index).strip(separator.encode() + b" \t")
    return records.only(~blank) if blank.any() else records


def refuse_repeated(text: bytes, end: int, header: bytes, line: int) -> None:
    """Raises LabFileRefused: REPEATED_HEADER. `end` is the newline of the header's own line."""
    place = text.find(b"\n" + header + b"\n", end)
    if place >= 0:
        again = line + 1 + text.count(b"\n", end, place)
        raise LabFileRefused(
            "REPEATED_HEADER",
            found=f"the headings of line {line} once more",
            expected="one table in the file",
            next_step="give the files that were joined here one by one; they are merged by their time",
            line=again,
        )


def units_row(records: Records | None, separator: str) -> tuple[dict[int, str], Records | None]:
    """A row of units below the headings, by place, and the rows below it."""
    if records is None or not len(records.ends):
        return {}, records
    named = units_named(words(records.raw(0)).split(separator))
    return (named, records.only(np.arange(len(records.ends)) > 0)) if named else ({}, records)


def units_named(cells: Sequence[str]) -> dict[int, str]:
    """The units of a row that holds nothing else, by place; none of a row of anything else."""
    named = {place: cell for place, one in enumerate(cells) if (cell := one.strip(" ()[]"))}
    if len(named) < 2 or not all(is_unit(cell) or cell in ("-", "/") for cell in named.values()):
        return {}
    return {} if all(cell.replace(".", "").isdigit() for cell in named.values()) else named


def _whole(
    records: Records, named: int, width: int, separator: str, ended: bool
) -> tuple[list[Fault], Records, int | None]:
    """Rows with as many fields as the header names, or as it has; one empty field more is no field."""
    counts = records.fields
    usual = int(np.median(counts[:LOOKED_AT]))
    if not named <= usual <= width + 1 or (usual == width + 1 and not _end_empty(records, separator)):
        usual = width
    reasons: dict[int, tuple[str, str]] = {}
    for index in np.flatnonzero((counts < min(named, usual)) | (counts > usual)).tolist():
        reasons[index] = ("FIELD_COUNT", f"{counts[index]} fields, expected {usual}")
    for index in records.with_control_bytes():
        reasons[index] = ("CONTROL_BYTES", "")
    last = len(counts) - 1
    if not ended and last in reasons:
        reasons[last] = ("TRUNCATED_ROW", reasons[last][1])
    faults = [
        Fault(int(records.lines[index]), None, reason, value or None, words(records.raw(index)))
        for index, (reason, value) in sorted(reasons.items())
    ]
    keep = np.ones(len(counts), bool)
    keep[list(reasons)] = False
    open_end = int(counts[last]) - 1 if not ended and last not in reasons else None
    return faults, records.only(keep) if reasons else records, open_end


def _end_empty(records: Records, separator: str) -> bool:
    """Whether every row but the last ends with a separator, so that its last field is empty."""
    last = np.frombuffer(records.text, np.uint8)[records.ends - 1]
    return bool((last[:-1] == ord(separator)).all())


def decimal_comma(records: Records, separator: str) -> bool:
    """Whether numbers are written 3,65. Both kinds in one file are refused: neither can be trusted."""
    if separator == ",":
        return False
    commas = points = 0
    for index in range(min(len(records.ends), LOOKED_AT)):
        cells = words(records.raw(index)).split(separator)
        commas += sum(bool(_COMMA_NUMBER.match(cell)) for cell in cells)
        points += sum(bool(_POINT_NUMBER.match(cell)) for cell in cells)
    if commas and points:
        raise LabFileRefused(
            "DIALECT",
            found=f"{commas} numbers with a decimal comma and {points} with a decimal point",
            expected="one of the two in all columns",
            next_step="set one number format in the cycler's export and export again",
        )
    return commas > 0


def _taken(
    records: Records, separator: str, comma: bool, places: Sequence[int], numeric: Sequence[int]
) -> pl.DataFrame:
    if not len(records.ends):
        return pl.DataFrame(schema={str(place): pl.String for place in places})
    width = int(records.fields.max())
    first = words(records.raw(0)).split(separator)
    # A clock time is no number: told by the first row, the table is parsed once.
    numeric = [place for place in numeric if place >= len(first) or ":" not in first[place]]
    kinds = {place: pl.Float64 if place in numeric else pl.String for place in range(width)}
    try:
        frame = _read(records, separator, comma, places, kinds)
    except pl.exceptions.PolarsError:
        frame = _read(records, separator, False, places, dict.fromkeys(kinds, pl.String))
        if comma:
            # 1.234,5 has a point between thousands as well, and is read where such numbers are.
            cells = [pl.col(str(place)) for place in numeric]
            pointed = [cell.str.contains(".", literal=True) for cell in cells]
            frame = frame.with_columns(
                pl.when(has_point).then(cell).otherwise(cell.str.replace(",", ".", literal=True))
                for cell, has_point in zip(cells, pointed, strict=True)
            )
    if frame.height != len(records.ends):
        raise LabFileRefused(
            "CSV_SYNTAX",
            found=f"{len(records.ends)} records by their line ends and {frame.height} by their quotes",
            expected="the same number",
            next_step="export without quotes",
        )
    return stripped(frame)


def stripped(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts without the spaces around them; an empty text is null."""
    texts = [name for name in frame.columns if frame[name].dtype == pl.String]
    plain = [pl.col(name).str.strip_chars() for name in texts]
    return frame.with_columns(pl.when(text != "").then(text) for text in plain) if texts else frame


def _read(records: Records, separator: str, comma: bool, places: Sequence[int], kinds: dict) -> pl.DataFrame:
    return pl.read_csv(
        records.text,
        has_header=False,
        separator=separator,
        quote_char='"' if records.quoted else None,
        decimal_comma=comma,
        encoding="utf8" if records.text.isascii() else "utf8-lossy",
        schema={f"column_{place}": kind for place, kind in kinds.items()},
        columns=[f"column_{place}" for place in places],
        missing_columns="insert",
    ).select(pl.col(f"column_{place}").alias(str(place)) for place in places)
