"""Months of which a part is replaced, flipped or missing."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.tables.projections import sort_columns
from battery_assets_tests.worlds.months.nightly import TABLES, Site

FLEET = [table for table in TABLES if not table.info["lab"]]


BY_DAY = {table.name for table in FLEET if table.info["store"] == "lake"} | {"feature_store"}


CALC = [t.telemetry_string_calc, t.telemetry_jar_calc, t.feature_store, t.digital_twin_state, t.alert]


# Its rows name files of the lake, which is another one in each of these worlds.
SAME = [table for table in FLEET if table is not t.telemetry_event_window]


def changed_raw(site: Site, day: date) -> None:
    """Another reading in the raw telemetry of one day, as a corrected file would bring it."""
    lower = pl.when(pl.col("ts").dt.date() == day).then(pl.col("voltage_v") - 0.1).otherwise("voltage_v")
    replaced(site, t.telemetry_jar_raw, lambda rows: rows.with_columns(lower.alias("voltage_v")))


def replaced(site: Site, table: sa.Table, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """A raw table as another source would bring it; what is not changed lies as it did."""
    [unit, _] = sort_columns(table)
    rows = change(site.rows(table))
    if table is not t.telemetry_string_raw and table is not t.telemetry_env:
        rows = rows.with_columns(pl.col(unit).cast(pl.Enum(rows[unit].unique().sort())))
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)
