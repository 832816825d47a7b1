"""A column that a migration adds to a table of the lake: old files stay readable, the log learns of it."""

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.partitions import Part
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.platform.stores import kept
from battery_assets_tests.tables.random_rows import World

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
