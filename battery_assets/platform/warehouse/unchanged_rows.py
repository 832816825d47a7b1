"""What is made from tables alone, made again in this process only where one of them has become another."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import tables as r
from battery_assets.platform.registry.books import at_place
from battery_assets.platform.warehouse.conditions import within
from battery_assets.platform.warehouse.resource import Warehouse

Made = TypeVar("Made")
_MOST = 32
_KEPT: dict[tuple[str, ...], tuple[str, Any]] = {}


def of_unchanged_rows(
    warehouse: Warehouse,
    tables: Sequence[sa.Table],
    part: Part,
    make: Callable[[Warehouse, Part], Made],
) -> Made:
    """What `make` gives of a partition of these tables, which it may read and no others, and of its site.

    Many steps of a run ask for the same: the answer is kept in the process and belongs to all who ask.
    """
    key = (warehouse.database_url, make.__module__, make.__qualname__, part.site or "", part.month or "")
    for table in tables:
        warehouse.note(table)
    now = _versions(warehouse, tables, part)
    kept = _KEPT.get(key)
    if kept is None or kept[0] != now:
        kept = now, make(warehouse, part)
        _KEPT.pop(key, None)
        while len(_KEPT) >= _MOST:
            _KEPT.pop(next(iter(_KEPT)), None)
        _KEPT[key] = kept
    return kept[1]


def _versions(warehouse: Warehouse, tables: Sequence[sa.Table], part: Part) -> str:
    """Sums over the version and place of each row in PostgreSQL: whoever writes changes them.
    Of tables in the lake what the books say, and of the site how it is set up.
    """
    asked = [
        _in_books(table, part) if table.info["store"] == "lake" else _rows(table, part) for table in tables
    ]
    site = sa.select(sa.cast(r.site.c.config, sa.Text)).where(r.site.c.site == (part.site or ""))
    with warehouse.reading() as connection:
        return str(tuple(connection.execute(sa.select(*asked, site.scalar_subquery())).one()))


def _rows(table: sa.Table, part: Part) -> sa.ScalarSelect:
    row = sa.func.concat(sa.literal_column("xmin"), sa.literal_column("ctid"), sa.literal_column("tableoid"))
    number = sa.cast(sa.func.hashtextextended(row, 0), sa.Numeric)
    rows = sa.select(sa.func.sum(number)).select_from(table).where(within(table, part, None))
    return rows.scalar_subquery()


def _in_books(table: sa.Table, part: Part) -> sa.ScalarSelect:
    """What is committed of a partition, and what a writer that never came back has announced."""
    version = r.partition_version
    said = sa.func.concat(version.c.sha256, " ", version.c.pending)
    return sa.select(said).where(at_place(table, part)).scalar_subquery()
