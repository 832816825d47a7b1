"""PostgreSQL: connections, and rows in and out by COPY."""

import functools
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql

from battery_assets.platform.warehouse.pool import ask_after_rest
from battery_assets.platform.warehouse.serving import outer, pool_of, sites_seen
from battery_assets.platform.warehouse.sites import narrow
from battery_assets.tables.projections import key_columns, polars_schema

# Managed servers give roles limits that a migration, a month's rows or a claim that waits would meet.
_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=60000 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
)
# Bare it is NULL, in quotes it is a text like any other: every text is quoted on its way in.
_NULL = "\\N"
# Deadlock, serialization, a server that stops or starts: the same transaction may succeed when repeated.
_PASSING = {"40001", "40P01", "57P01", "57P02", "57P03"}
Result = TypeVar("Result")
# What the driver itself raises, where rows go by COPY and not through SQLAlchemy.
DataRefused, DatabaseGone = psycopg.DataError, psycopg.OperationalError


def engine(url: str) -> sa.Engine:
    """The pool of this context, or else of this process."""
    return pool_of(url) or usual_engine(url)


@functools.lru_cache(maxsize=8)
def usual_engine(url: str) -> sa.Engine:
    """One engine for each database and process; two spare connections are enough for a step."""
    made = sa.create_engine(url, pool_size=2, max_overflow=4, connect_args={"options": _OPTIONS})
    ask_after_rest(made)
    return made


@contextmanager
def transaction(url: str) -> Iterator[sa.Connection]:
    """A transaction that commits when the block ends well, or with the one that this context is within."""
    whole = outer(url)
    if whole is not None:
        with whole.begin_nested():
            yield whole
        return
    sites = sites_seen()
    with engine(url).begin() as connection:
        if sites is not None:
            narrow(connection, sites)
        yield connection


@contextmanager
def reading(url: str) -> Iterator[sa.Connection]:
    """A connection for questions: each sees what is committed, as in a transaction, without begin and end."""
    whole = outer(url)
    if whole is not None:
        yield whole
        return
    if sites_seen() is not None:
        with transaction(url) as connection:
            yield connection
        return
    with engine(url).connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def unhurried(connection: sa.Connection) -> None:
    """Let the transaction's end not wait for the disk: for what is worked out again where it is lost."""
    connection.execute(sa.text("SET LOCAL synchronous_commit = off"))


def repeat(work: Callable[[], Result]) -> Result:
    """What `work`, a whole transaction, returns; repeated where a deadlock or a lost connection undid it."""
    for pause_s in (0.2, 2.0, None):
        try:
            return work()
        except (psycopg.OperationalError, sa.exc.OperationalError) as error:
            state = getattr(getattr(error, "orig", error), "sqlstate", None)
            if pause_s is None or not (state is None or state in _PASSING):
                raise
            time.sleep(pause_s)
    raise AssertionError("unreachable")


@contextmanager
def explain_refusals(what: str) -> Iterator[None]:
    """Rows that PostgreSQL refuses become a ValueError that names `what`, the column and the value."""
    try:
        yield
    except (sa.exc.DataError, sa.exc.IntegrityError) as error:
        raise ValueError(_refusal(what, cast(psycopg.Error, error.orig))) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise ValueError(_refusal(what, error)) from error


def _refusal(what: str, error: psycopg.Error) -> str:
    said = error.diag
    context = re.search(r"line \d+(, column .*)?", said.context or "")
    where = context[0] if context else f"constraint {said.constraint_name}" if said.constraint_name else None
    words = [said.message_primary or str(error), said.message_detail, where]
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        words.append(f"next step: materialize what {said.table_name} refers to, then this partition again")
    return f"{what}: " + "; ".join(f"{word:.300}" for word in words if word)


def cursor_of(connection: sa.Connection) -> psycopg.Cursor:
    """psycopg's own cursor, in the transaction of the connection."""
    return cast(psycopg.Connection, connection.connection.driver_connection).cursor()


def copy_in(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> bytes:
    """COPY rows into the table, columns by name. Returns the bytes that were sent."""
    data = csv_bytes(rows)
    copy_bytes(connection, table, rows.columns, data)
    return data


def copy_bytes(connection: sa.Connection, table: sa.Table, names: Sequence[str], data: bytes) -> None:
    """COPY rows that are `csv_bytes` into the table; `names` are their columns."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL {})").format(
        sql.Identifier(*qualified(table)),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Literal(_NULL),
    )
    with cursor_of(connection) as cursor, cursor.copy(statement) as copy:
        copy.write(data)


def qualified(table: sa.Table) -> list[str]:
    """Schema and name, where there is a schema."""
    return [part for part in (table.schema, table.name) if part]


def csv_bytes(rows: pl.DataFrame) -> bytes:
    """Rows as PostgreSQL's COPY reads them."""
    buffer = io.BytesIO()
    rows.write_csv(
        buffer,
        include_header=False,
        null_value=_NULL,
        quote_style="non_numeric",
        datetime_format="%Y-%m-%dT%H:%M:%S%.6f%z",
    )
    return buffer.getvalue()


def copy_out(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], where: sa.ColumnElement[bool] | None
) -> pl.DataFrame:
    """The named columns of the rows that match, in stored order, as polars holds the table."""
    query = sa.select(*(table.c[name] for name in names)).order_by(
        *(table.c[key] for key in key_columns(table))
    )
    if where is not None:
        query = query.where(where)
    kinds = polars_schema(table)
    return copy_select(connection, query, {name: kinds[name] for name in names})


def copy_select(
    connection: sa.Connection, query: sa.Select, schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """The rows of a question, in its order; schema: name and type of each of its columns."""
    readable = [_readable(column, schema[column.name]) for column in query.selected_columns]
    query = query.with_only_columns(*readable, maintain_column_froms=True)
    text = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
    # CSV's own NULL, nothing at all, is the only one that no text can look like once it is parsed.
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(
        sql.SQL(text.replace("%%", "%"))  # type: ignore[arg-type]
    )
    buffer = io.BytesIO()
    with cursor_of(connection) as cursor, cursor.copy(statement) as copy:
        for block in copy:
            buffer.write(block)
    return _parsed(buffer, dict(schema))


def _readable(column: sa.ColumnElement, kind: pl.DataType | type[pl.DataType]) -> sa.ColumnElement:
    """Instants leave PostgreSQL as microseconds since 1970: exact, and quick to parse."""
    if isinstance(kind, pl.Datetime):
        return sa.cast(sa.func.extract("epoch", column) * 1_000_000, sa.BigInteger).label(column.name)
    return column


def _parsed(buffer: io.BytesIO, schema: dict) -> pl.DataFrame:
    if buffer.tell() == 0:
        return pl.DataFrame(schema=schema)
    buffer.seek(0)
    instants = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime)]
    flags = [name for name, kind in schema.items() if kind == pl.Boolean]
    as_read = {**schema, **dict.fromkeys(instants, pl.Int64), **dict.fromkeys(flags, pl.String)}
    rows = pl.read_csv(buffer, has_header=False, schema=as_read)
    return rows.with_columns(
        *(pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC") for name in instants),
        *((pl.col(name) == "t").alias(name) for name in flags),
    )
