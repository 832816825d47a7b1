"""Work that is kept by day: what is unchanged is read, the rest is reduced from its frames, all is stored.

`replace_days` makes the rows of a table so, `reduce_days` what is only worked out of days. Both take

- `inputs`: of each day what it is made from. The code of the module `by` that makes it is added, and of
  `chained` days what the day before was;
- `frames`: reads the days to make, in order, each with what `reduce` is to see of it;
- `reduce`: makes a day;
- `restore`: takes up an unchanged day by what was saved of it, in order, before the first day is made;
- `whole`: is an unchanged day, by what was saved of it, still what it was? All are, unless it says so.
"""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.mended import warn_of_changed_days
from battery_assets.platform.days.plan import DayPlan, input_hashes_of, unchanged_days
from battery_assets.platform.days.saved import Values
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.database import unhurried
from battery_assets.platform.warehouse.replacing import days_there, from_scratch
from battery_assets.platform.warehouse.resource import Warehouse

Frames = TypeVar("Frames")
Made = TypeVar("Made")
Saved = TypeVar("Saved", bound=Values | None)
Read = Callable[[list[date]], Iterable[tuple[date, Frames]]]


def alone(days: list[date]) -> Iterator[tuple[date, None]]:
    """Days of which nothing is read ahead."""
    return ((day, None) for day in days)


def reduce_days(
    warehouse: Warehouse,
    name: str,
    part: Part,
    inputs: Mapping[date, str],
    frames: Read[Frames],
    reduce: Callable[[date, Frames], Saved],
    *,
    by: str,
    restore: Callable[[date, Any], None] | None = None,
    whole: Callable[[date, Any], bool] | None = None,
    chained: bool = False,
    only: Collection[date] | None = None,
) -> dict[date, Saved]:
    """What `reduce` gives of each day, kept under `name`; a day of which it gives None has no place in it.

    `only` names the days that are returned.
    """
    with days_kept(warehouse, name, part, inputs, by=by, chained=chained) as plan:
        _drop_broken(plan, whole)
        for day, values in _made(plan, frames, reduce, restore):
            plan.save(day, values)
    return dict(plan.saved(only))


def replace_days(
    warehouse: Warehouse,
    table: sa.Table,
    part: Part,
    inputs: Mapping[date, str],
    frames: Read[Frames],
    reduce: Callable[[date, Frames], tuple[pl.DataFrame, Values | None]],
    *,
    by: str,
    restore: Callable[[date, Any], None] | None = None,
    whole: Callable[[date, Any], bool] | None = None,
    chained: bool = False,
) -> tuple[dg.MaterializeResult, DayPlan]:
    """Replace a partition by the rows that `reduce` gives of each day; with them goes what is saved of it.

    The plan that is returned tells what was saved of all days, unchanged ones among them.
    """
    plan = day_plan(warehouse, table, part, inputs, by=by, chained=chained)
    _drop_broken(plan, whole)

    def rows() -> Iterator[tuple[date, pl.DataFrame]]:
        for day, (of_day, values) in _made(plan, frames, reduce, restore):
            plan.save(day, values)
            yield day, of_day

    return warehouse.replace(table, part, rows(), plan=plan), plan


def _drop_broken(plan: DayPlan, whole: Callable[[date, Any], bool] | None) -> None:
    """Let no day stay that is not whole."""
    if whole is not None:
        saved = dict(plan.saved())
        plan.make_again([day for day in plan.unchanged if not whole(day, saved.get(day))])


def _made(
    plan: DayPlan,
    frames: Read[Frames],
    reduce: Callable[[date, Frames], Made],
    restore: Callable[[date, Any], None] | None,
) -> Iterator[tuple[date, Made]]:
    """The days to make, as they are made."""
    if restore is not None and plan.to_make:
        for day, values in plan.saved():
            restore(day, values)
    for day, of_day in frames(plan.to_make):
        yield day, reduce(day, of_day)


def day_plan(
    warehouse: Warehouse,
    table: sa.Table,
    part: Part,
    inputs: Mapping[date, str],
    *,
    by: str,
    chained: bool = False,
) -> DayPlan:
    """Which days of a partition have to be made.

    A damaged day has to be made; so have all where the partition is stale or the run says so.
    """
    input_hashes = input_hashes_of(table.name, inputs, chained, by)
    with warehouse.reading() as connection:
        row = registry.committed(connection, table, part)
        entries = registry.day_entries(connection, registry.place(table, part))
        days = days_there(connection, warehouse.lake, table, part, entries)
    if row is None or row.state != "current" or from_scratch(part):
        return DayPlan(input_hashes, {})
    mended = warn_of_changed_days(f"{table.name} {part.key}", input_hashes, entries, days)
    return DayPlan(input_hashes, unchanged_days(input_hashes, entries, days, chained), mended)


@contextlib.contextmanager
def days_kept(
    warehouse: Warehouse,
    name: str,
    part: Part,
    inputs: Mapping[date, str],
    *,
    by: str,
    chained: bool = False,
) -> Iterator[DayPlan]:
    """Days of which something is only worked out; what the block saves is kept where it ends well.

    No claim is needed: what is saved of a day follows from its input hash alone.
    """
    input_hashes = input_hashes_of(name, inputs, chained, by)
    key = {"table_name": name, "site": part.site or "", "month": part.month or ""}
    with warehouse.reading() as connection:
        entries = registry.day_entries(connection, key)
    days = set() if from_scratch(part) else set(entries)
    plan = DayPlan(input_hashes, unchanged_days(input_hashes, entries, days, chained))
    yield plan
    if not plan.to_make and plan.unchanged.keys() == entries.keys():
        return
    with warehouse.transaction() as connection:
        unhurried(connection)
        made = [plan.entry(day) for day in plan.to_make]
        registry.put_day_entries(connection, key, plan.unchanged, made)
