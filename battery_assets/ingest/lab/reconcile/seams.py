"""Where the files of one test meet: what flowed between them, and by how much their clocks ran on."""

from collections import Counter
from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.charge import estimated
from battery_assets.ingest.lab.reconcile.current_sign import REST_SHARE
from battery_assets.ingest.lab.reconcile.integrals import SILENT_AFTER, flow_of

# Clocks tick in seconds and drift: a seam of less is none.
LEAST_PAUSE_S = 60.0
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

    Between two files the test stands still and the clock does not; within a file, and where a file has no
    clock, the test's time counts alone. A clock that goes back moves nothing.
    """
    clock = pl.coalesce(pl.col("ts").dt.replace_time_zone(None), "wall_clock").alias("clock")
    files = points.select("file_number", "test_time_s", clock).group_by("file_number", maintain_order=True)
    ends = files.agg(pl.all().first().name.suffix("_first"), pl.all().last().name.suffix("_last")).to_dicts()
    offsets = {int(ends[0]["file_number"]): 0.0} if ends else {}
    ahead = 0.0
    for before, after in pairwise(ends):
        pause_s = paused_s(before["clock_last"], after["clock_first"])
        ran_s = after["test_time_s_first"] - before["test_time_s_last"]
        if pause_s is not None and pause_s - ran_s > LEAST_PAUSE_S:
            ahead += pause_s - ran_s
        offsets[int(after["file_number"])] = ahead
    return offsets


def paused_s(end: datetime | None, begin: datetime | None) -> float | None:
    """Seconds of clock between the end of a file and the beginning of the next; None without a clock."""
    if end is None or begin is None:
        return None
    return (begin.replace(tzinfo=None) - end.replace(tzinfo=None)).total_seconds()


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
    pause = paused_s(end, begin)
    if pause is None:
        return False
    usual = [
        float(np.median(np.diff(part["test_time_s"].to_numpy()[-50:])))
        for part in (before, points)
        if part.height > 1
    ]
    return 0 <= pause <= SILENT_AFTER * max(usual, default=0.0)
