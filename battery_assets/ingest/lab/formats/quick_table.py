"""A regular text export, parsed without looking at each of its lines first.

A table is regular when all its lines have one number of fields: the separators are as many as that needs, and
no line lacks its last field. Then no line can be longer or shorter than another. Everything else (quotes,
blank lines, a last line without an end, a decimal comma, a row of units, a cell that is no number) is read by
`text_table`, which knows each line.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl

from battery_assets.ingest.files.records import FIRST_PRINTABLE, cut
from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.formats import text_table as lines
from battery_assets.ingest.lab.formats.content import words
from battery_assets.ingest.lab.formats.raw_table import SAMPLED_ROWS, RawTable

_PIECE = 1 << 20
_BEGINNING = 1 << 15


class Irregular(Exception):
    """The table is not regular after all: it is read again, line by line."""


def quick_table(
    text: bytes, line: int, start: int, separator: str, columns: Sequence[Heading]
) -> RawTable | None:
    """The table, or None where it is plainly not regular; `take` raises Irregular where that shows late."""
    end = text.find(b"\n", start)
    width = 1 + max(heading.place for heading in columns)
    header = text[start:end]
    if end < 0 or not text.endswith(b"\n") or width != header.count(separator.encode()) + 1:
        return None
    begin = end + 1
    rows, separators, low = _census(np.frombuffer(text, np.uint8, offset=begin), separator)
    if not rows or separators != rows * (width - 1) or low:
        return None
    if text.find(b'"', begin) >= 0 or text.find(b"\x7f", begin) >= 0:
        return None
    if not _plain_beginning(text[begin : begin + _BEGINNING], separator):
        return None
    whole = _Lines(text, begin)
    return RawTable(
        headings=columns,
        preamble=[words(one) for _, _, one in lines.lines_of(text[:start])],
        lines=np.arange(line + 1, line + 1 + rows),
        faults=[],
        rows=rows,
        take=lambda places, numeric: _taken(text, line, rows, width, separator, places, numeric),
        raw=lambda index: words(whole.raw(index)),
        sample=lambda place: _sampled(text, begin, separator, place),
    )


class _Lines:
    """The lines of a body; where they end is looked for when the first is wanted."""

    def __init__(self, text: bytes, begin: int) -> None:
        self.text, self.begin = text, begin

    @cached_property
    def ends(self) -> np.ndarray:
        return self.begin + np.flatnonzero(np.frombuffer(self.text, np.uint8, offset=self.begin) == ord("\n"))

    def raw(self, index: int) -> bytes:
        return self.text[self.ends[index - 1] + 1 if index else self.begin : self.ends[index]]


def _sampled(text: bytes, begin: int, separator: str, place: int) -> list[str]:
    """Cells of lines all over the text, found by their bytes."""
    cells, mark = [], separator.encode()
    for at in range(begin - 1, len(text) - 1, max(1, (len(text) - begin) // SAMPLED_ROWS)):
        start = text.find(b"\n", at) + 1
        if 0 < start < len(text):
            line = text[start : text.find(b"\n", start)]
            cells.append(line.split(mark, place + 1)[place])
    return words(b"\n".join(cells)).split("\n") if cells else []


def _census(data: np.ndarray, separator: str) -> tuple[int, int, int]:
    """How many line feeds, separators and other bytes below space; in pieces that stay in cache."""
    newlines = separators = low = 0
    for place in range(0, len(data), _PIECE):
        piece = data[place : place + _PIECE]
        newlines += int(np.count_nonzero(piece == ord("\n")))
        separators += int(np.count_nonzero(piece == ord(separator)))
        low += int(np.count_nonzero(piece < FIRST_PRINTABLE))
    low -= newlines + (separators if separator == "\t" else 0)
    return newlines, separators, low


def _plain_beginning(sample: bytes, separator: str) -> bool:
    """Whether the first rows have decimal points and no units."""
    records, _ = cut(sample[: sample.rfind(b"\n") + 1], 1, separator)
    units, _ = lines.units_row(records, separator)
    return records is not None and not units and not lines.decimal_comma(records, separator)


def _taken(
    text: bytes,
    line: int,
    rows: int,
    width: int,
    separator: str,
    places: Sequence[int],
    numeric: Sequence[int],
) -> pl.DataFrame:
    """The columns, with the last of the table besides: it proves that no line is short."""
    begin = 0
    for _ in range(line):
        begin = text.find(b"\n", begin) + 1
    first = words(text[begin : text.find(b"\n", begin)]).split(separator)
    numbers = {place for place in numeric if ":" not in first[place]}
    wanted = [*dict.fromkeys([*places, width - 1])]
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            skip_lines=line,
            separator=separator,
            quote_char=None,
            encoding="utf8" if text.isascii() else "utf8-lossy",
            schema={
                f"column_{place}": pl.Float64 if place in numbers else pl.String for place in range(width)
            },
            columns=[f"column_{place}" for place in wanted],
        )
    except pl.exceptions.PolarsError as error:
        raise Irregular from error
    if frame.height != rows or frame[f"column_{width - 1}"].null_count():
        raise Irregular
    frame = frame.select(pl.col(f"column_{place}").alias(str(place)) for place in places)
    return lines.stripped(frame)
