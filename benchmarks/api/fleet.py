"""Nine sites of 1,944 jars, each with a twin state and a prediction for every month of a year, as rows."""

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part, month_range
from battery_assets.platform.warehouse.database import copy_in
from battery_assets.platform.warehouse.relations import ensure_leaf
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.worlds.stores import of, rows

SITES, STRINGS, JARS = 9, 81, 24
MONTHS = month_range("2025-01", "2025-12")


def put_fleet(warehouse: Warehouse, sites: int = SITES) -> str:
    """Write the fleet. Returns a jar's code."""
    for month in MONTHS:
        for table in (t.digital_twin_state, t.rul_prediction):
            ensure_leaf(warehouse.database_url, table, Part("site0", month))
    with warehouse.transaction() as connection:
        connection.execute(sa.text("SET CONSTRAINTS ALL DEFERRED"))
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for number in range(sites):
            _site(connection, f"site{number}")
    with warehouse.transaction() as connection:
        connection.execute(sa.text("ANALYZE"))
    return "site0-040-12"


def _site(connection: sa.Connection, site: str) -> None:
    strings = [f"{site}-{k:03d}" for k in range(STRINGS)]
    jars = [(one, f"{one}-{k:02d}", k + 1) for one in strings for k in range(JARS)]
    last = Part(site, MONTHS[-1])
    _copy(connection, t.string, rows(t.string, *({"name": one} for one in strings)), last)
    _copy(connection, t.battery, rows(
        t.battery, *({"name": jar, "string_id": of(t.string, string), "position_in_string": place}
                     for string, jar, place in jars)), last)  # fmt: skip
    for month in MONTHS:
        part = Part(site, month)
        twin = ({"name": f"{jar} {month}", "battery_id": of(t.battery, jar), "captured_at": part.start,
                 "soh_pct": 90.0, "fault": None} for _, jar, _ in jars)  # fmt: skip
        _copy(connection, t.digital_twin_state, rows(t.digital_twin_state, *twin), part)
        life = ({"name": f"{jar} {month}", "battery_id": of(t.battery, jar), "predicted_at": part.start}
                for _, jar, _ in jars)  # fmt: skip
        _copy(connection, t.rul_prediction, rows(t.rul_prediction, *life), part)


def _copy(connection: sa.Connection, table: sa.Table, content: pl.DataFrame, part: Part) -> None:
    stamped = content.with_columns(site=pl.lit(part.site), month=pl.lit(part.month))
    copy_in(connection, table, stamped.select(pl.col(column.name) for column in table.columns))
