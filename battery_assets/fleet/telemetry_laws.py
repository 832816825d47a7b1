"""Laws of physics that each string's telemetry obeys, whoever sent it: its sign and columns, its sum.

A string whose telemetry breaks one is left out of what is computed of the month: see `quarantine`.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.samples.rated_capacity import LOADED_C
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.jars import Jars, days_under_current, jars_of
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import midnight
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


def current_sign(warehouse: Warehouse, part: Part) -> "Verdict":
    """Positive current charges: a discharge lowers the voltage, a charge raises it."""
    from battery_assets.features.laws import current_sign as law
    from battery_assets.features.laws import named_columns

    jars = jars_of(warehouse, part)

    def evidence(day: date, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {
            "sign": law.sign_evidence(day, rows, jars.strings),
            "doubts": named_columns.doubts(day, rows, jars.facts),
        }

    columns, least_a = [*CURRENT, "mode"], LOADED_C * jars.least_ah
    days = _of_loaded_days(warehouse, part, "current_sign", columns, least_a, jars, evidence)
    verdict = law.current_sign((day["sign"] for day in days), jars.strings.height, jars.codes)
    strings = {finding.string_id for finding in verdict.findings}
    # What the sign says of a string already is not said twice.
    doubts = named_columns.findings((day["doubts"] for day in days), jars.codes)
    more = [finding for finding in doubts if finding.string_id not in strings]
    return replace(verdict, findings=[*verdict.findings, *more])


def charge_returned(warehouse: Warehouse, part: Part, left_out: Collection[str]) -> "Verdict":
    """What a discharge took is put back 1.0 to 1.25 times; nothing is said of strings that are left out."""
    from battery_assets.features.laws import operation as law

    jars = jars_of(warehouse, part)
    moved = _of_loaded_days(
        warehouse,
        part,
        "charge_moved",
        ["ts", "string_id", "current_a"],
        law.COUNTED_C * jars.least_ah,
        jars,
        lambda _, rows: {"moved": law.charge_moved(rows, jars.capacity_ah)},
    )
    judged = [day["moved"].filter(~pl.col("string_id").is_in(list(left_out))) for day in moved]
    verdict = law.charge_returned(judged, jars.capacity_ah, jars.codes)
    if not left_out:
        return verdict
    return replace(verdict, judged=f"{verdict.judged}; {len(left_out)} strings are left out of the month")


def _of_loaded_days(
    warehouse: Warehouse,
    part: Part,
    name: str,
    columns: list[str],
    least_a: float,
    jars: Jars,
    reduce: Callable[[date, pl.DataFrame], dict[str, pl.DataFrame]],
) -> list[dict[str, pl.DataFrame]]:
    """What `reduce` makes of each day on which some string carried more than `least_a`; kept by day."""
    loaded = set(days_under_current(warehouse, part, least_a))
    read = Inputs(warehouse, part, {t.telemetry_string_raw: columns})
    facts = jars.facts.select(FACTS)
    inputs = {day: digest(files, facts) for day, files in read.digests.items() if day in loaded}

    judge = Judge(read, facts)

    def of_day(day: date, frames: tuple[pl.DataFrame, ...]) -> dict[str, pl.DataFrame]:
        return reduce(day, judge.strings(day, frames[0])[0])

    return list(reduce_days(warehouse, name, part, inputs, read.walk, of_day, by=__name__).values())


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
        credible, _ = credible_jars(frames[0].sort("battery_id", "ts"), facts)
        loads, _ = credible_strings(frames[1].sort("string_id", "ts"), facts)
        hours = law.jar_sums(credible, loads, facts)
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

    parts: dict[date, list[pl.DataFrame]] = {}
    for day in days:
        yesterday = parts.get(day - ONE_DAY) or cut(day - ONE_DAY)
        parts = {day: cut(day)}
        ahead = [rows.filter(pl.col("ts") >= midnight(day) - timedelta(hours=1)) for rows in yesterday]
        yield day, [pl.concat(pair) for pair in zip(ahead, parts[day], strict=True)]


def _usual_step_s(warehouse: Warehouse, table: sa.Table, part: Part) -> float:
    return float((warehouse.profile(table, part) or {}).get("usual_step_s") or 0.0)
