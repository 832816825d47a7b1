"""A site whose month is made as it stands on some night: the bodies of the assets, without Dagster around them."""

import functools
import inspect
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import polars as pl
import sqlalchemy as sa

from battery_assets import definitions
from battery_assets import tables as t
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.replacing import Claimed
from battery_assets.platform.warehouse.resource import Warehouse

MONTH = "2025-02"
LAST = date(2025, 2, 28)
TABLES = [table for table in t.FLEET_TABLES if table.info["cut"] == "site_month"]
CONFIG = {
    "place": "phuket", "seed": 0, "interval_s": 120, "strings": 2, "jars_per_string": 3, "start": "2025-01"
}  # fmt: skip


@functools.cache
def bodies() -> dict[str, Any]:
    """The function that each asset of the job was made of, in the order of the job."""
    graph = definitions.defs.resolve_job_def("site_month").asset_layer.asset_graph
    made_of = {
        asset.key.path[-1]: asset.node_def.compute_fn.decorated_fn
        for asset in definitions.assets
        if isinstance(asset, dg.AssetsDefinition)
    }
    names = [key.path[-1] for key in graph.toposorted_asset_keys]
    site_month = {table.name for table in TABLES}
    return {name: made_of[name] for name in names if name in site_month}


class FromScratch(Warehouse):
    """A warehouse whose claims keep no day, as those of a run with the tag."""

    def claim(self, table, context, **more):
        claimed = super().claim(table, context, **more)
        return Claimed(claimed.site, claimed.month, claimed.tokens, from_scratch=True)


class Site:
    """A site and what is made of it."""

    def __init__(self, warehouse: Warehouse, landing: Landing, config: dict = CONFIG, name: str = "phuket"):
        self.warehouse, self.landing, self.part = warehouse, landing, Part(name, MONTH)
        self.shown: dict[str, dict] = {}
        self.tracking: Any = None
        with warehouse.transaction() as connection:
            registry.put_site(connection, name, "synthetic", config)
        for catalogue in ("battery_model", "user"):
            [asset] = [a for a in definitions.assets if a.key.path[-1] == catalogue]
            asset.node_def.compute_fn.decorated_fn(Part(), warehouse=warehouse, landing=landing)

    def run(self, day: date = LAST, only: Iterable[sa.Table] = TABLES, warehouse: Any = None) -> None:
        """Make the month as it stands on the night after a day; `only` the bodies of these tables."""
        wanted = {table.name for table in only}
        resources = {
            "warehouse": warehouse or self.warehouse,
            "landing": self.landing,
            "tracking": self.tracking,
        }
        with clock.stop_at(datetime(day.year, day.month, day.day, 1, 15, tzinfo=UTC) + timedelta(days=1)):
            for name, body in bodies().items():
                if name in wanted:
                    taken = inspect.signature(body).parameters
                    given = {word: value for word, value in resources.items() if word in taken}
                    self.shown[name] = body(self.part, **given).metadata

    def made(self) -> dict[str, tuple[int, int]]:
        """Days made and days kept by the newest run of each body that goes by days."""
        return {
            name: (shown["days made"], shown["days kept"])
            for name, shown in self.shown.items()
            if "days made" in shown
        }

    def told(self) -> dict[tuple[str, str], str]:
        """What the newest run of each body wrote for people: its pictures and tables of words."""
        return {
            (name, what): value.md_str
            for name, shown in self.shown.items()
            for what, value in shown.items()
            if isinstance(value, dg.MarkdownMetadataValue)
        }

    def checksums(self, only: Iterable[sa.Table] = TABLES) -> dict[str, str]:
        """Checksum of the partition of each table."""
        profiles = {table.name: self.warehouse.profile(table, self.part) for table in only}
        return {name: profile["sha256"] for name, profile in profiles.items() if profile}

    def files(self) -> list[str]:
        """The lake files that the partition consists of."""
        lake = [table for table in TABLES if table.info["store"] == "lake"]
        return [path for table in lake for path in self.warehouse.lake.paths(table, self.part)]

    def versions(self) -> dict[str, int]:
        """Version of each Delta table."""
        deltas = {
            table.name: self.warehouse.lake.delta(table) for table in TABLES if table.info["store"] == "lake"
        }
        return {name: delta.version() for name, delta in deltas.items() if delta}

    def rows(self, table: sa.Table) -> pl.DataFrame:
        """The rows of the partition."""
        return self.warehouse.read(table, self.part).collect()
