"""Laws that raw telemetry obeys, whoever sent it: sign, sum, and no truth among the measurements."""

from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.rated_capacity import LOADED_C
from battery_assets.jars import days_under_current, jars_of
from battery_assets.platform.checks import invariant_check
from battery_assets.platform.partitions import Part
from battery_assets.platform.stored import rows_if_there, undefined_tables, views_of
from battery_assets.platform.warehouse import Warehouse

if TYPE_CHECKING:
    from battery_assets.features.invariants.verdict import Verdict

CURRENT = ["ts", "string_id", "voltage_v", "current_a"]
TRUTH = "truth", "jar_truth"
DAYS_FOR_READINGS = 2


def current_sign(warehouse: Warehouse, part: Part) -> "Verdict":
    """Positive current charges: a discharge lowers the voltage, a charge raises it."""
    from battery_assets.features.invariants import current_sign as law

    jars = jars_of(warehouse, part)
    loaded = days_under_current(warehouse, part, LOADED_C * jars.least_ah)
    days = warehouse.days(t.telemetry_string_raw, part, CURRENT, only=loaded)
    evidence = (law.sign_evidence(day, rows, jars.strings) for day, rows in days)
    return law.current_sign(evidence, jars.strings.height, jars.codes)


def charge_returned(warehouse: Warehouse, part: Part) -> "Verdict":
    """What a discharge took is put back 1.0 to 1.25 times."""
    from battery_assets.features.invariants import operation as law

    jars = jars_of(warehouse, part)
    counted = days_under_current(warehouse, part, law.COUNTED_C * jars.least_ah)
    days = warehouse.days(t.telemetry_string_raw, part, ["ts", "string_id", "current_a"], only=counted)
    moved = [law.charge_moved(rows, jars.capacity_ah) for _, rows in days]
    return law.charge_returned(moved, jars.capacity_ah, jars.codes)


def jar_sum(warehouse: Warehouse, part: Part) -> "Verdict":
    """The jars of a string and its links sum to the string's voltage, in every hour."""
    from battery_assets.features.invariants import jar_sum as law

    jars = jars_of(warehouse, part)
    width = law.window_us(_usual_step_s(warehouse, t.telemetry_jar_raw, part))
    before = int(1e6 * _usual_step_s(warehouse, t.telemetry_string_raw, part))
    jar_rows, string_rows = (
        warehouse.read(table, part, names).filter(law.in_window(width, early)).collect()
        for table, names, early in (
            (t.telemetry_jar_raw, ["ts", "battery_id", "voltage_v"], 0),
            (t.telemetry_string_raw, CURRENT, before),
        )
    )
    return law.jar_sum(law.jar_sums(jar_rows, string_rows, jars.facts), jars.codes)


def _usual_step_s(warehouse: Warehouse, table: sa.Table, part: Part) -> float:
    return float((warehouse.profile(table, part) or {}).get("usual_step_s") or 0.0)


def truth_apart(warehouse: Warehouse, part: Part) -> "Verdict":
    """No raw reading is the generator's truth, and the truth stands in its own schema alone."""
    from battery_assets.features.invariants import truth_apart as law

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
    kept: pl.DataFrame | None = None
    days = warehouse.days_of(t.telemetry_jar_raw, part)[:DAYS_FOR_READINGS]
    for _, rows in warehouse.days(t.telemetry_jar_raw, part, ["battery_id", *names], only=days):
        first = rows.group_by("battery_id").agg(pl.col(names).drop_nulls().first())
        first = first.with_columns(pl.col("battery_id").cast(pl.String), pl.col(names).cast(pl.Float64))
        kept = first if kept is None else kept.join(first, on="battery_id", how="full", coalesce=True).select(
            "battery_id", *(pl.coalesce(name, f"{name}_right") for name in names)
        )  # fmt: skip
    return kept if kept is not None else pl.DataFrame(schema={"battery_id": pl.String})


current_sign_check = invariant_check(t.telemetry_string_raw, current_sign)
charge_returned_check = invariant_check(t.telemetry_string_raw, charge_returned, blocking=False)
jar_sum_check = invariant_check(t.telemetry_jar_raw, jar_sum, also_reads=[t.telemetry_string_raw])
truth_apart_check = invariant_check(t.telemetry_jar_raw, truth_apart, also_reads=[t.jar_truth])
