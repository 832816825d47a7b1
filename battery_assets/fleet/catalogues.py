"""How what all sites share arrives: the catalogue, and what every site with files brought, each by itself."""

from dataclasses import replace

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.references import named_apart
from battery_assets.fleet.refused import refused_shown
from battery_assets.fleet.sources import accounts_kept, contract_of, landed_files, with_accounts
from battery_assets.ingest.exports.tables import Reading, read_table
from battery_assets.ingest.files.accounts import FILES_SCHEMA
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty, key_columns

CATALOGUE = "catalogue"
# What a source writes where it does not know a rating.
_NO_RATING = ("capacity_ah", "nominal_voltage_v", "float_voltage_min_v", "float_voltage_max_v")


def replace_from_all_sources(
    warehouse: Warehouse,
    landing: Landing,
    table: sa.Table,
    part: Part,
    catalogue: pl.DataFrame,
    context: dg.AssetExecutionContext | Part | None = None,
) -> dg.MaterializeResult:
    """Replace a table that is not cut by what the catalogue and every site with files hold.

    A site whose files cannot be taken in keeps what it brought before, and its accounts say why. Where rows
    were only added, pages show the version of before: what one site brings is news to no other.
    """
    before = _stored(warehouse, table)
    with warehouse.transaction() as connection:
        sites = [site for site in registry.sites(connection) if site.source == FILES]
    readings = {site.site: _of_site(warehouse, landing, table, site) for site in sites}
    stamped = [catalogue.with_columns(pl.lit(CATALOGUE).alias("site"))]
    stamped += [reading.rows.with_columns(pl.lit(site).alias("site")) for site, reading in readings.items()]
    rows = pl.concat(stamped).unique(key_columns(table)[0], keep="last", maintain_order=True)
    result = warehouse.replace(table, part, rows)
    version = _version_shown(context, table)
    if version and before.height and before.join(_stored(warehouse, table), on="row", how="anti").is_empty():
        result = result._replace(data_version=dg.DataVersion(version))
    accounts = {
        site: accounts_kept(warehouse, table, Part(site), reading) for site, reading in readings.items()
    }
    brought = {site: account for site, account in accounts.items() if account["rows"] or account["findings"]}
    refused = [one for reading in readings.values() for one in refused_shown(table, reading)]
    return with_accounts(result, brought, refused)


def _stored(warehouse: Warehouse, table: sa.Table) -> pl.DataFrame:
    """A line for each row that is there, by its content."""
    with warehouse.reading() as connection:
        rows = [str(tuple(row)) for row in connection.execute(sa.select(table))]
    return pl.DataFrame({"row": rows}, schema={"row": pl.String})


def _version_shown(context: dg.AssetExecutionContext | Part | None, table: sa.Table) -> str | None:
    """The version that pages show of a table that is not cut; None outside a run."""
    if context is None or isinstance(context, Part):
        return None
    event = context.instance.get_latest_materialization_event(dg.AssetKey(table.name))
    made = event.asset_materialization if event else None
    return (made.tags or {}).get("dagster/data_version") if made else None


def _of_site(warehouse: Warehouse, landing: Landing, table: sa.Table, site: sa.Row) -> Reading:
    """What a site's files hold; where they cannot be read at all, what it brought before."""
    try:
        reading = read_table(landed_files(landing, site.site, table), table, None, contract_of(site.config))
    except Exception as error:
        return _as_before(warehouse, table, site.site, f"{type(error).__name__}: {error}")
    rows, doubled = named_apart(warehouse, table, reading.rows, Part(site.site))
    unrated = [
        f"{name}: {count} rows have 0, taken as not known"
        for name in _NO_RATING
        if table is t.battery_model and (count := int((rows[name] == 0).sum()))
    ]
    return replace(reading, rows=rows, findings=[*reading.findings, *doubled, *unrated])


def _as_before(warehouse: Warehouse, table: sa.Table, site: str, why: str) -> Reading:
    rows = warehouse.read(table, where=table.c.site == site).collect().select(list(empty(table).columns))
    sentence = f"the site's files were not taken in, what it brought before stands; {why}"
    return Reading(
        rows=rows,
        quarantine=pl.DataFrame(schema=QUARANTINE_SCHEMA),
        files=pl.DataFrame(schema=FILES_SCHEMA),
        findings=[sentence],
    )
