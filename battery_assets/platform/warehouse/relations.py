"""What replacing a partition means for leaves, parents and children of a PostgreSQL table."""

import polars as pl
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.database import copy_in, cursor_of, transaction
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
        # Two runs may arrive together; the second waits here and then finds the leaf. Readers do not wait,
        # and no reader can take this lock.
        parent = connection.dialect.identifier_preparer.format_table(table)
        connection.execute(sa.text(f"LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE"))
        schema = [table.schema] if table.schema else []
        statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES IN ({})").format(
            sql.Identifier(*schema, leaf),
            sql.Identifier(*schema, table.name),
            sql.Literal(part.month),
        )
        with cursor_of(connection) as cursor:
            cursor.execute(statement)


def upsert_newest(connection: sa.Connection, table: sa.Table, part: Part, rows: pl.DataFrame) -> bytes:
    """One row for each key: a newer month's row stays; a row no longer named goes if nothing points at it."""
    staging = sa.Table(
        f"staging_{table.name}",
        sa.MetaData(),
        *(sa.Column(c.name, c.type) for c in table.columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    connection.execute(sa.schema.CreateTable(staging))
    data = copy_in(connection, staging, rows)
    keys = key_columns(table)
    if table.info["newest_wins"]:
        _of_this_site(connection, table, part, staging)
    statement = insert(table).from_select([c.name for c in staging.columns], sa.select(*staging.columns))
    changed = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    newer = statement.excluded.month >= table.c.month if "month" in table.c else None
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=newer))
    _unnamed_removed(connection, table, part, staging)
    return data


def _of_this_site(connection: sa.Connection, table: sa.Table, part: Part, named: sa.Table) -> None:
    [key] = key_columns(table)
    taken = sa.select(table.c[key], table.c.site).where(
        table.c[key] == named.c[key], table.c.site != part.site
    )
    row = connection.execute(taken.limit(1)).one_or_none()
    if row is not None:
        raise ValueError(
            f"{table.name} {part.key}: {key} {row[0]} belongs to site {row.site} already; "
            "ids are unique in the whole fleet, so the same export cannot be two sites"
        )


def _unnamed_removed(connection: sa.Connection, table: sa.Table, part: Part, named: sa.Table) -> None:
    """Delete what the part brought once and names no longer, where nothing points at it."""
    keys = key_columns(table)
    mine = [table.c.month == part.month, table.c.site == part.site] if "month" in table.c else []
    statement = sa.delete(table).where(
        *mine,
        ~sa.exists().where(*(named.c[key] == table.c[key] for key in keys)),
        *(~sa.exists().where(column == table.c[keys[0]]) for column in _children(table)),
    )
    # A row may have been kept by one that goes now: the successor of a jar points at it.
    while connection.execute(statement).rowcount:
        pass


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
    if table.info["newest_wins"] or table.info["cut"] == "whole":
        return
    [key] = table.primary_key.columns.values()[:1]
    for column in _children(table):
        child = column.table
        if not isinstance(child, sa.Table):
            continue
        orphan = [column.is_not(None), ~sa.exists().where(key == column)]
        orphan += [child.c.site == part.site] if part.site else []
        change = sa.update(child).values({column.name: None}) if column.nullable else sa.delete(child)
        touched = connection.execute(change.where(*orphan).returning(child.c.site, child.c.month))
        for site, month in sorted({tuple(row) for row in touched}):
            registry.mark_stale(connection, child, Part(site, month))
            if not column.nullable:
                orphans_removed(connection, child, Part(site, month))
