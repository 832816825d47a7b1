"""Days that are kept: the unchanged are restored, the others are reduced, and all are stored."""

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.work import alone, reduce_days, replace_days
from battery_assets.tables.projections import empty

MARCH = Part("bangrak", "2025-03")
DAYS = [date(2025, 3, day) for day in (1, 2, 3)]
HERE = "battery_assets.platform.days.work"


class Sums:
    """A sum that each day hands on to the next; it notes what it was asked for."""

    def __init__(self, warehouse) -> None:
        self.warehouse = warehouse
        self.read, self.restored, self.reduced, self.sum = [], [], [], 0

    def frames(self, days: list[date]) -> Iterator[tuple[date, int]]:
        self.read += days
        return ((day, day.day) for day in days)

    def restore(self, day: date, values: pl.DataFrame) -> None:
        self.restored.append(day)
        self.sum = values["sum"][0]

    def reduce(self, day: date, number: int) -> pl.DataFrame:
        self.reduced.append(day)
        self.sum += number
        return pl.DataFrame({"sum": [self.sum]})

    def run(self, inputs: dict[date, str], **more) -> list[int]:
        self.read, self.restored, self.reduced, self.sum = [], [], [], 0
        kept = reduce_days(
            self.warehouse, "sums", MARCH, inputs, self.frames, self.reduce,
            restore=self.restore, by=HERE, **more,
        )  # fmt: skip
        return [values["sum"][0] for values in kept.values()]


@pytest.fixture
def sums(warehouse) -> Sums:
    return Sums(warehouse)


INPUTS = dict.fromkeys(DAYS, "made of this")


def test_unchanged_days_are_restored_and_only_the_others_are_read(sums):
    assert sums.run(dict(list(INPUTS.items())[:2]), chained=True) == [1, 3]
    assert sums.run(INPUTS, chained=True) == [1, 3, 6]
    assert (sums.read, sums.restored, sums.reduced) == (DAYS[2:], DAYS[:2], DAYS[2:])


def test_where_nothing_changed_nothing_is_restored_either(sums):
    sums.run(INPUTS, chained=True)
    assert sums.run(INPUTS, chained=True) == [1, 3, 6]
    assert (sums.read, sums.restored, sums.reduced) == ([], [], [])


def test_a_changed_day_takes_with_it_those_that_build_on_it(sums):
    sums.run(INPUTS, chained=True)
    assert sums.run({**INPUTS, DAYS[1]: "another"}, chained=True) == [1, 3, 6]
    assert (sums.restored, sums.reduced) == (DAYS[:1], DAYS[1:])
    sums.run(INPUTS)
    assert sums.run({**INPUTS, DAYS[1]: "another"})
    assert sums.reduced == [DAYS[1]]


def test_an_unchanged_day_that_is_not_whole_is_made_again(sums):
    sums.run(INPUTS)
    sums.run(INPUTS, whole=lambda _, values: values["sum"][0] != 3)
    assert (sums.restored, sums.reduced) == ([DAYS[0], DAYS[2]], [DAYS[1]])


def test_nothing_is_kept_of_a_block_that_fails(sums, warehouse):
    def fails(day: date, _: None) -> None:
        raise RuntimeError(day)

    with pytest.raises(RuntimeError):
        reduce_days(warehouse, "sums", MARCH, INPUTS, alone, fails, by=HERE)
    sums.run(INPUTS)
    assert sums.reduced == DAYS


def test_rows_of_a_table_are_replaced_day_by_day(warehouse):
    table = next(table for table in t.TABLES if table.info["dated_by"] and table.schema == "fleet")

    def run(inputs: dict[date, str]) -> tuple[list[date], list[int]]:
        claimed, reduced = warehouse.claim(table, MARCH), []

        def made(day: date, _: None) -> tuple[pl.DataFrame, pl.DataFrame]:
            reduced.append(day)
            return empty(table), pl.DataFrame({"day": [day.day]})

        result, plan = replace_days(warehouse, table, claimed, inputs, alone, made, by=HERE)
        assert result.metadata["days made"] == len(reduced)
        return reduced, [values["day"][0] for _, values in plan.saved()]

    assert run(INPUTS) == (DAYS, [1, 2, 3])
    assert run({**INPUTS, DAYS[1]: "another"}) == ([DAYS[1]], [1, 2, 3])
