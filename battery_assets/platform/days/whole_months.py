"""What an asset makes of a whole month, made again only where a table that it reads has become another."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from battery_assets.platform.dagster.assets import Reads
from battery_assets.platform.dagster.partitions import Part, months_after
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.saved import Value
from battery_assets.platform.days.work import alone, reduce_days
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.digests import has_digest, rows_sum
from battery_assets.platform.warehouse.replacing import Claimed
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import polars_schema

# When a row of master data was written says nothing, and an export may write all of them anew every day.
STAMPS = ("created_at", "updated_at")
# A table, and the first and last month of it that are read.
Span = tuple[sa.Table, str, str]


def reduce_month(
    warehouse: Warehouse,
    table: sa.Table,
    part: Claimed,
    reads: Reads,
    make: Callable[[], Mapping[str, Value]],
    *,
    by: str,
) -> dict[str, Any]:
    """What `make` gives of a partition of a table, kept until a table of `reads` is another.

    It is made again, too, where the code of the module `by` is another, where the partition is stale or was
    never committed, and where its run makes all from scratch. `make` may read nothing but `reads`.
    """
    with warehouse.reading() as connection:
        row = registry.committed(connection, table, part)
        inputs = {part.start.date(): _digest(connection, part, reads)}
    if row is None or row.state != "current":
        part = dataclasses.replace(part, from_scratch=True)

    def made(_day: date, _: None) -> Mapping[str, Value]:
        return make()

    [values] = reduce_days(warehouse, f"month of {table.name}", part, inputs, alone, made, by=by).values()
    return dict(values)


def _digest(connection: sa.Connection, part: Part, reads: Reads) -> str:
    """Equal where the rows of all that is read are equal, and what is known of the site.

    Of tables that months share the rows themselves count, of all others what the books say of each month.
    """
    spans = list(_spans(part, reads))
    shared = sorted({table for table, *_ in spans if not _in_books(table)}, key=lambda table: table.name)
    sums = [rows_sum(table, part, [n for n in polars_schema(table) if n not in STAMPS]) for table in shared]
    rows = [str(total) for total in connection.execute(sa.select(*sums)).one()] if sums else []
    months = registry.checksums(connection, part, {table.name for table, *_ in spans if _in_books(table)})
    of_books = [
        [table.name, month, *words]
        for table, first, last in spans
        for month, *words in months.get(table.name, ())
        if first <= month <= last
    ]
    config = [row.config for row in registry.sites(connection) if row.site == part.site]
    names = [table.name for table in shared]
    return digest({"rows": dict(zip(names, rows, strict=True)), "books": of_books, "site": config})


def _in_books(table: sa.Table) -> bool:
    """Whether a month of it is as its writer committed it; rows that months share may be others'."""
    return table.info["store"] == "lake" or has_digest(table)


def _spans(part: Part, reads: Reads) -> Iterator[Span]:
    month, before = str(part.month), str(part.before.month)
    reach = reads.get("history_months", 0)
    yield from _each(reads.get("reads", ()), month, month)
    yield from _each(reads.get("history", ()), months_after(month, -reach) if reach else "", month)
    yield from _each(reads.get("earlier", ()), "", before)
    yield from _each(reads.get("month_before", ()), before, before)


def _each(tables: Iterable[sa.Table], first: str, last: str) -> Iterator[Span]:
    return ((table, first, last) for table in tables)
