"""A warehouse that notes what each asset reads, so that it can be held against what the asset declares."""

from collections import defaultdict

import dagster as dg
import sqlalchemy as sa

from battery_assets.platform.dagster.assets import declared_reads, only_earlier
from battery_assets.platform.dagster.steps import RUNNING
from battery_assets.platform.warehouse.resource import Warehouse

# Dagster makes the resource anew for each run. By database: what was read, by the asset that did.
READS: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))


class Watched(Warehouse):
    """What a step reads is the table's that it claimed last, and the asset's of its name before it claims."""

    def claim(self, table, context, **more):
        _CLAIMED[_step()] = table.name
        reads_of(self)[table.name] |= set()
        return super().claim(table, context, **more)

    def note(self, table: sa.Table) -> None:
        super().note(table)
        if step := _step():
            reads_of(self)[_CLAIMED.get(step, step)].add(table.name)


_CLAIMED: dict[str | None, str] = {}


def reads_of(warehouse: Warehouse) -> defaultdict[str, set[str]]:
    """The tables that were read of a watched warehouse, by the asset that did."""
    return READS[warehouse.database_url]


def _step() -> str | None:
    """The asset that runs now; None in a check and outside every run."""
    running = RUNNING.get()
    return running.path[-1] if isinstance(running, dg.AssetKey) else None


def assert_declared(assets: list[dg.AssetsDefinition], reads: dict[str, set[str]]) -> None:
    """What is declared and not read orders runs for nothing; what is read and not declared may be stale."""
    assert assets
    for asset in assets:
        name = asset.key.path[-1]
        assert name in reads, f"{name} never ran"
        # A writer may ask what its own days were: it orders no runs by that.
        own = {name} - declared_reads(asset)
        assert reads[name] - own == declared_reads(asset), name
        upstream = {key.path[-1] for key in asset.dependency_keys}
        assert reads[name] - own - only_earlier(asset) <= upstream, name
