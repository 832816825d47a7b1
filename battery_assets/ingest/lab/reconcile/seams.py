"""Where the files of one test meet: what flowed between them, and by how much their clocks ran on."""

from collections import Counter
from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.charge import estimated
from battery_assets.ingest.lab.reconcile.current_sign import REST_SHARE
from battery_assets.ingest.lab.reconcile.integrals import SILENT_AFTER, flow_of

# Clocks tick in seconds and drift: a seam of less is none. One without a zone is set in spring and autumn.
LEAST_PAUSE_S, LEAST_UNZONED_S = 60.0, 7_200.0
_AROUND, _LATEST = 4, 50


def seamed(
    before: pl.DataFrame, points: pl.DataFrame, interrupted: bool, ran_on: bool = False
) -> pl.DataFrame:
    """The points of a file with the charge since the last row of the file before in their first row.

    Both in the test's time and counters. A file before which the test was `interrupted` is open to its front;
    what flowed while the test's own time `ran_on` is known all the same.
    """
    around = pl.concat([before.tail(_AROUND), points.head(_AROUND).select(before.columns)])
    at = min(before.height, _AROUND)
    breaks, anew = np.zeros(around.height, bool), np.zeros(around.height, bool)
    breaks[at] = interrupted and not ran_on
    moved, open_ah = estimated(around, flow_of(around, breaks), anew, Counter())
    first = pl.int_range(pl.len()) == 0
    return points.with_columns(
        moved_ah=pl.when(first).then(float(moved[at])).otherwise("moved_ah"),
        open_ah=pl.when(first).then(np.inf if interrupted else float(open_ah[at])).otherwise("open_ah"),
    )


def measured_again(points: pl.DataFrame) -> pl.DataFrame:
    """The points of a joined life with their charge estimated anew, open where it was open without limit."""
    breaks = np.isinf(points["open_ah"].to_numpy())
    moved, open_ah = estimated(points, flow_of(points, breaks), np.zeros(points.height, bool), Counter())
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


def at_once(before: pl.DataFrame, points: pl.DataFrame) -> bool:
    """Whether the clocks say that a file followed as soon as its rows follow each other."""
    pause = paused_s(clock_at(before, -1), clock_at(points, 0))
    return pause is not None and 0 <= pause <= SILENT_AFTER * _usual_s(before, points)


def stood_still(before: pl.DataFrame, points: pl.DataFrame) -> bool:
    """Whether the clock ran on between two files while the test, whose time runs on, did not."""
    pause = paused_s(clock_at(before, -1), clock_at(points, 0))
    if pause is None:
        return False
    zoned = points["ts"][0] is not None and before["ts"][-1] is not None
    least = max(SILENT_AFTER * _usual_s(before, points), LEAST_PAUSE_S if zoned else LEAST_UNZONED_S)
    return pause - float(points["test_time_s"][0] - before["test_time_s"][-1]) > least


def clock_at(points: pl.DataFrame, row: int) -> datetime | None:
    """What the clock of a file shows in a row, without its zone."""
    at = points["ts"][row] or points["wall_clock"][row]
    return at.replace(tzinfo=None) if at else None


def _usual_s(before: pl.DataFrame, points: pl.DataFrame) -> float:
    """The usual time between rows of two files, s."""
    times = [part["test_time_s"].to_numpy()[-_LATEST:] for part in (before, points)]
    return max((float(np.median(np.diff(one))) for one in times if one.size > 1), default=0.0)
