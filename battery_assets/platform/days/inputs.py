"""Several lake tables of one partition, walked day by day side by side."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.lake.reads import Days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty


class Inputs:
    """The files of lake tables that a partition is made from, as they are named now.

    `digests` says of each day that any of the tables has what its files are. A walk reads those very files,
    whatever is committed meanwhile.
    """

    def __init__(
        self, warehouse: Warehouse, part: Part, wanted: Mapping[sa.Table, Sequence[str] | None]
    ) -> None:
        self._warehouse, self._wanted = warehouse, wanted
        self._files = {table: warehouse.files(table, part) for table in wanted}
        self.days = sorted({file.day for files in self._files.values() for file in files})
        self.digests = {day: self._digest(day) for day in self.days}

    @property
    def tables(self) -> Collection[sa.Table]:
        """The tables that are walked."""
        return self._wanted.keys()

    @property
    def span(self) -> list[date]:
        """Every day from the first to the last, those without a file among them."""
        reach = (self.days[-1] - self.days[0]).days + 1 if self.days else 0
        return [self.days[0] + timedelta(days=n) for n in range(reach)]

    def _digest(self, day: date, only: sa.Table | None = None) -> str:
        of_day = {
            table.name: [file.sha256 for file in files if file.day == day]
            for table, files in self._files.items()
            if only is None or table is only
        }
        return digest(of_day)

    def digests_of(self, table: sa.Table) -> dict[date, str]:
        """What the files of one of the tables are, of each day that has any."""
        return {day: self._digest(day, only=table) for day in self.has(table)}

    def has(self, table: sa.Table) -> list[date]:
        """The days that have a file of a table, in order."""
        return sorted({file.day for file in self._files[table]})

    def of(self, table: sa.Table, only: Collection[date] | None = None) -> Days:
        """The days of one of the tables, or those that are wanted, as `Warehouse.days` gives them."""
        files = [file for file in self._files[table] if only is None or file.day in only]
        return self._warehouse.days_in(table, files, self._wanted[table])

    def scan(self, table: sa.Table, day: date) -> pl.LazyFrame:
        """A day of one of the tables as `Warehouse.read` gives it: to be narrowed down before it is read."""
        files = [file for file in self._files[table] if file.day == day]
        return self._warehouse.scan_in(table, files, self._wanted[table])

    def walk(self, only: Collection[date] | None = None) -> Iterator[tuple[date, tuple[pl.DataFrame, ...]]]:
        """Each day, or each that is wanted, with a frame for each table; an empty one where it has none."""
        walks, nothing = [], []
        for table, columns in self._wanted.items():
            walks.append(iter(self.of(table, only)))
            nothing.append(empty(table).select(columns or pl.all()))
        ahead = [next(walk, None) for walk in walks]
        for day in self.days if only is None else sorted(only):
            frames = tuple(
                step[1] if step is not None and step[0] == day else none
                for step, none in zip(ahead, nothing, strict=True)
            )
            yield day, frames
            ahead = [
                next(walk, None) if step is not None and step[0] == day else step
                for step, walk in zip(ahead, walks, strict=True)
            ]
