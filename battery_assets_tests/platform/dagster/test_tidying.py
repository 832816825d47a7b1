"""Files that nobody names any more go, once no reader can be using them."""

import os
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.tidying import tidy_up
from battery_assets.platform.days.plan import DayEntry
from battery_assets.platform.lake.upkeep import last_fold
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry import tables as r
from battery_assets_tests.worlds.stores import kept, rows
from battery_assets_tests.worlds.writers import (
    PART,
    Order,
    content,
    files_on_disk,
    replace,
    value_of,
    written,
)

TABLE = t.telemetry_jar_raw


def aged(warehouse, hours: float) -> None:
    """Let every file have been written that long ago."""
    then = time.time() - hours * 3600
    for path in Path(warehouse.lake.table_url(TABLE)).rglob("*.parquet"):
        os.utime(path, (then, then))


def in_books(warehouse) -> set[str]:
    with warehouse.transaction() as connection:
        return set(connection.execute(sa.select(r.lake_file.c.path)).scalars())


def test_files_of_a_replaced_version_stay_for_those_who_read_it(warehouse):
    replace(warehouse, TABLE, 1)
    reader = warehouse.days(TABLE, PART)
    first = [next(reader)]
    replace(warehouse, TABLE, 2)
    aged(warehouse, 100)
    assert tidy_up(warehouse, t.TABLES)["telemetry_jar_raw"] == 0, "they were named a moment ago"
    rows = pl.concat([rows for _, rows in [*first, *reader]])
    assert rows.height == content(TABLE, 1).height


def test_files_of_a_replaced_version_go_when_their_time_is_over(warehouse):
    replace(warehouse, TABLE, 1)
    old = files_on_disk(warehouse, TABLE)
    replace(warehouse, TABLE, 2)
    time.sleep(0.05)
    assert tidy_up(warehouse, [TABLE], keep_hours=0) == {"telemetry_jar_raw": len(old)}
    assert files_on_disk(warehouse, TABLE) == in_books(warehouse) == set(warehouse.lake.paths(TABLE, PART))
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == 2
    assert last_fold(warehouse.lake, TABLE) == warehouse.lake.delta(TABLE).version()
    warehouse.verify(TABLE, PART)
    replace(warehouse, TABLE, 3)
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == 3


@pytest.mark.parametrize(("hours", "left_over"), [(1, True), (100, False)])
def test_what_a_killed_writer_left_goes_when_it_is_old(warehouse, hours, left_over):
    replace(warehouse, TABLE, 1)
    named = set(warehouse.lake.paths(TABLE, PART))
    assert written(Order.to(warehouse, TABLE, 2, crash_at="files_written")) is None
    assert files_on_disk(warehouse, TABLE) > named
    aged(warehouse, hours)
    tidy_up(warehouse, [TABLE])
    assert (files_on_disk(warehouse, TABLE) > named) == left_over
    assert files_on_disk(warehouse, TABLE) >= named
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == 1


def test_the_job_runs(warehouse):
    from battery_assets.definitions import tidy

    replace(warehouse, TABLE, 1)
    assert tidy.execute_in_process(resources={"warehouse": warehouse}).success
    assert value_of(TABLE, warehouse.read(TABLE, PART).collect()) == 1


def test_captures_and_tables_that_are_not_there_are_left_alone(warehouse):
    url = warehouse.keep_capture(PART, "window-1", content(TABLE, 1).select("ts"))
    path = Path(warehouse.lake_url) / url
    assert set(tidy_up(warehouse, t.TABLES).values()) == {0}, "its row may be on its way"
    assert path.exists()


def test_captures_that_no_row_names_go_when_they_are_old(warehouse):
    named, unnamed = (
        warehouse.keep_capture(PART, "test", content(TABLE, value).select("ts")) for value in (1, 2)
    )
    kept(warehouse, t.capacity_test_raw, rows(t.capacity_test_raw, {"name": "a", "raw_data_url": named}))
    time.sleep(0.05)
    assert tidy_up(warehouse, t.TABLES, keep_hours=0)["captures"] == 1
    there = [(Path(warehouse.lake_url) / url).exists() for url in (named, unnamed)]
    assert there == [True, False]


def test_days_of_months_long_closed_are_forgotten(warehouse):
    key = {"table_name": "alert", "site": "alpha"}
    with warehouse.transaction() as connection:
        for month in ("2016-01", "2999-01"):
            entry = DayEntry(date(int(month[:4]), 1, 1), "f" * 64)
            registry.put_day_entries(connection, {**key, "month": month}, (), [entry])
    tidy_up(warehouse, [])
    with warehouse.transaction() as connection:
        assert list(connection.execute(sa.select(r.partition_day.c.month)).scalars()) == ["2999-01"]
