"""What replacing a partition means for leaves, parents and children of a PostgreSQL table."""

import polars as pl
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform import registry
from battery_assets.platform.database import copy_in, transaction
from battery_assets.platform.partitions import Part
from battery_assets.tables.projections import key_columns


def ensure_leaf(url: str, table: sa.Table, part: Part) -> None:
    """Make the month's leaf of a partitioned table, in a transaction of its own."""
    if not table.info["month_leaves"] or part.month is None:
        return
    leaf = f"{table.name}_{part.month.replace('-', '_')}"
    with transaction(url) as connection:
        if connection.execute(
            sa.text("SELECT to_regclass(:name)"), {"name": f"{table.schema}.{leaf}"}
        ).scalar():
            return
        # Two runs may arrive together; the second waits here and then finds the leaf.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": leaf})
        statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES IN ({})").format(
            sql.Identifier(table.schema, leaf),
            sql.Identifier(table.schema, table.name),
            sql.Literal(part.month),
        )
        with connection.connection.cursor() as cursor:
            cursor.execute(statement)


def upsert_newest(connection: sa.Connection, table: sa.Table, part: Part, rows: pl.DataFrame) -> bytes:
    """One row for each key: a newer month's row stays; a row no longer named goes if nothing points at it."""
    staging = sa.Table(
        f"staging_{table.name}",
        sa.MetaData(),
        *(sa.Column(c.name, c.type) for c in table.columns),
        prefixes=["TEMPORARY"],
    )
    connection.execute(sa.schema.CreateTable(staging, if_not_exists=True))
    connection.execute(sa.delete(staging))
    data = copy_in(connection, staging, rows)
    keys = key_columns(table)
    statement = insert(table).from_select([c.name for c in staging.columns], sa.select(*staging.columns))
    changed = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    newer = statement.excluded.month >= table.c.month if "month" in table.c else None
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=newer))
    if "month" in table.c:
        named = sa.and_(*(staging.c[key] == table.c[key] for key in keys))
        connection.execute(
            sa.delete(table).where(
                table.c.month == part.month,
                table.c.site == part.site,
                ~sa.exists().where(named),
                *(~sa.exists().where(column == table.c[keys[0]]) for column in _children(table)),
            )
        )
    return data


def _children(table: sa.Table) -> list[sa.Column]:
    """The columns of other tables, and of this one, that point at the table's key."""
    [key] = table.primary_key.columns.values()[:1]
    found = [
        column
        for other in table.metadata.tables.values()
        for column in other.columns
        if any(foreign.column is key for foreign in column.foreign_keys)
    ]
    return [(column.table.alias().c[column.name] if column.table is table else column) for column in found]


def orphans_removed(connection: sa.Connection, table: sa.Table, part: Part) -> None:
    """No child row outlives its parent: its reference is emptied, or the row goes where it cannot be."""
    if table.info["newest_wins"] or part.site is None:
        return
    [key] = table.primary_key.columns.values()[:1]
    for column in _children(table):
        child = column.table
        if not isinstance(child, sa.Table):
            continue
        orphan = sa.and_(child.c.site == part.site, column.is_not(None), ~sa.exists().where(key == column))
        change = sa.update(child).values({column.name: None}) if column.nullable else sa.delete(child)
        if connection.execute(change.where(orphan)).rowcount:
            registry.mark_stale(connection, child, part.site)
