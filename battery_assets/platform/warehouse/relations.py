"""What replacing a partition means for leaves, parents and children of a PostgreSQL table."""

import polars as pl
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects.postgresql import insert

from battery_assets.errors import BadInput
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry.staleness import mark_stale
from battery_assets.platform.warehouse.database import copy_in, cursor_of, reading, transaction
from battery_assets.tables.projections import key_columns, parents


def ensure_leaf(url: str, table: sa.Table, part: Part) -> None:
    """Make the month's leaf of a partitioned table, in a transaction of its own.

    It is made beside the table and attached: no reader's lock is in the way, not even an idle one's.
    """
    if not table.info["month_leaves"] or part.month is None:
        return
    leaf = f"{table.name}_{part.month.replace('-', '_')}"
    names = sql.Identifier(str(table.schema), leaf), sql.Identifier(str(table.schema), str(table.name))
    is_there = sa.text("SELECT to_regclass(:name)").bindparams(name=f"{table.schema}.{leaf}")
    with reading(url) as connection:
        if connection.execute(is_there).scalar():
            return
    with transaction(url) as connection:
        # Two runs may arrive together; the second waits here and then finds the leaf. Readers do not wait,
        # and no reader can take this lock.
        parent = connection.dialect.identifier_preparer.format_table(table)
        connection.execute(sa.text(f"LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE"))
        if connection.execute(is_there).scalar():
            return
        with cursor_of(connection) as cursor:
            cursor.execute(
                sql.SQL(
                    "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)"
                ).format(*names)
            )
            attached = sql.SQL("ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES IN ({2})")
            cursor.execute(attached.format(*names, sql.Literal(part.month)))


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
        raise BadInput(
            f"{table.name} {part.key}: {key} {row[0]} belongs to site {row.site} already, and ids are unique "
            f"in the whole fleet, so the same export cannot be two sites; next step: import it as --site "
            f"{row.site}, or run `battery-assets site remove {row.site}` first"
        )


def _unnamed_removed(connection: sa.Connection, table: sa.Table, part: Part, named: sa.Table) -> None:
    """Delete what the part brought once and names no longer, where nothing points at it."""
    keys = key_columns(table)
    mine = [table.c.month == part.month, table.c.site == part.site] if "month" in table.c else []
    statement = sa.delete(table).where(
        *mine,
        ~sa.exists().where(*(named.c[key] == table.c[key] for key in keys)),
        *unreferenced(table),
    )
    # A row may have been kept by one that goes now: the successor of a jar points at it.
    while connection.execute(statement).rowcount:
        pass


def unreferenced(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """The conditions that no row, of this table or another, points at a row."""
    [key] = table.primary_key.columns.values()[:1]
    return [~sa.exists().where(column == key) for column in _children(table)]


def _children(table: sa.Table) -> list[sa.Column]:
    """The columns of other tables, and of this one, that point at the table's key."""
    children = []
    for other in table.metadata.tables.values():
        for name, parent in parents(other).items():
            if parent.table is table:
                children.append(other.alias().c[name] if other is table else other.c[name])
    return children


def mark_children_stale(connection: sa.Connection, table: sa.Table, part: Part) -> None:
    """Partitions whose rows point at a row that is gone are to be made again; until then they stay whole."""
    if table.info["newest_wins"] or table.info["cut"] == "whole":
        return
    [key] = table.primary_key.columns.values()[:1]
    for column in _children(table):
        child = column.table
        if not isinstance(child, sa.Table):
            continue
        orphan = [column.is_not(None), ~sa.exists().where(key == column)]
        orphan += [child.c.site == part.site] if part.site else []
        pointing = sa.select(child.c.site, child.c.month).where(*orphan).distinct()
        for site, month in connection.execute(pointing):
            mark_stale(connection, child, Part(site, month))


def refuse_dangling(connection: sa.Connection, table: sa.Table, part: Part) -> None:
    """Hold a partition's references to rows of other partitions, as PostgreSQL holds its foreign keys.

    Raises ValueError that names the column, the value and what to do.
    """
    for name, parent in parents(table).items():
        column = table.c[name]
        if column.foreign_keys:
            continue
        mine = [table.c[key] == value for key, value in (("site", part.site), ("month", part.month)) if value]
        dangling = sa.select(column).where(*mine, column.is_not(None), ~sa.exists().where(parent == column))
        value = connection.execute(dangling.limit(1)).scalar()
        if value is not None:
            raise ValueError(
                f"{table.name} {part.key}: {name} {value} is no row of {parent.table.name}; "
                f"next step: materialize {parent.table.name}, then this partition again"
            )
