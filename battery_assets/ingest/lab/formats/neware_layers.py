"""Neware's layered CSV: cycles, steps and records alternate, each layer with its own columns.

A line of the second layer begins with one empty field, a line of the third with two. A record belongs to the
step and the cycle above it. Older exports call the columns otherwise (Cycle ID, Step Name, Record ID); the
record layer needs the test's running time, which these lack: they are refused with the way out.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.files.records import Records, cut
from battery_assets.ingest.lab.dialects.headings import Heading, headings
from battery_assets.ingest.lab.formats.content import words
from battery_assets.ingest.lab.formats.raw_table import RawTable, sampled_rows
from battery_assets.ingest.lab.formats.text_table import lines_of, split
from battery_assets.ingest.lab.refusal import LabFileRefused

_LAYERS = ("cycle", "step", "record")
_CARRIED = {"cycle": ("cycle_index", "cycle_id"), "step": ("step_index", "step_id", "step_type", "step_name")}


def is_layered(text: bytes) -> bool:
    """Whether the first three lines are headings of three layers."""
    lines = [line for _, _, line in lines_of(text, 3)]
    if len(lines) < 3 or [_depth(line) for line in lines] != [0, 1, 2]:
        return False
    return b"cycle" in lines[0].lower()[:12] and b"step" in lines[1].lower()[:12]


def _depth(line: bytes) -> int:
    return 0 if line[:1] != b"," else 1 if line[1:2] != b"," else 2


def table(text: bytes) -> RawTable:
    """The records with their step and cycle beside them. Raises LabFileRefused: NO_ROWS, UNSUPPORTED."""
    heads = [_names(line) for _, _, line in lines_of(text, 3)]
    start = 0
    for _ in range(3):
        start = text.find(b"\n", start) + 1
    body = text[start:]
    ended = body.endswith(b"\n")
    records, _ = cut(body if ended else body + b"\n", 4, ",") if body.strip() else (None, 0)
    if records is None:
        raise LabFileRefused(
            "NO_ROWS", found="headings and no row", expected="records", next_step="export the test again"
        )
    _refuse_old(heads[2])
    records = records.only(records.ends > records.starts)
    depth = _depths(records)
    width = len(heads[2])
    good = (depth == 2) & (records.fields >= _named(heads[2])) & (records.fields <= width + 1)
    if not ended:
        good[-1] = good[-1] and records.fields[-1] >= width
    joined, carried = _joined(records, depth, heads, good)
    chosen = records.only(good)
    bad = np.flatnonzero((depth == 2) & ~good)
    return RawTable(
        headings=joined,
        preamble=(),
        lines=chosen.lines,
        faults=[_fault(records, int(row), width, ended) for row in bad],
        rows=int((depth == 2).sum()),
        take=lambda places, numeric: _taken(chosen, width, carried, places, numeric),
        raw=lambda index: words(chosen.raw(index)),
        sample=lambda place: [
            words(chosen.raw(row)).split(",")[place] for row in sampled_rows(len(chosen.ends))
        ],
        open_end=None if ended or not good[-1] else int(records.fields[-1]) - 1,
        notes=("a layered export: cycles and steps stand above their records",),
    )


def _names(line: bytes) -> list[str]:
    return split(line, ",")


def _named(names: Sequence[str]) -> int:
    return 1 + max((place for place, name in enumerate(names) if name.strip()), default=0)


def _refuse_old(names: Sequence[str]) -> None:
    slugs = {heading.slug for heading in headings(list(names))}
    if "total_time" not in slugs:
        raise LabFileRefused(
            "UNSUPPORTED",
            found="a layered Neware export whose records have no running time: "
            f"{', '.join(filter(None, names))}",
            expected="a column Total Time in the record layer",
            next_step="BTSDA: Export, Customize: add Total Time to the record layer, or give the .ndax",
        )


def _depths(records: Records) -> np.ndarray:
    data = np.frombuffer(records.text, np.uint8)
    first = data[records.starts] == ord(",")
    second = data[np.minimum(records.starts + 1, len(data) - 1)] == ord(",")
    return np.where(first, np.where(second, 2, 1), 0)


def _joined(
    records: Records, depth: np.ndarray, heads: list[list[str]], good: np.ndarray
) -> tuple[list[Heading], dict[int, pl.Series]]:
    """Headings of the record layer and of what is carried down to it, and the carried columns by place."""
    columns = headings(heads[2])
    carried: dict[int, pl.Series] = {}
    rows = np.flatnonzero(good)
    place = len(heads[2])
    for layer, names in enumerate(heads[:2]):
        above, texts = _above(records, depth, layer, len(heads[0]))
        if not len(above):
            continue
        owner = pl.Series(np.searchsorted(above, rows) - 1)
        owner = owner.set(owner < 0, None)
        for heading in headings(names):
            if heading.slug in _CARRIED[_LAYERS[layer]]:
                cells = pl.Series([row[heading.place] if heading.place < len(row) else None for row in texts])
                carried[place] = cells.gather(owner).alias(str(place))
                columns.append(Heading(heading.text, heading.slug, heading.unit, place))
                place += 1
    return columns, carried


def _above(
    records: Records, depth: np.ndarray, layer: int, cycle_width: int
) -> tuple[np.ndarray, list[list[str]]]:
    """Lines of a layer and their cells. A cycle's first step may stand behind the cycle, on its line."""
    longer = (depth == 0) & (records.fields > cycle_width + 1)
    above = np.flatnonzero((depth == layer) | (longer if layer else False))
    texts = [words(records.raw(int(row))).split(",") for row in above]
    if layer:
        texts = [
            ["", *cells[cycle_width:]] if depth[row] == 0 else cells
            for row, cells in zip(above, texts, strict=True)
        ]
    return above, texts


def _fault(records: Records, row: int, width: int, ended: bool) -> Fault:
    cut_off = not ended and row == len(records.ends) - 1
    reason = "TRUNCATED_ROW" if cut_off else "FIELD_COUNT"
    value = f"{records.fields[row]} fields, expected {width}"
    return Fault(int(records.lines[row]), None, reason, value, words(records.raw(row)))


def _taken(
    records: Records, width: int, carried: dict[int, pl.Series], places: Sequence[int], numeric: Sequence[int]
) -> pl.DataFrame:
    own = [place for place in places if place < width]
    if not len(records.ends):
        return pl.DataFrame(schema={str(place): pl.String for place in places})
    frame = pl.read_csv(
        records.text,
        has_header=False,
        quote_char=None,
        encoding="utf8" if records.text.isascii() else "utf8-lossy",
        schema={f"column_{place}": pl.String for place in range(int(records.fields.max()))},
        columns=[f"column_{place}" for place in own],
        missing_columns="insert",
    ).select(pl.col(f"column_{place}").str.strip_chars().replace("", None).alias(str(place)) for place in own)
    frame = frame.with_columns([carried[place] for place in places if place >= width])
    return frame.select(str(place) for place in places)
