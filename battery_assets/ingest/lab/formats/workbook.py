"""Excel workbooks of cyclers: the sheets that hold a dialect's table, and what other sheets say."""

import re
from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects import declared as declared_layout
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.headings import Heading, headings
from battery_assets.ingest.lab.dialects.recognise import summary_columns, unknown
from battery_assets.ingest.lab.formats import workbook_cells
from battery_assets.ingest.lab.formats.content import Content
from battery_assets.ingest.lab.formats.raw_table import RawTable, frame_table
from battery_assets.ingest.lab.formats.text_table import units_named
from battery_assets.ingest.lab.refusal import LabFileRefused

_HEADER_WITHIN = 60
_LETTER = re.compile(r"[^\W\d_]")


def table(file: Content, contract: LabContract) -> tuple[RawTable, Dialect]:
    """The rows of all sheets with the first table's headings, one below the other, and their dialect.

    Raises LabFileRefused: UNKNOWN_DIALECT, CORRUPT, NO_ROWS.
    """
    import fastexcel

    try:
        return _table(fastexcel.read_excel(file.path), contract)
    except fastexcel.FastExcelError as error:
        raise LabFileRefused(
            "CORRUPT" if file.kind == "workbook" else "UNSUPPORTED",
            found=f"no workbook that can be read ({str(error).splitlines()[0][:200]})",
            expected="a whole .xlsx or .xls",
            next_step="open it in Excel and save it again, or export the test as CSV",
        ) from error


def _table(book, contract: LabContract) -> tuple[RawTable, Dialect]:
    preamble, rows_read, tables, refused = [], [], [], []
    for name in book.sheet_names:
        top = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=_HEADER_WITHIN, dtypes="string")
        top = top.to_polars()
        rows = list(_header_rows(top))
        rows_read += [cells for _, cells in rows]
        try:
            chosen = _chosen(rows, contract)
        except LabFileRefused as summary:
            refused.append(summary)
            preamble += _facts(top)
            continue
        if chosen is None:
            preamble += _facts(top)
        else:
            tables.append((name, *chosen, _units_below(top, chosen[0])))
    if not tables:
        raise refused[0] if refused else unknown(rows_read)
    # Summaries speak in the words of the points: Neware's sheets of cycles and steps stand before 'record'.
    whole = [one for one in tables if not one[3].missing(one[2])] or tables[:1]
    whole = [one for one in whole if not summary_columns(one[2])] or whole
    _, row, cells, dialect, units = whole[0]
    slugs = [heading.slug for heading in cells]
    frame = _stacked(
        [
            workbook_cells.sheet(book, name, at, 1 if below else 0)
            for name, at, those, _, below in whole
            if [heading.slug for heading in those] == slugs
        ]
    )
    made = frame_table(frame, cells, row + 2 + bool(units), preamble=preamble, units=units)
    if not made.rows:
        raise LabFileRefused(
            "NO_ROWS",
            found="headings and no row",
            expected="measured points below them",
            next_step="export the test again; it may not have begun",
        )
    return made, dialect


def _units_below(top: pl.DataFrame, row: int) -> dict[int, str]:
    """A row of units below the headings, by place."""
    return (
        units_named(["" if cell is None else cell for cell in top.row(row + 1)])
        if row + 1 < top.height
        else {}
    )


def _header_rows(top: pl.DataFrame) -> Iterator[tuple[int, list[Heading]]]:
    for row, cells in enumerate(top.rows()):
        texts = ["" if cell is None else str(cell) for cell in cells]
        # Most rows are points: whether they have words is seen sooner than what headings they would be.
        if sum(_LETTER.search(text) is not None for text in texts) < 3:
            continue
        columns = headings(texts)
        if len(columns) >= 3 and sum(heading.slug[:1].isalpha() for heading in columns) >= 3:
            yield row, columns


def _chosen(
    rows: list[tuple[int, list[Heading]]], contract: LabContract
) -> tuple[int, list[Heading], Dialect] | None:
    for dialect_in in declared_layout.ways(contract):
        for row, cells in rows:
            dialect = dialect_in(cells)
            if dialect:
                return row, cells, dialect
    return None


def _facts(top: pl.DataFrame) -> list[str]:
    """Rows of a describing sheet as 'key: value' lines: a cell's key is the one above it."""
    lines = []
    rows = [["" if cell is None else str(cell).strip() for cell in row] for row in top.rows()]
    for above, below in pairwise(rows):
        lines += [f"{key}: {value}" for key, value in zip(above, below, strict=True) if key and value]
    return lines


def _stacked(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Sheets below each other; a column that is a number here and a text there becomes a text."""
    if len(parts) == 1:
        return parts[0]
    named = [part.rename(dict(zip(part.columns, map(str, range(part.width)), strict=True))) for part in parts]
    return pl.concat(named, how="vertical_relaxed")
