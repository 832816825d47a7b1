"""Columns and digits that a migration gives a table of the lake: old files stay readable, the log learns of it."""

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.random_rows import World
from battery_assets_tests.worlds.stores import kept

COLUMN = "soc_quality"


@pytest.fixture
def before(warehouse) -> pl.DataFrame:
    """Rows of a month, written when the table had no such column."""
    old = t.telemetry_jar_calc.to_metadata(sa.MetaData())
    old._columns.remove(old.c[COLUMN])  # type: ignore[attr-defined]
    rows = World(7).rows(old, 40)
    kept(warehouse, old, rows, Part("alpha", "2025-03"))
    assert COLUMN not in {field.name for field in warehouse.lake.delta(old).schema().fields}
    return rows


def test_rows_of_before_are_read_with_nothing_in_it(warehouse, before):
    part = Part("alpha", "2025-03")
    table = t.telemetry_jar_calc
    read = warehouse.read(table, part).collect()
    assert read.schema == pl.Schema(polars_schema(table))
    assert read.height == before.height
    assert read[COLUMN].null_count() == before.height
    walked = pl.concat([rows for _, rows in warehouse.days(table, part, ["ts", COLUMN])])
    assert walked.height == before.height
    assert walked[COLUMN].null_count() == before.height


def test_the_next_month_that_is_written_adds_it_to_the_log(warehouse, before):
    table, following = t.telemetry_jar_calc, Part("alpha", "2025-04")
    rows = World(8).rows(table, 40).with_columns(pl.col("ts").dt.offset_by("1mo"))
    rows = rows.filter(pl.col("ts").dt.month() == 4)
    assert rows[COLUMN].null_count() < rows.height
    kept(warehouse, table, rows, following)
    seen = pl.scan_delta(warehouse.lake.table_url(table)).collect()
    assert seen.height == before.height + rows.height
    assert seen.filter(month="2025-04")[COLUMN].null_count() == rows[COLUMN].null_count()
    assert seen.filter(month="2025-03")[COLUMN].null_count() == before.height
    assert warehouse.read(table, following).collect().height == rows.height


LAB_MONTHS = Part("lab-d", "2025-03"), Part("lab-d", "2025-04")
SMALL_A = 1.234e-7


@pytest.fixture
def coarse(warehouse) -> sa.Table:
    """The table of a lab's points as it was when a current had six decimals, with a month of rows."""
    old = t.timeseries_point.to_metadata(sa.MetaData())
    old.c.current_a.info |= {"precision": 12, "scale": 6}
    kept(warehouse, old, points("2025-03", 1.5), LAB_MONTHS[0])
    assert log_type(warehouse) == "decimal(12,6)"
    return old


def points(month: str, current_a: float) -> pl.DataFrame:
    rows = World(9).rows(t.timeseries_point, 20)
    start = pl.lit(f"{month}-02").str.to_datetime(time_unit="us", time_zone="UTC")
    return rows.with_columns(ts=start + pl.duration(seconds=pl.int_range(pl.len())), current_a=current_a)


def log_type(warehouse) -> str:
    schema = warehouse.lake.delta(t.timeseries_point).schema()
    return next(field.type.type for field in schema.fields if field.name == "current_a")


def test_files_of_fewer_digits_are_read_beside_those_of_more(warehouse, coarse):
    kept(warehouse, t.timeseries_point, points("2025-04", SMALL_A), LAB_MONTHS[1])
    for part, current_a in zip(LAB_MONTHS, (1.5, SMALL_A), strict=True):
        read = warehouse.read(t.timeseries_point, part).collect()["current_a"]
        assert read.to_list() == pytest.approx([current_a] * 20, rel=1e-9)
        walked = pl.concat(
            [rows for _, rows in warehouse.days(t.timeseries_point, part, ["ts", "current_a"])]
        )
        assert walked["current_a"].to_list() == pytest.approx([current_a] * 20, rel=1e-6)
    both = warehouse.read(t.timeseries_point, Part("lab-d")).collect()
    assert sorted(both["current_a"].unique()) == pytest.approx([SMALL_A, 1.5])


def test_the_log_learns_of_more_digits_once_and_loses_no_file(warehouse, coarse):
    table = t.timeseries_point
    kept(warehouse, table, points("2025-04", SMALL_A), LAB_MONTHS[1])
    assert log_type(warehouse) == "decimal(15,10)"
    before = warehouse.lake.delta(table).version()
    kept(warehouse, table, points("2025-04", SMALL_A), LAB_MONTHS[1])
    assert warehouse.lake.delta(table).version() == before + 1
    url = warehouse.lake.table_url(table)
    seen = pl.scan_delta(url, use_pyarrow=True).collect().group_by("month").len()
    assert dict(seen.iter_rows()) == {"2025-03": 20, "2025-04": 20}
    # polars itself does not mix digits: it reads the table when the months of before were run again.
    with pytest.raises(pl.exceptions.SchemaError):
        pl.scan_delta(url).collect()
    kept(warehouse, table, points("2025-03", 1.5), LAB_MONTHS[0])
    assert pl.scan_delta(url).collect().height == 40
