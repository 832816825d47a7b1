"""PostgreSQL: connections, and rows in and out by COPY."""

import functools
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl
import sqlalchemy as sa
from psycopg import sql

from battery_assets.tables.projections import key_columns, polars_schema

_NULL = "\\N"


@functools.lru_cache(maxsize=8)
def engine(url: str) -> sa.Engine:
    """One engine for each database and process; two spare connections are enough for a step."""
    return sa.create_engine(
        url,
        pool_size=2,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=60000"},
    )


@contextmanager
def transaction(url: str) -> Iterator[sa.Connection]:
    """A transaction that commits when the block ends well."""
    with engine(url).begin() as connection:
        yield connection


def copy_in(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> bytes:
    """COPY rows into the table, columns by name. Returns the bytes that were sent."""
    data = csv_bytes(rows)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL {})").format(
        sql.Identifier(*qualified(table)),
        sql.SQL(", ").join(map(sql.Identifier, rows.columns)),
        sql.Literal(_NULL),
    )
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(data)
    return data


def qualified(table: sa.Table) -> list[str]:
    """Schema and name, where there is a schema."""
    return [part for part in (table.schema, table.name) if part]


def csv_bytes(rows: pl.DataFrame) -> bytes:
    """Rows as PostgreSQL's COPY reads them."""
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False, null_value=_NULL, datetime_format="%Y-%m-%dT%H:%M:%S%.6f%z")
    return buffer.getvalue()


def copy_out(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], where: sa.ColumnElement[bool] | None
) -> pl.DataFrame:
    """The named columns of the rows that match, in stored order, as polars holds the table."""
    chosen = [_readable(table.c[name]) for name in names]
    query = sa.select(*chosen).order_by(*(table.c[key] for key in key_columns(table)))
    if where is not None:
        query = query.where(where)
    text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, NULL {})").format(
        sql.SQL(text.replace("%%", "%")), sql.Literal(_NULL)
    )  # type: ignore[arg-type]
    buffer = io.BytesIO()
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            buffer.write(block)
    schema = {name: polars_schema(table)[name] for name in names}
    return _parsed(buffer, schema)


def _readable(column: sa.Column) -> sa.ColumnElement:
    """Instants leave PostgreSQL as microseconds since 1970: exact, and quick to parse."""
    if column.info["kind"] == "instant":
        return sa.cast(sa.func.extract("epoch", column) * 1_000_000, sa.BigInteger).label(column.name)
    return column


def _parsed(buffer: io.BytesIO, schema: dict) -> pl.DataFrame:
    if buffer.tell() == 0:
        return pl.DataFrame(schema=schema)
    buffer.seek(0)
    instants = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime)]
    flags = [name for name, kind in schema.items() if kind == pl.Boolean]
    as_read = {**schema, **dict.fromkeys(instants, pl.Int64), **dict.fromkeys(flags, pl.String)}
    rows = pl.read_csv(
        buffer, has_header=False, schema=as_read, null_values=_NULL, empty_string_is_null=False
    )
    return rows.with_columns(
        *(pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC") for name in instants),
        *((pl.col(name) == "t").alias(name) for name in flags),
    )
