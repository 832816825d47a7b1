"""Rates of making, storing and reducing telemetry: generator, lake, features against others, COPY."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.session import session
from battery_assets.platform.warehouse.database import copy_in
from battery_assets.platform.warehouse.relations import ensure_leaf
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.synthetic.signals.telemetry import jar_day
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.projections import key_columns
from benchmarks.race import features_vs_duckdb, features_vs_pandas, our_features
from benchmarks.world import FIRST_MONTH, World, clocked, once

ONE_DAY_MONTH = "2025-02"
SITE, SEED = "rates", 11


def measure(small: bool) -> dict[str, float]:
    """All figures of this module, in a platform of their own."""
    with session() as at:
        return rates(at.warehouse, small)


def rates(warehouse: Warehouse, small: bool) -> dict[str, float]:
    """The figures, measured on three days of 5 s telemetry of 216 jars; `small` takes 6 jars at 300 s."""
    interval_s, strings, jars = (300, 2, 3) if small else (5, 9, 24)
    world = World(warehouse, SyntheticSite(SITE, "bangrak", SEED, interval_s, strings, jars, FIRST_MONTH))
    world.lay_master(FIRST_MONTH)
    found = _jar_rates(world, 2 if small else 3)
    for month, days in ((FIRST_MONTH, 2 if small else 3), (ONE_DAY_MONTH, 1)):
        world.lay_surroundings(month, days)
    rounds = 1 if small else 5
    found["features_vs_duckdb"] = features_vs_duckdb(world, FIRST_MONTH, rounds)
    found["features_vs_pandas"] = features_vs_pandas(world, ONE_DAY_MONTH, rounds)
    return found | _feature_store_rates(world)


def _jar_rates(world: World, days: int) -> dict[str, float]:
    """Days are made one after the other, then stored; in the pipeline the two overlap."""
    wanted = world.days(FIRST_MONTH, days)
    jar_day(world.site, wanted[-1] + timedelta(days=1))
    with clocked() as making:
        frames = [(day, _jars(world, day)) for day in wanted]
    rows = sum(frame.height for _, frame in frames)
    world.lay_jars(
        ONE_DAY_MONTH,
        [(day, _jars(world, day)) for day in world.days(ONE_DAY_MONTH, 1)],
    )
    with clocked() as storing:
        world.lay_jars(FIRST_MONTH, frames)
    return {
        "generator_rows_per_second": rows / making.seconds,
        "replace_rows_per_second": rows / storing.seconds,
        "raw_bytes_per_row": _bytes(world) / rows,
    }


def _jars(world: World, day: date) -> pl.DataFrame:
    return once(jar_day(world.site, day), t.telemetry_jar_raw)


def _bytes(world: World) -> int:
    """Size of the month's jar telemetry, as the Delta log says it."""
    delta = world.warehouse.lake.delta(t.telemetry_jar_raw)
    assert delta is not None
    actions = pl.DataFrame(delta.get_add_actions(flatten=True))
    mine = (pl.col("partition.site") == SITE) & (pl.col("partition.month") == FIRST_MONTH)
    return int(actions.filter(mine)["size_bytes"].sum())


def _feature_store_rates(world: World) -> dict[str, float]:
    """A month of feature rows, one day's laid over every day: by COPY alone, and as a whole replace."""
    warehouse, part = world.warehouse, world.part(FIRST_MONTH)
    rows = _over_the_month(our_features(world, ONE_DAY_MONTH), len(part.days))
    claimed = warehouse.claim(t.feature_store, part)
    ensure_leaf(warehouse.database_url, t.feature_store, part)
    stamped = rows.with_columns(site=pl.lit(part.site), month=pl.lit(part.month))
    with warehouse.transaction() as connection:
        connection.execute(sa.delete(t.feature_store).where(t.feature_store.c.site == part.site))
        with clocked() as copying:
            copy_in(connection, t.feature_store, stamped)
        connection.rollback()
    with clocked() as replacing:
        warehouse.replace(t.feature_store, claimed, rows)
    return {
        "copy_rows_per_second": rows.height / copying.seconds,
        "feature_store_replace_rows_per_second": rows.height / replacing.seconds,
    }


def _over_the_month(day: pl.DataFrame, days: int) -> pl.DataFrame:
    """A day's rows on every day of the first month, so that no key comes twice."""
    first = datetime.strptime(FIRST_MONTH, "%Y-%m").replace(tzinfo=UTC)
    origin = datetime.strptime(ONE_DAY_MONTH, "%Y-%m").replace(tzinfo=UTC)
    moved = [
        day.with_columns(pl.col("feature_ts") + (first - origin + timedelta(days=n))) for n in range(days)
    ]
    return pl.concat(moved).sort(key_columns(t.feature_store))
