"""A synthetic site, laid into a warehouse without Dagster: its master tables, some days of telemetry."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.charge.string_power import string_calc_day
from battery_assets.features.ripple.bursts import burst_rows
from battery_assets.fleet.captures import bursts_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.synthetic import catalogue, events
from battery_assets.synthetic.master import master
from battery_assets.synthetic.signals import telemetry
from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.worlds.months.arrived import once

FIRST_MONTH = "2025-01"


@dataclass(frozen=True)
class World:
    """A site whose master rows are in the warehouse; telemetry is laid month by month."""

    warehouse: Warehouse
    site: SyntheticSite

    def part(self, month: str) -> Part:
        """A partition of the site."""
        return Part(self.site.site, month)

    def days(self, month: str, count: int) -> list[date]:
        """The first days of a month."""
        first = self.site.first_day(month)
        return [first + timedelta(days=n) for n in range(count)]

    def lay_master(self, month: str) -> None:
        """Replace the master tables, parents first."""
        lay_catalogue(self.warehouse)
        rows_of = master(self.site, month)
        for table in t.TABLES:
            if table.name in rows_of and table.info["cut"] == "site_month":
                replace(self.warehouse, table, self.part(month), rows_of[table.name])

    def lay_jars(self, month: str, frames: Iterable[tuple[date, pl.DataFrame]]) -> None:
        """Replace the jar telemetry of a month by these days."""
        replace(self.warehouse, t.telemetry_jar_raw, self.part(month), iter(frames))

    def lay_surroundings(self, month: str, count: int) -> None:
        """Replace the string and room telemetry of a month by its first days."""
        days, part = self.days(month, count), self.part(month)
        strings = {day: once(telemetry.string_day(self.site, day), t.telemetry_string_raw) for day in days}
        bursts = self.bursts(month)
        calculated = ((day, string_calc_day(rows, bursts)) for day, rows in strings.items())
        rooms = ((day, once(telemetry.environment_day(self.site, day), t.telemetry_env)) for day in days)
        replace(self.warehouse, t.telemetry_string_raw, part, iter(strings.items()))
        replace(self.warehouse, t.telemetry_string_calc, part, calculated)
        replace(self.warehouse, t.telemetry_env, part, rooms)

    def bursts(self, month: str) -> pl.DataFrame:
        """What the month's bursts of waveform say, as the calculation of distortion reads it."""
        made = master(self.site, month)
        systems = made["battery_system"].select("system_id", pulses="rectifier_pulses")
        facts = made["string"].join(systems, on="system_id").select("string_id", "string_code", "pulses")
        windows = events.event_windows(self.site, month)
        return burst_rows(bursts_of(windows, events.captures(self.site, month, datetime.now(UTC)), facts))

    def files(self, table: sa.Table, month: str) -> list[str]:
        """Addresses of the lake files that hold a month."""
        lake = self.warehouse.lake
        return [f"{lake.table_url(table)}/{path}" for path in lake.paths(table, self.part(month))]


def lay_catalogue(warehouse: Warehouse) -> None:
    """Replace the tables that no site owns: models of batteries, and users."""
    for table, rows in {t.battery_model: catalogue.battery_models(), t.user: catalogue.users()}.items():
        replace(warehouse, table, Part(), rows.with_columns(site=pl.lit("catalogue")))


def replace(warehouse: Warehouse, table: sa.Table, part: Part, rows: pl.DataFrame | Iterator) -> None:
    """Claim and replace a partition, as an asset does."""
    warehouse.replace(table, warehouse.claim(table, part), rows)


@dataclass
class Clock:
    """Seconds that a block took."""

    seconds: float = 0.0


@contextmanager
def clocked() -> Iterator[Clock]:
    """Time a block."""
    clock, started = Clock(), time.perf_counter()
    try:
        yield clock
    finally:
        clock.seconds = time.perf_counter() - started
