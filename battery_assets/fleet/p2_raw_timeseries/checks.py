"""Laws that raw telemetry obeys, whoever sent it: sign, sum, and no truth among the measurements."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.samples.rated_capacity import LOADED_C
from battery_assets.fleet.jars import Jars, days_under_current, jars_of
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import midnight
from battery_assets.platform.warehouse.stored import rows_if_there, undefined_tables, views_of
from battery_assets.tables.projections import empty

if TYPE_CHECKING:
    from battery_assets.features.laws.verdict import Verdict

JAR_VOLTS = ["ts", "battery_id", "voltage_v"]
CURRENT = ["ts", "string_id", "voltage_v", "current_a"]
FACTS = [
    "battery_id", "string_id", "position_in_string", "capacity_ah", "nominal_v", "cells", "batteries_count",
    "string_nominal_v",
]  # fmt: skip
ONE_DAY = timedelta(days=1)
TRUTH = "truth", "jar_truth"
DAYS_FOR_READINGS = 2


def current_sign(warehouse: Warehouse, part: Part) -> "Verdict":
    """Positive current charges: a discharge lowers the voltage, a charge raises it."""
    from battery_assets.features.laws import current_sign as law

    jars = jars_of(warehouse, part)
    evidence = _of_loaded_days(
        warehouse,
        part,
        "current_sign",
        CURRENT,
        LOADED_C * jars.least_ah,
        jars,
        lambda day, rows: law.sign_evidence(day, rows, jars.strings),
    )
    return law.current_sign(evidence, jars.strings.height, jars.codes)


def charge_returned(warehouse: Warehouse, part: Part) -> "Verdict":
    """What a discharge took is put back 1.0 to 1.25 times."""
    from battery_assets.features.laws import operation as law

    jars = jars_of(warehouse, part)
    moved = _of_loaded_days(
        warehouse,
        part,
        "charge_moved",
        ["ts", "string_id", "current_a"],
        law.COUNTED_C * jars.least_ah,
        jars,
        lambda _, rows: law.charge_moved(rows, jars.capacity_ah),
    )
    return law.charge_returned(moved, jars.capacity_ah, jars.codes)


def _of_loaded_days(
    warehouse: Warehouse,
    part: Part,
    name: str,
    columns: list[str],
    least_a: float,
    jars: Jars,
    reduce: Callable[[date, pl.DataFrame], pl.DataFrame],
) -> list[pl.DataFrame]:
    """What `reduce` makes of each day on which some string carried more than `least_a`; kept by day."""
    from battery_assets.features.credible.days import credible_strings

    loaded = set(days_under_current(warehouse, part, least_a))
    read = Inputs(warehouse, part, {t.telemetry_string_raw: columns})
    facts = jars.facts.select(FACTS)
    inputs = {day: digest(files, facts) for day, files in read.digests.items() if day in loaded}

    def found(day: date, frames: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
        return reduce(day, credible_strings(frames[0], facts)[0])

    return list(reduce_days(warehouse, name, part, inputs, read.walk, found, by=__name__).values())


def jar_sum(warehouse: Warehouse, part: Part) -> "Verdict":
    """The jars of a string and its links sum to the string's voltage, in every hour."""
    from battery_assets.features.credible.days import credible_jars, credible_strings
    from battery_assets.features.laws import jar_sum as law

    jars = jars_of(warehouse, part)
    facts = jars.facts.select(FACTS)
    width = law.window_us(_usual_step_s(warehouse, t.telemetry_jar_raw, part))
    before = int(1e6 * _usual_step_s(warehouse, t.telemetry_string_raw, part))
    read = Inputs(warehouse, part, {t.telemetry_jar_raw: JAR_VOLTS, t.telemetry_string_raw: CURRENT})
    files, of_all = read.digests, digest(facts, {"width": width, "before": before})
    # What led to midnight belongs to the first hour of the day after it.
    inputs = {day: digest(files[day], files.get(day - ONE_DAY), of_all) for day in files}

    def sums(day: date, frames: list[pl.DataFrame]) -> pl.DataFrame:
        seen, _ = credible_jars(frames[0].sort("battery_id", "ts"), facts)
        loads, _ = credible_strings(frames[1].sort("string_id", "ts"), facts)
        hours = law.jar_sums(seen, loads, facts)
        return hours.filter(pl.col("hour").dt.date() == day).sort("string_id", "hour")

    first_parts = partial(_first_parts, read, width, before)
    days = reduce_days(warehouse, "jar_sum", part, inputs, first_parts, sums, by=__name__)
    nothing = law.jar_sums(
        empty(t.telemetry_jar_raw).select(JAR_VOLTS), empty(t.telemetry_string_raw).select(CURRENT), facts
    )
    return law.jar_sum(pl.concat([nothing, *days.values()]), jars.codes)


def _first_parts(
    read: Inputs, width: int, before: int, days: list[date]
) -> Iterator[tuple[date, list[pl.DataFrame]]]:
    """Of each day, and the hour before it, the samples of the hours' first parts: jars and strings."""
    from battery_assets.features.laws.jar_sum import in_window

    def cut(day: date) -> list[pl.DataFrame]:
        tables = (t.telemetry_jar_raw, 0), (t.telemetry_string_raw, before)
        return pl.collect_all(
            read.scan(table, day).filter(in_window(width, early)) for table, early in tables
        )

    seen: dict[date, list[pl.DataFrame]] = {}
    for day in days:
        yesterday = seen.get(day - ONE_DAY) or cut(day - ONE_DAY)
        seen = {day: cut(day)}
        ahead = [rows.filter(pl.col("ts") >= midnight(day) - timedelta(hours=1)) for rows in yesterday]
        yield day, [pl.concat(pair) for pair in zip(ahead, seen[day], strict=True)]


def _usual_step_s(warehouse: Warehouse, table: sa.Table, part: Part) -> float:
    return float((warehouse.profile(table, part) or {}).get("usual_step_s") or 0.0)


def truth_apart(warehouse: Warehouse, part: Part) -> "Verdict":
    """No raw reading is the generator's truth, and the truth stands in its own schema alone."""
    from battery_assets.features.laws import truth_apart as law

    leaks = [
        *(f"table {name}, which nobody defined" for name in undefined_tables(warehouse)),
        *(f"view {name}, which reads the truth" for name in views_of(warehouse, TRUTH[0])),
    ]
    truth = rows_if_there(warehouse, *TRUTH, part)
    known = truth is not None and not truth.is_empty()
    raw = _single_readings(warehouse, part) if known else pl.DataFrame()
    return law.truth_apart(raw, truth, t.telemetry_jar_raw.name, leaks)


def _single_readings(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """Each quantity of each jar once: its first value of the month's first days."""
    names = [column.name for column in t.telemetry_jar_raw.columns if column.info["kind"] == "decimal"]
    read = Inputs(warehouse, part, {t.telemetry_jar_raw: ["battery_id", *names]})
    inputs = {day: read.digests[day] for day in read.days[:DAYS_FOR_READINGS]}

    def readings(_: date, frames: tuple[pl.DataFrame, ...]) -> pl.DataFrame:
        first = frames[0].group_by("battery_id").agg(pl.col(names).drop_nulls().first())
        first = first.with_columns(pl.col("battery_id").cast(pl.String), pl.col(names).cast(pl.Float64))
        return first.sort("battery_id")

    days = reduce_days(warehouse, "single_readings", part, inputs, read.walk, readings, by=__name__)
    kept: pl.DataFrame | None = None
    for first in days.values():
        kept = first if kept is None else kept.join(first, on="battery_id", how="full", coalesce=True).select(
            "battery_id", *(pl.coalesce(name, f"{name}_right") for name in names)
        )  # fmt: skip
    return kept if kept is not None else pl.DataFrame(schema={"battery_id": pl.String})


current_sign_check = invariant_check(t.telemetry_string_raw, current_sign)
charge_returned_check = invariant_check(t.telemetry_string_raw, charge_returned, blocking=False)
jar_sum_check = invariant_check(t.telemetry_jar_raw, jar_sum, also_reads=[t.telemetry_string_raw])
truth_apart_check = invariant_check(t.telemetry_jar_raw, truth_apart, also_reads=[t.jar_truth])
