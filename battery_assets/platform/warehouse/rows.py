"""Rows on their way into a table: do they fit, and how are they put there."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import cast

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.casting import cast_columns
from battery_assets.platform.warehouse.conditions import within
from battery_assets.platform.warehouse.database import copy_bytes, copy_in, csv_bytes
from battery_assets.platform.warehouse.digests import (
    are_changed,
    digest_there,
    has_shared_digest,
    keep_shared_digest,
    shared_digests,
)
from battery_assets.platform.warehouse.profile import profile_of
from battery_assets.platform.warehouse.relations import upsert_newest
from battery_assets.tables.projections import columns, polars_schema


def put(
    connection: sa.Connection, table: sa.Table, part: Part, rows: pl.DataFrame
) -> tuple[dict, str, str | None]:
    """Rows into their PostgreSQL table, within the caller's transaction; none where the same are there.

    Returns their profile, their checksum, and where they were there the digest of the rows.
    """
    stamped = rows.with_columns(
        *([pl.lit(part.site).alias("site")] if "site" in table.c and "site" not in rows.columns else []),
        *([pl.lit(part.month).alias("month")] if "month" in table.c else []),
    )
    there = None
    if table.info["newest_wins"] or table.info["cut"] == "whole":
        # Two months of a site bring the same ids and codes: ON CONFLICT settles a race for the id alone.
        registry.take_turn(connection, table, part.site or "")
        data = _put_newest(connection, table, part, stamped)
    else:
        data = csv_bytes(stamped)
        there = digest_there(connection, table, part, hashlib.sha256(data).hexdigest())
        if there is None:
            connection.execute(sa.delete(table).where(within(table, part, None)))
            copy_bytes(connection, table, stamped.columns, data)
    profile = profile_of(rows.select(list(polars_schema(table))), table)
    return profile, hashlib.sha256(data).hexdigest(), there


def _put_newest(connection: sa.Connection, table: sa.Table, part: Part, rows: pl.DataFrame) -> bytes:
    """Upsert, and enter what the site's rows are then; an older month vouches for no change of others."""
    if not has_shared_digest(table):
        return upsert_newest(connection, table, part, rows)
    as_left = not are_changed(*shared_digests(connection, table, part))
    data = upsert_newest(connection, table, part, rows)
    if as_left or registry.is_newest(connection, table, part):
        keep_shared_digest(connection, table, part)
    return data


def put_days(
    connection: sa.Connection,
    table: sa.Table,
    part: Part,
    kept: Collection[date],
    days: Mapping[date, pl.DataFrame],
) -> tuple[dict[date, tuple[dict, str]], int]:
    """Days of rows into a table that is kept day by day; of the rows that were there, the kept days' stay.

    Returns profile and checksum of each day, and how many rows went.
    Raises ValueError for a row that is dated outside its day.
    """
    stay = [_dated(table, first, last) for first, last in _spans(kept)]
    gone = sa.not_(sa.or_(*stay)) if stay else None
    removed = connection.execute(sa.delete(table).where(within(table, part, gone))).rowcount
    written = {}
    for day, rows in days.items():
        _of_day(rows, table, part, day)
        stamped = rows.with_columns(site=pl.lit(part.site), month=pl.lit(part.month))
        data = copy_in(connection, table, stamped) if rows.height else b""
        written[day] = profile_of(rows, table), hashlib.sha256(data).hexdigest()
    return written, removed


def _dated(table: sa.Table, first: date, last: date) -> sa.ColumnElement[bool]:
    """Rows of the days from first to last: the midnight that ends a day is the day's."""
    column = table.c[table.info["dated_by"]]
    return sa.and_(column > midnight(first), column <= midnight(last) + timedelta(days=1))


def _spans(days: Collection[date]) -> list[tuple[date, date]]:
    """First and last day of each stretch of days without a gap."""
    spans: list[tuple[date, date]] = []
    for day in sorted(days):
        if spans and (day - spans[-1][1]).days == 1:
            spans[-1] = spans[-1][0], day
        else:
            spans.append((day, day))
    return spans


def _of_day(rows: pl.DataFrame, table: sa.Table, part: Part, day: date) -> None:
    dated = rows[table.info["dated_by"]]
    start = midnight(day)
    if rows.height and not (start < dated.min() and dated.max() <= start + timedelta(days=1)):  # type: ignore[operator]
        raise ValueError(
            f"{table.name} {part.key}: {dated.min()} to {dated.max()} is not all of {day}; next step: give "
            f"each row with the day in which its {table.info['dated_by']} lies (midnight ends a day)"
        )


def midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def rows_there(connection: sa.Connection, table: sa.Table, part: Part) -> int:
    """How many rows a partition of a PostgreSQL table has now."""
    count = sa.select(sa.func.count()).select_from(table)
    return connection.execute(count.where(within(table, part, None))).scalar_one()


def fitting(rows: pl.DataFrame, table: sa.Table) -> pl.DataFrame:
    """The rows with the table's columns in order. Raises ValueError that names what is missing or extra."""
    schema = polars_schema(table)
    extra_allowed = {"site"} if table.info["cut"] == "whole" else set()
    missing = [name for name in schema if name not in rows.columns]
    unknown = [name for name in rows.columns if name not in schema and name not in extra_allowed]
    if missing or unknown:
        raise ValueError(f"{table.name}: columns missing: {missing}; columns unknown: {unknown}")
    _no_nulls(rows, table)
    names = [*schema, *(name for name in rows.columns if name in extra_allowed)]
    if table.info["store"] == "lake":
        return rows.select(names)
    _finite(rows, table)
    casts = {name: _rounded(table.c[name]) if name in schema else pl.col(name) for name in names}
    return cast_columns(rows, table, casts)


def _no_nulls(rows: pl.DataFrame, table: sa.Table) -> None:
    required = [c.name for c in columns(table) if not c.nullable and rows[c.name].null_count()]
    if required:
        raise ValueError(f"{table.name}: these columns may not be null: {required}")


def _finite(rows: pl.DataFrame, table: sa.Table) -> None:
    """PostgreSQL's numbers can be NaN, and NaN is above every limit: it is refused here, with its column."""
    floats = [name for name in polars_schema(table) if rows.schema[name].is_float()]
    sound = rows.select(pl.col(floats).is_finite().all()).row(0) if floats else ()
    named = [name for name, finite in zip(floats, sound, strict=True) if not finite]
    if named:
        raise ValueError(f"{table.name}: NaN or infinity, where a number or null belongs: {named}")


def _rounded(column: sa.Column) -> pl.Expr:
    kind = column.info["kind"]
    if kind == "decimal":
        value, scale = pl.col(column.name).cast(pl.Float64), column.info["scale"]
        # Of more than 15 digits a float would be moved by it: PostgreSQL rounds what it gets.
        return pl.when(value.abs() < 2**50 / 10**scale).then(value.round(scale)).otherwise(value)
    return pl.col(column.name).cast(polars_schema(column.table)[column.name])


def of_month(rows: pl.DataFrame, table: sa.Table, part: Part) -> pl.DataFrame:
    """The rows, all of the partition's month. Raises ValueError for an instant outside it.

    A test may run on into later months: its rows belong to the month in which it began.
    """
    if table.info["whole_sessions"]:
        return rows
    first, last = (cast(datetime, at) for at in (rows["ts"].min(), rows["ts"].max()))
    if rows.height and not (part.start <= first and last < part.end):
        raise ValueError(
            f"{table.name} {part.key}: column ts: {first} to {last} is not all of this month; "
            "next step: leave out what other months' partitions hold"
        )
    return rows


def by_day(rows: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    """The rows of each UTC day, in the order of the days."""
    days = rows.group_by(pl.col("ts").dt.date().alias("day"), maintain_order=True)
    yield from sorted(((day, frame) for (day,), frame in days), key=lambda pair: pair[0])
