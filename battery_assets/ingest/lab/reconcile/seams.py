"""Where the files of one test meet: what flowed between them, and by how much their clocks ran on."""

from collections import Counter

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.charge import estimated
from battery_assets.ingest.lab.reconcile.current_sign import REST_SHARE
from battery_assets.ingest.lab.reconcile.integrals import SILENT_AFTER, flow_of

_AROUND, _LATEST = 4, 50
# By whether the clocks have a zone: what they may differ from the test's time without a pause.
_CLOCK_SET_S = {True: 60.0, False: 7_200.0}


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
    moved, open_ah = estimated(around, flow_of(around, breaks), breaks, anew, Counter())
    first = pl.int_range(pl.len()) == 0
    return points.with_columns(
        moved_ah=pl.when(first).then(float(moved[at])).otherwise("moved_ah"),
        open_ah=pl.when(first).then(np.inf if interrupted else float(open_ah[at])).otherwise("open_ah"),
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

    Only files before which the test was interrupted have one of their own: it stood still, the clock did not.
    """
    offsets, ahead = {}, 0.0
    clock = pl.coalesce(pl.col("ts").dt.replace_time_zone(None), "wall_clock").alias("clock")
    columns = points.select("file_number", "test_time_s", "open_ah", clock)
    rows = columns.group_by("file_number", maintain_order=True).first().to_dicts()
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


def at_once(before: pl.DataFrame, points: pl.DataFrame) -> bool:
    """Whether the clocks say that a file followed as soon as its rows follow each other."""
    pause = pause_between_s(before, points)
    return pause is not None and 0 <= pause <= SILENT_AFTER * _usual_s(before, points)


def stood_still_s(before: pl.DataFrame, points: pl.DataFrame) -> float:
    """Seconds that the clock ran on between two files whose test time runs on; 0 where the clocks agree.

    A clock without a zone may be set by hours in spring and autumn.
    """
    pause = pause_between_s(before, points)
    if pause is None:
        return 0.0
    zoned = points["ts"][0] is not None and before["ts"][-1] is not None
    ahead = pause - float(points["test_time_s"][0] - before["test_time_s"][-1])
    least = max(SILENT_AFTER * _usual_s(before, points), _CLOCK_SET_S[zoned])
    return ahead if ahead > least else 0.0


def pause_between_s(before: pl.DataFrame, points: pl.DataFrame) -> float | None:
    """Seconds between two files by their clocks; None where one of them has none."""
    clocks = []
    for part, row in ((before, -1), (points, 0)):
        at = part["ts"][row] or part["wall_clock"][row]
        clocks.append(at.replace(tzinfo=None) if at else None)
    end, begin = clocks
    return None if end is None or begin is None else float((begin - end).total_seconds())


def _usual_s(before: pl.DataFrame, points: pl.DataFrame) -> float:
    """The usual time between rows of two files, s."""
    times = [part["test_time_s"].to_numpy()[-_LATEST:] for part in (before, points)]
    return max((float(np.median(np.diff(one))) for one in times if one.size > 1), default=0.0)
