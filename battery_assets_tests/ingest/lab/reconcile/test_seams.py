"""Files of one test stand as far apart as their own clocks say, and nothing is known of the time between."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reconcile.joined import joined
from battery_assets.lab.folder import SessionFiles, session_points
from battery_assets_tests.worlds.lab_files.made_files import START, made, rows_of, written

CUT, PAUSE = 145, timedelta(days=145)


def two_files(folder, name: str, clock: str, pattern: str, *, pause: timedelta):
    """The made test cut in two, the second file later by `pause` of the clock; its time begins anew."""
    head, *rows = rows_of(name)
    first, second = rows[:CUT], [row[:] for row in rows[CUT:]]
    for row in second:
        place = head.index(clock)
        row[place] = (datetime.strptime(row[place], pattern) + pause).strftime(pattern)
        time = next(at for at, text in enumerate(head) if text.lower().startswith("test_time"))
        row[time] = f"{float(row[time]) - CUT * 60:g}"
    return [
        written(folder, made(name, [head, *part]), f"{name}-{at}") for at, part in enumerate((first, second))
    ]


def instants(paths, **terms) -> pl.Series:
    test = SessionFiles(
        "C1", "cycle_life", tuple(paths), {"nominal_capacity_ah": 2.0, "timezone": "UTC", **terms}
    )
    return session_points(test, START + timedelta(seconds=60))["ts"]


def test_a_file_stands_where_its_own_clock_says(shared_data):
    paths = sorted((shared_data / "cases_first_use/lab/seam").iterdir())
    life = joined([read(path) for path in paths], one_cell=True)
    assert any(
        "part2.csv: its time begins anew; it follows the file before 12,465,031 s later" in finding
        for finding in life.findings
    )
    begun = life.points["ts"][0].replace(tzinfo=None)
    test = SessionFiles("C1", "cycle_life", tuple(paths), {"nominal_capacity_ah": 1.0})
    points = session_points(test, begun)
    second = points.filter(points["source_file"] == 1)
    assert second["ts"][0] == datetime(2024, 4, 7, 22, 13, 20)
    assert (points["ts"].diff().drop_nulls() > timedelta(0)).all()


@pytest.mark.parametrize(
    ("name", "clock", "pattern"),
    [("arbin", "Date_Time", "%m/%d/%Y %H:%M:%S"), ("landt", "date_time_iso_string", "%m/%d/%Y %H:%M:%S")],
)
def test_a_pause_between_files_is_no_test_time_and_no_instant_is_moved_over_it(
    name, clock, pattern, tmp_path
):
    paths = two_files(tmp_path, name, clock, pattern, pause=PAUSE)
    for given in (paths, paths[::-1]):
        at = instants(given)
        passed = (at - at[0]).dt.total_seconds().to_numpy()
        rows = np.arange(len(at))
        expected = 60 * rows + np.where(rows >= CUT, PAUSE.total_seconds(), 0)
        assert passed.tolist() == expected.tolist()
        life = joined([read(path) for path in given], one_cell=True)
        assert life.points["test_time_s"].to_list() == (60.0 * (rows + 1)).tolist()
        assert any(f"{PAUSE.total_seconds() + 60:,.0f} s" in finding for finding in life.findings)


def test_files_that_follow_at_once_are_as_they_were(tmp_path):
    paths = two_files(tmp_path, "arbin", "Date_Time", "%m/%d/%Y %H:%M:%S", pause=timedelta(0))
    at = instants(paths)
    assert (at.diff().drop_nulls() == timedelta(seconds=60)).all()
    assert not any(
        "by their clocks" in finding for finding in joined([read(path) for path in paths]).findings
    )
