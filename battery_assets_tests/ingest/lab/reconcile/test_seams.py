"""Files of one test stand as far apart as their own clocks say, and nothing is known of the time between."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reconcile.joined import joined
from battery_assets.ingest.lab.reconcile.seams import joined_charge
from battery_assets.lab.folder import TestFiles, session_points
from battery_assets_tests.worlds.made_files import START, made, rows_of, written

CUT, PAUSE = 145, timedelta(days=145)


def two_files(folder, name: str, clock: str, pattern: str, *, pause: timedelta, anew: bool):
    """The made test cut in two, the second file later by `pause` of the clock; its time begins `anew` or not."""
    head, *rows = rows_of(name)
    first, second = rows[:CUT], [row[:] for row in rows[CUT:]]
    for row in second:
        place = head.index(clock)
        row[place] = (datetime.strptime(row[place], pattern) + pause).strftime(pattern)
        if anew:
            time = next(at for at, text in enumerate(head) if text.lower().startswith("test_time"))
            row[time] = f"{float(row[time]) - CUT * 60:g}"
    return [
        written(folder, made(name, [head, *part]), f"{name}-{at}") for at, part in enumerate((first, second))
    ]


def instants(paths, **terms) -> pl.Series:
    test = TestFiles(
        "C1", "cycle_life", tuple(paths), {"nominal_capacity_ah": 2.0, "timezone": "UTC", **terms}
    )
    return session_points(test, START + timedelta(seconds=60))["ts"]


def test_a_file_stands_where_its_own_clock_says(shared_data):
    paths = sorted((shared_data / "cases_first_use/lab/seam").iterdir())
    life = joined([read(path) for path in paths], one_cell=True)
    assert any(
        "part2.csv begins 144.3 days after the file before ended" in finding for finding in life.findings
    )
    begun = life.points["ts"][0].replace(tzinfo=None)
    test = TestFiles("C1", "cycle_life", tuple(paths), {"nominal_capacity_ah": 1.0})
    points = session_points(test, begun)
    second = points.filter(points["source_file"] == 1)
    assert second["ts"][0] == datetime(2024, 4, 7, 22, 13, 20)
    assert (points["ts"].diff().drop_nulls() > timedelta(0)).all()


@pytest.mark.parametrize(
    ("name", "clock", "pattern"),
    [("arbin", "Date_Time", "%m/%d/%Y %H:%M:%S"), ("landt", "date_time_iso_string", "%m/%d/%Y %H:%M:%S")],
)
@pytest.mark.parametrize("anew", [True, False])
def test_a_pause_between_files_is_no_test_time_and_no_instant_is_moved_over_it(
    name, clock, pattern, anew, tmp_path
):
    paths = two_files(tmp_path, name, clock, pattern, pause=PAUSE, anew=anew)
    for given in (paths, paths[::-1]):
        at = instants(given)
        passed = (at - at[0]).dt.total_seconds().to_numpy()
        rows = np.arange(len(at))
        expected = 60 * rows + np.where(rows >= CUT, PAUSE.total_seconds(), 0)
        assert passed.tolist() == expected.tolist()
        life = joined([read(path) for path in given], one_cell=True)
        assert life.points["test_time_s"].to_list() == (60.0 * (rows + 1)).tolist()
        assert any("145.0 days after" in finding for finding in life.findings)


def test_files_that_follow_at_once_are_as_they_were(tmp_path):
    paths = two_files(tmp_path, "arbin", "Date_Time", "%m/%d/%Y %H:%M:%S", pause=timedelta(0), anew=True)
    at = instants(paths)
    assert (at.diff().drop_nulls() == timedelta(seconds=60)).all()
    assert not any("days after" in finding for finding in joined([read(path) for path in paths]).findings)


def seam(rows: int, current_a: float, begins_s: float, clock: datetime | None, **more) -> pl.DataFrame:
    """Points of a file a minute apart, with the charge of each interval beside them."""
    time = begins_s + 60.0 * np.arange(rows)
    stamps = [None if clock is None else clock + timedelta(minutes=row) for row in range(rows)]
    return pl.DataFrame(
        {"test_time_s": time, "current_a": [current_a] * rows, "ts": stamps, "wall_clock": stamps,
         "moved_ah": [0.0] + [current_a / 60] * (rows - 1), "open_ah": [0.0] * rows, **more}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("begins_s", "clock_s", "restarted", "moved", "known"),
    [
        (600.0, 600, False, -1 / 60, True),
        (600.0, 600, True, -1 / 60, True),
        (600.0, 145 * 86_400, True, 0.0, False),
        (600.0, None, True, 0.0, False),
        (7_800.0, 7_800, False, 0.0, False),
    ],
    ids=["cut in two", "begun anew at once", "months later", "without a clock", "two hours of silence"],
)
def test_what_flowed_at_a_seam_is_known_only_where_a_file_follows_at_once(
    begins_s, clock_s, restarted, moved, known
):
    start = datetime(2024, 3, 5, 8)
    before = seam(10, -1.0, 0.0, None if clock_s is None else start)
    after = seam(10, -1.0, begins_s, None if clock_s is None else start + timedelta(seconds=clock_s))
    first = joined_charge(before, after, restarted).row(0, named=True)
    assert first["moved_ah"] == pytest.approx(moved)
    assert first["open_ah"] == (0.0 if known else float("inf"))
