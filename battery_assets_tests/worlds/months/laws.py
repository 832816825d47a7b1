"""Months of synthetic telemetry as the laws read them: rows as stored, and what is known of the strings."""

from collections.abc import Callable, Iterator
from datetime import date

import polars as pl

from battery_assets import tables as t
from battery_assets.synthetic import master
from battery_assets.synthetic.calendar import DAY_S, day_date, month_days, month_index
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.schedule import events_touching
from battery_assets.synthetic.signals import telemetry
from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.worlds.months.arrived import once

Change = Callable[[pl.DataFrame], pl.DataFrame]


def same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


def site(name: str, **given) -> SyntheticSite:
    return SyntheticSite.from_config(name, {"place": name, "strings": 3, "start": "2025-01", **given})


def days(made: SyntheticSite, month: str) -> list[date]:
    first, following = month_days(month_index(month))
    return [day_date(number) for number in range(first, following)]


def test_day(made: SyntheticSite, month: str) -> date:
    """The day of the month's first capacity test."""
    first, following = month_days(month_index(month))
    tests = [e for e in events_touching(made, first * DAY_S, following * DAY_S) if e.kind == "capacity_test"]
    return day_date(int(tests[0].start_s // DAY_S))


test_day.__test__ = False  # type: ignore[attr-defined]


def strings(made: SyntheticSite) -> pl.DataFrame:
    ids = list(layout(made).string_ids)
    return pl.DataFrame({"string_id": ids}).with_columns(
        jars=pl.lit(made.jars_per_string), capacity_ah=pl.lit(120.0)
    )


def jars(made: SyntheticSite, month: str) -> pl.DataFrame:
    return master.master(made, month)["battery"].with_columns(capacity_ah=pl.lit(120.0))


def string_days(
    made: SyntheticSite, wanted: list[date], change: Change = same
) -> Iterator[tuple[date, pl.DataFrame]]:
    for day in wanted:
        stored = pl.col("voltage_v", "current_a").cast(pl.Float32)
        yield day, change(once(telemetry.string_day(made, day), t.telemetry_string_raw).with_columns(stored))


def jar_days(made: SyntheticSite, wanted: list[date]) -> Iterator[pl.DataFrame]:
    for day in wanted:
        sent = telemetry.jar_day(made, day)
        yield once(sent, t.telemetry_jar_raw).with_columns(pl.col("battery_id").cast(pl.String))
