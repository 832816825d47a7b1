"""A life fleet in a warehouse, month by month, as its assets would have stored it."""

import polars as pl

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.synthetic.catalogue import battery_models, users
from battery_assets.synthetic.master import master
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.estimation.life_fleet import START, life_fleet, months_of
from battery_assets_tests.worlds.stores import kept


def file_fleet(warehouse: Warehouse, seed: int, sites: int, strings: int, months: int) -> None:
    """Lay master data, features and twin states of every site and month into a warehouse."""
    fleet, last = life_fleet(seed, sites, strings, months), months_of(months)[-1]
    file_catalogue(warehouse)
    for number, place in enumerate(list(PLACES)[:sites]):
        file_master(warehouse, SyntheticSite(place, place, seed + number, 3600, strings, start=START), last)
        own = fleet.batteries.filter(pl.col("site") == place).select("battery_id")
        for table, rows, at in (
            (t.feature_store, fleet.features, "feature_ts"),
            (t.digital_twin_state, fleet.twins, "captured_at"),
        ):
            rows = rows.join(own, on="battery_id", how="semi")
            for month in months_of(months):
                part = Part(place, month)
                inside = (pl.col(at) > part.start) & (pl.col(at) <= part.end)
                kept(warehouse, table, _stored(table, rows.filter(inside), at), part)
        of_site = fleet.batteries.filter(pl.col("site") == place).select("string_id").unique()
        events = fleet.events.join(own, on="battery_id", how="semi").with_columns(
            created_at="completed_date", updated_at="completed_date"
        )
        tests = fleet.tests.join(of_site, on="string_id", how="semi").with_columns(
            test_type=pl.lit("full_discharge"), battery_id="string_id"
        )
        for table, rows, at in (
            (t.maintenance_event, events, "completed_date"),
            (t.capacity_test_raw, tests, "test_date"),
        ):
            for month in months_of(months):
                part = Part(place, month)
                inside = (pl.col(at) >= part.start) & (pl.col(at) < part.end)
                kept(warehouse, table, _stored(table, rows.filter(inside), at), part)


def file_catalogue(warehouse: Warehouse) -> None:
    """Lay models and users into a warehouse."""
    for table, rows in ((t.battery_model, battery_models()), (t.user, users())):
        kept(warehouse, table, rows)


def file_master(warehouse: Warehouse, site: SyntheticSite, month: str) -> None:
    """Enter a site, and lay its master data as of a month into a warehouse."""
    with warehouse.transaction() as connection:
        registry.put_site(connection, site.site, "files", {})
    for table in (t.location, t.battery_system, t.string, t.battery):
        kept(warehouse, table, _stamped(table, master(site, month)[table.name]), Part(site.site, month))


def _stamped(table, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(name for name in polars_schema(table) if name in rows.columns)


def _stored(table, rows: pl.DataFrame, at: str) -> pl.DataFrame:
    """Rows in the table's columns, with its key where that is an id; what the fleet does not know is NULL."""
    named = [
        identity(table.name, jar, instant.isoformat())
        for jar, instant in zip(rows["battery_id"], rows[at], strict=True)
    ]
    own = {t.digital_twin_state: "state_id", t.maintenance_event: "event_id", t.capacity_test_raw: "test_id"}
    keys = [pl.Series(own[table], named, dtype=pl.String)] if table in own else []
    known = rows.with_columns(keys)
    return known.select(
        (pl.col(column) if column in known.columns else pl.lit(None).alias(column)).cast(kind)
        for column, kind in polars_schema(table).items()
    )
