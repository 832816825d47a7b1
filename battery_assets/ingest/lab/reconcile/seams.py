"""Where the files of one test meet: what flowed between them, and by how much their clocks ran on."""

from collections import Counter

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.charge import estimated
from battery_assets.ingest.lab.reconcile.current_sign import REST_SHARE
from battery_assets.ingest.lab.reconcile.integrals import SILENT_AFTER, flow_of

_AROUND = 4


def seamed(before: pl.DataFrame, points: pl.DataFrame, restarted: bool = False) -> pl.DataFrame:
    """The points of a file with the charge since the last row of the file before in their first row.

    Both in the test's time and counters. A file that begins anew is open to its front, unless the clocks of
    both say that it went on at once.
    """
    around = pl.concat([before.tail(_AROUND), points.head(_AROUND).select(before.columns)])
    at = min(before.height, _AROUND)
    breaks = np.zeros(around.height, bool)
    breaks[at] = restarted and not _at_once(before, points)
    moved, open_ah = estimated(
        around, flow_of(around, breaks), breaks, np.zeros(around.height, bool), Counter()
    )
    first = pl.int_range(pl.len()) == 0
    return points.with_columns(
        moved_ah=pl.when(first).then(float(moved[at])).otherwise("moved_ah"),
        open_ah=pl.when(first).then(float(open_ah[at])).otherwise("open_ah"),
    )


def measured_again(points: pl.DataFrame) -> pl.DataFrame:
    """The points of a joined life with their charge estimated anew, open where it was open without limit."""
    breaks = np.isinf(points["open_ah"].to_numpy())
    moved, open_ah = estimated(
        points, flow_of(points, breaks), breaks, np.zeros(points.height, bool), Counter()
    )
    return points.with_columns(moved_ah=pl.Series(moved), open_ah=pl.Series(open_ah))


def clock_offsets(points: pl.DataFrame) -> dict[int, float]:
    """Seconds by which each file's clock ran ahead of the test's time, by file_number of a joined life.

    Only files that begin anew have one: between them the test stood still, and the clock did not.
    """
    offsets, ahead = {}, 0.0
    clock = pl.coalesce(pl.col("ts").dt.replace_time_zone(None), "wall_clock").alias("clock")
    firsts = points.select("file_number", "test_time_s", "open_ah", clock).group_by(
        "file_number", maintain_order=True
    )
    rows = firsts.first().to_dicts()
    for row in rows:
        begun, since = rows[0]["clock"], rows[0]["test_time_s"]
        if begun is not None and row["clock"] is not None and np.isinf(row["open_ah"]):
            ran = (row["clock"] - begun).total_seconds()
            ahead = max(ahead, ran - (row["test_time_s"] - since))
        offsets[int(row["file_number"])] = ahead
    return offsets


def flows_at_end(points: pl.DataFrame) -> bool:
    """Whether a current flows in the last row of a file."""
    size = points["current_a"].abs()
    return bool(size[-1] > REST_SHARE * float(size.max() or 0.0))  # type: ignore[arg-type]


def _at_once(before: pl.DataFrame, points: pl.DataFrame) -> bool:
    """Whether the clocks say that a file followed as soon as its rows follow each other."""
    clocks = [
        part["ts"] if part["ts"].null_count() < part.height else part["wall_clock"]
        for part in (before, points)
    ]
    end, begin = clocks[0][-1], clocks[1][0]
    if end is None or begin is None:
        return False
    pause = (begin.replace(tzinfo=None) - end.replace(tzinfo=None)).total_seconds()
    usual = [
        float(np.median(np.diff(part["test_time_s"].to_numpy()[-50:])))
        for part in (before, points)
        if part.height > 1
    ]
    return 0 <= pause <= SILENT_AFTER * max(usual, default=0.0)
