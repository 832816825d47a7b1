"""Pages of the console on a fleet: `python -m benchmarks.console` prints time, and CPU with the database's.

Nine sites of 1,944 jars and a year of states and lives; one site has a year of days of features too. Pages
are asked in this process, one after the other, without the network.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from statistics import median

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.tables import partition_version as version
from battery_assets.platform.warehouse.database import copy_in, engine
from battery_assets.platform.warehouse.migrate import migrate
from battery_assets.platform.warehouse.relations import ensure_leaf
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.settings import Settings
from battery_assets_tests.worlds.console.visitor import Visitor, opened
from battery_assets_tests.worlds.stores import of, rows
from benchmarks.api.fleet import JARS, MONTHS, STRINGS, put_fleet
from benchmarks.children import throwaway_home

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def of_home(settings: Settings, small: bool) -> dict[str, float]:
    """The figures, on a home whose database runs."""
    migrate(settings.warehouse_url)
    warehouse = Warehouse(database_url=settings.warehouse_url, lake_url=settings.lake_url)
    sites = 1 if small else 9
    jar = put_fleet(warehouse, sites)
    _put_books(warehouse, sites)
    _put_days(warehouse, MONTHS[-1:] if small else MONTHS)
    found: dict[str, float] = {}
    with opened(warehouse, settings) as console:
        visitor = console.visitor("operator")
        for name, path in {"fleet": "/", "site": "/sites/site0", "jar": f"/jars/{jar}"}.items():
            times, cpu = _asked(warehouse, partial(_read, visitor, path), 3 if small else 15)
            if visitor.status != 200:
                raise RuntimeError(f"{path} answers {visitor.status}")
            found |= {f"console_{name}_ms": times, f"console_{name}_cpu_ms": cpu}
            found[f"console_{name}_kb"] = len(visitor.page.content) / 1000
    engine(settings.warehouse_url).dispose()
    return found


def _read(visitor: Visitor, path: str) -> str:
    return visitor.get(path).text


def _asked(warehouse: Warehouse, ask: Callable[[], str], times: int) -> tuple[float, float]:
    """Median milliseconds of a page, and milliseconds of CPU of this process and the database for one."""
    ask()
    with warehouse.reading() as connection:
        query = sa.text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        backends = list(connection.execute(query).scalars())
    began, took = _cpu_ms(backends), []
    for _ in range(times):
        at = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - at))
    return median(took), (_cpu_ms(backends) - began) / times


def _cpu_ms(backends: list[int]) -> float:
    """CPU of this process and of the database's."""
    total = 1000 * time.process_time()
    for number in backends:
        with suppress(OSError), open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
            total += (int(user) + int(system)) * TICK_MS
    return total


def _put_books(warehouse: Warehouse, sites: int) -> None:
    """Say of every month that it was committed."""
    now = datetime.now(UTC)
    parts = [
        {"table_name": table.name, "site": f"site{number}", "month": month, "claimed": 1, "version": 1,
         "rows": STRINGS * JARS, "state": "current", "committed_at": now, "profile": {}}
        for table in (t.digital_twin_state, t.rul_prediction, t.feature_store)
        for number in range(sites) for month in MONTHS
    ]  # fmt: skip
    with warehouse.transaction() as connection:
        for number in range(sites):
            registry.put_site(connection, f"site{number}", "files", {})
        connection.execute(sa.insert(version), parts)


def _put_days(warehouse: Warehouse, months: list[str]) -> None:
    """Days of features of every jar of the first site."""
    jars = [of(t.battery, f"site0-{k:03d}-{j:02d}") for k in range(STRINGS) for j in range(JARS)]
    for month in months:
        part = Part("site0", month)
        ensure_leaf(warehouse.database_url, t.feature_store, part)
        usual = {
            "name": "x", "feature_window_hours": 24, "v_mean": 13.5, "v_min": 13.4, "v_max": 13.6,
            "v_balance_mean": 0.05, "t_mean": 25.0, "t_max": 26.0, "r_internal_baseline_pct": 110.0,
        }  # fmt: skip
        one = rows(t.feature_store, {**usual, "feature_ts": part.start, "battery_id": jars[0]})
        instants = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in part.days]
        days = pl.DataFrame({"feature_ts": instants})
        own = pl.DataFrame({"battery_id": jars}).join(days.cast(one.schema["feature_ts"]), how="cross")
        whole = own.join(one.drop("battery_id", "feature_ts"), how="cross")
        stamped = whole.with_columns(site=pl.lit(part.site), month=pl.lit(month))
        with warehouse.transaction() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            copy_in(
                connection, t.feature_store, stamped.select(pl.col(c.name) for c in t.feature_store.columns)
            )
    with warehouse.transaction() as connection:
        connection.execute(sa.text("ANALYZE"))


def main() -> None:
    """Print the figures of a throwaway home."""
    print(f"# {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with throwaway_home() as settings:
        for name, value in of_home(settings, "--small" in sys.argv).items():
            print(f"{name} {value:.1f}")


if __name__ == "__main__":
    main()
