"""Several lake tables of one partition, walked day by day side by side."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.partitions import Part
from battery_assets.platform.warehouse import Warehouse
from battery_assets.tables.projections import empty


def together(
    warehouse: Warehouse, part: Part, wanted: Mapping[sa.Table, Sequence[str] | None]
) -> Iterator[tuple[date, tuple[pl.DataFrame, ...]]]:
    """Each day that any of the tables has, with one frame for each table; a day without rows is empty."""
    walks = [iter(warehouse.days(table, part, columns)) for table, columns in wanted.items()]
    nothing = [empty(table).select(columns or pl.all()) for table, columns in wanted.items()]
    ahead = [next(walk, None) for walk in walks]
    while any(step is not None for step in ahead):
        day = min(step[0] for step in ahead if step is not None)
        yield (
            day,
            tuple(
                step[1] if step is not None and step[0] == day else none
                for step, none in zip(ahead, nothing, strict=True)
            ),
        )
        ahead = [
            next(walk, None) if step is not None and step[0] == day else step
            for step, walk in zip(ahead, walks, strict=True)
        ]
