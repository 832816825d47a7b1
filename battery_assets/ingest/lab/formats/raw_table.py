"""A foreign table before its dialect speaks: headings, rows as they came, and what is no row at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.lab.dialects.headings import Heading

SAMPLED_ROWS = 200


def sampled_rows(rows: int) -> list[int]:
    """Some rows all over a table."""
    return np.unique(np.linspace(0, rows - 1, SAMPLED_ROWS).astype(int)).tolist() if rows else []


@dataclass(frozen=True)
class RawTable:
    """take(places, numeric): the columns at these places, named by place; those in `numeric` as numbers
    where all their cells are, else as texts.

    lines     line of each row; rows in `faults` have none here
    rows      data rows met: those of `lines` and those in `faults`
    raw       row i as it came
    sample    texts of a place in some rows all over the table; None where cells are no texts
    open_end  place of the last field of the last row, where the file does not end that line
    units     unit of each place, from a row of units below the headings
    preamble  lines above the headings
    used      places that are read although no word of the vocabulary is theirs
    follows   places of a column that is formed of others: those others
    """

    headings: Sequence[Heading]
    preamble: Sequence[str]
    lines: np.ndarray
    faults: list[Fault]
    rows: int
    take: Callable[[Sequence[int], Sequence[int]], pl.DataFrame]
    raw: Callable[[int], str]
    sample: Callable[[int], list[str]] | None = None
    open_end: int | None = None
    units: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    used: frozenset[int] = frozenset()
    follows: dict[int, tuple[int, ...]] = field(default_factory=dict)


def frame_table(frame: pl.DataFrame, headings: Sequence[Heading], first_line: int, **more) -> RawTable:
    """A table that is already a frame; its columns stand at the places of `headings`.

    Rows without a value in any of its columns are no rows, as blank lines of a text are none.
    """
    lines = np.arange(first_line, first_line + frame.height)
    blank = _blank(frame)
    notes = more.pop("notes", ())
    if blank.any():
        notes = (*notes, f"{blank.sum():,} rows without a value are left out")
        frame, lines = frame.filter(~blank), lines[~blank.to_numpy()]
    names = frame.columns

    def take(places: Sequence[int], numeric: Sequence[int]) -> pl.DataFrame:
        return pl.DataFrame([frame[names[place]].alias(str(place)) for place in places])

    return RawTable(
        headings=headings,
        preamble=more.pop("preamble", ()),
        lines=lines,
        faults=[],
        rows=frame.height,
        take=take,
        raw=lambda index: str(frame.row(index)),
        notes=notes,
        **more,
    )


def _blank(frame: pl.DataFrame) -> pl.Series:
    """Rows in which every cell is empty, or a text of nothing but spaces."""
    if any(kind != pl.String and not frame[name].null_count() for name, kind in frame.schema.items()):
        return pl.repeat(False, frame.height, eager=True)
    cells = [
        pl.col(name).str.strip_chars().fill_null("") == "" if kind == pl.String else pl.col(name).is_null()
        for name, kind in frame.schema.items()
    ]
    return frame.select(pl.all_horizontal(cells)).to_series()
