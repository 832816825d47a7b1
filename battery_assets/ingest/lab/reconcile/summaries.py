"""Tables of steps and cycles: they speak in the words of points, and each of their rows is a whole step."""

from collections.abc import Sequence

import polars as pl

from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.dialects.recognise import summary, summary_columns

_MOST_REPEATED = 0.1


def refuse(headings: Sequence[Heading], frame: pl.DataFrame) -> None:
    """Raises LabFileRefused: NO_POINTS, where headings speak of whole steps and rows are such.

    Points may stand beside the extremes of a pack's cells: then many rows in turn are of one step.
    """
    columns = summary_columns(headings)
    if columns and _one_row_each(frame):
        raise summary(columns)


def _one_row_each(frame: pl.DataFrame) -> bool:
    """Whether hardly any row is of the same cycle and step as the row before."""
    keys = [name for name in ("cycle_count", "step_index") if name in frame.columns]
    if not keys or not frame.height:
        return False
    same = frame.select(pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in keys)).to_series()
    return int(same.fill_null(False).sum()) <= _MOST_REPEATED * frame.height
