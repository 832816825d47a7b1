"""What is really stored, asked of the stores: columns of files and tables, tables that nobody defined."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.digests import (
    are_changed,
    has_digest,
    has_shared_digest,
    rows_digest,
    shared_digests,
)
from battery_assets.platform.warehouse.profile import Profile, merged
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import rows_there
from battery_assets.tables.definition import KEPT, METADATA

_COLUMNS = """
SELECT column_name FROM information_schema.columns WHERE table_schema = :schema AND table_name = :name
"""
# Leaves of partitioned tables are tables too; what a role may not see is no leak to it.
_UNDEFINED = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT (n.nspname || '.' || c.relname = ANY (:defined)) ORDER BY 1
"""
_VIEWS = """
SELECT DISTINCT view_schema || '.' || view_name FROM information_schema.view_table_usage
WHERE table_schema = :schema AND view_schema <> :schema ORDER BY 1
"""

_SHARED = (
    "{table}: the rows of {site} are not those that were committed: somebody has changed them; next step: "
    "materialize the newest month of the site again"
)
_PLAIN: dict[type, Any] = {UUID: str, Decimal: float}


def stored_columns(warehouse: Warehouse, table: sa.Table, part: Part) -> set[str]:
    """The names of the columns that a partition's files have, or that a PostgreSQL table has.

    Empty for a lake partition without files.
    """
    if table.info["store"] == "lake":
        paths = warehouse.lake.paths(table, part)
        schemas = [pl.read_parquet_schema(f"{warehouse.lake.table_url(table)}/{path}") for path in paths]
        return {name for schema in schemas for name in schema}
    with warehouse.reading() as connection:
        terms = {"schema": table.schema, "name": table.name}
        return set(connection.execute(sa.text(_COLUMNS), terms).scalars())


def changed_rows(warehouse: Warehouse, table: sa.Table, part: Part) -> list[str]:
    """What is wrong where a partition's rows are not those that were committed, in words."""
    if has_shared_digest(table):
        with warehouse.reading() as connection:
            kept, there = shared_digests(connection, table, part)
        return [_SHARED.format(table=table.name, site=part.site)] if are_changed(kept, there) else []
    if not has_digest(table):
        return []
    with warehouse.reading() as connection:
        row = registry.committed(connection, table, part)
        now = rows_digest(connection, table, part)
        count = rows_there(connection, table, part)
    if row is None or not are_changed(row.rows_digest, now):
        return []
    return [
        f"{table.name} {part.key}: the {count} rows that are there are not the {row.rows} committed: "
        "somebody has changed them; next step: materialize this partition again"
    ]


def day_profiles(warehouse: Warehouse, table: sa.Table, part: Part) -> dict[date, Profile]:
    """What the writer saw of each day of a lake partition."""
    named = set(warehouse.lake.paths(table, part))
    with warehouse.reading() as connection:
        files = registry.files_of(connection, table, part).values()
    days: dict[date, list[Profile]] = {}
    for file in files:
        if file.path in named:
            days.setdefault(file.day, []).append(file.profile)
    return {day: merged(profiles) for day, profiles in sorted(days.items())}


def undefined_tables(warehouse: Warehouse) -> list[str]:
    """Tables, as schema.name, that stand beside the defined ones without being defined."""
    tables = [*METADATA.tables.values(), *KEPT.tables.values()]
    defined = [f"{table.schema}.{table.name}" for table in tables]
    schemas = sorted({str(table.schema) for table in tables})
    with warehouse.reading() as connection:
        return list(
            connection.execute(sa.text(_UNDEFINED), {"schemas": schemas, "defined": defined}).scalars()
        )


def views_of(warehouse: Warehouse, schema: str) -> list[str]:
    """Views of other schemas, as schema.name, that read tables of this one."""
    with warehouse.reading() as connection:
        return list(connection.execute(sa.text(_VIEWS), {"schema": schema}).scalars())


def rows_if_there(warehouse: Warehouse, schema: str, name: str, part: Part) -> pl.DataFrame | None:
    """A site's rows of a table that need not exist, of the month if it has one; None if it is not there."""
    with warehouse.reading() as connection:
        columns = set(connection.execute(sa.text(_COLUMNS), {"schema": schema, "name": name}).scalars())
        if not columns:
            return None
        terms = {key: value for key, value in (("site", part.site), ("month", part.month)) if key in columns}
        table = sa.table(name, *(sa.column(column) for column in sorted(columns)), schema=schema)
        query = sa.select(table).where(*(table.c[key] == value for key, value in terms.items()))
        result = connection.execute(query)
        rows = [tuple(_PLAIN.get(type(value), _same)(value) for value in row) for row in result]
        return pl.DataFrame(rows, schema=list(result.keys()), orient="row", infer_schema_length=None)


def _same(value: Any) -> Any:
    return value
