"""Our pass over the days of a month against DuckDB and pandas on the same files, results compared first."""

import os
import statistics
from collections.abc import Callable

import polars as pl

from battery_assets import tables as t
from battery_assets.features.windows.feature_rows import TelemetryDay, feature_rows
from battery_assets.fleet.jars import jar_facts
from battery_assets.fleet.p5_calculated_aggregates.feature_store import WANTED
from battery_assets.platform.days.inputs import Inputs
from battery_assets.tables.projections import empty
from benchmarks import pandas_features, sql_features
from benchmarks.world import World, clocked

KEYS = ["feature_ts", "battery_id"]
# Float32 against float64, a percentage of it, and minutes that our pass rounds to whole ones.
TOLERANCE = 1e-5
TOLERANCES = {"r_internal_baseline_pct": 1e-3, "time_below_float_min": 0.501, "time_above_float_min": 0.501}


class DisagreementError(RuntimeError):
    """Two ways to compute the features differ; timing them would compare nothing."""


def our_features(world: World, month: str) -> pl.DataFrame:
    """What the asset feature_store computes from the lake: reading included, rows of 1, 24 and 168 h."""
    part = world.part(month)
    walk = Inputs(world.warehouse, part, WANTED).walk()
    days = (TelemetryDay(day, *frames) for day, frames in walk)
    return feature_rows(days, jar_facts(world.warehouse, part), empty(t.impedance_measurement_raw))


def features_vs_duckdb(world: World, month: str, rounds: int) -> float:
    """Our seconds over DuckDB's, DuckDB with all cores: the median of alternating pairs."""
    jars, files = jar_facts(world.warehouse, world.part(month)), _files(world, month)
    connection = sql_features.connected(jars, os.cpu_count() or 1)
    with connection:
        return _median_ratio(
            lambda: our_features(world, month),
            lambda: sql_features.hourly_features(connection, files, world.site.interval_s),
            rounds,
        )


def features_vs_pandas(world: World, month: str, rounds: int) -> float:
    """Our seconds over pandas': the median of alternating pairs."""
    jars, files = jar_facts(world.warehouse, world.part(month)), _files(world, month)
    return _median_ratio(
        lambda: our_features(world, month),
        lambda: pandas_features.hourly_features(files, jars, world.site.interval_s),
        rounds,
    )


def disagreements(ours: pl.DataFrame, theirs: pl.DataFrame) -> list[str]:
    """In words, where the hourly rows differ by more than the tolerances; empty where they agree."""
    hourly = ours.filter(pl.col("feature_window_hours") == 1)
    both = hourly.join(theirs.with_columns(_utc("feature_ts")), on=KEYS, suffix="_theirs")
    if not hourly.height == theirs.height == both.height > 0:
        return [f"rows: {hourly.height} of ours, {theirs.height} of theirs, {both.height} in both"]
    found = []
    for name in theirs.columns:
        if name in KEYS:
            continue
        one, other = both[name], both[f"{name}_theirs"].fill_nan(None)
        one_sided = int((one.is_null() != other.is_null()).sum())
        apart = (one - other).abs().max()
        if one_sided or (isinstance(apart, float) and apart > TOLERANCES.get(name, TOLERANCE)):
            found.append(f"{name}: {one_sided} rows with one NULL, others up to {apart} apart")
    return found


def _utc(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _files(world: World, month: str) -> dict[str, list[str]]:
    tables = {
        "jar_raw": t.telemetry_jar_raw,
        "string_raw": t.telemetry_string_raw,
        "string_calc": t.telemetry_string_calc,
        "env": t.telemetry_env,
    }
    return {name: world.files(table, month) for name, table in tables.items()}


def _median_ratio(ours: Callable[[], pl.DataFrame], theirs: Callable[[], pl.DataFrame], rounds: int) -> float:
    """The first pair warms caches and is compared instead of timed."""
    differences = disagreements(ours(), theirs())
    if differences:
        raise DisagreementError("; ".join(differences))
    ratios = []
    for _ in range(rounds):
        with clocked() as our_clock:
            ours()
        with clocked() as their_clock:
            theirs()
        ratios.append(our_clock.seconds / their_clock.seconds)
    return statistics.median(ratios)
