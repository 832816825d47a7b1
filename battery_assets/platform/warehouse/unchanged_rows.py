"""What is made from rows of PostgreSQL tables alone, made again only where a row has become another."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.conditions import within
from battery_assets.platform.warehouse.resource import Warehouse

Made = TypeVar("Made")
_MOST = 16
_KEPT: dict[tuple[str, ...], tuple[str, Any]] = {}


def of_unchanged_rows(
    warehouse: Warehouse,
    tables: Sequence[sa.Table],
    part: Part,
    make: Callable[[Warehouse, Part], Made],
) -> Made:
    """What `make` gives of a partition of these tables, which it may read and no others.

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
    """Sums over PostgreSQL's own version and place of each row: whoever writes, these change."""
    row = sa.func.concat(sa.literal_column("xmin"), sa.literal_column("ctid"), sa.literal_column("tableoid"))
    number = sa.cast(sa.func.hashtextextended(row, 0), sa.Numeric)
    sums = [
        sa.select(sa.func.sum(number)).select_from(table).where(within(table, part, None)).scalar_subquery()
        for table in tables
    ]
    with warehouse.reading() as connection:
        return str(tuple(connection.execute(sa.select(*sums)).one()))
