"""Laws that raw telemetry obeys, whoever sent it: sign, sum, and no truth among the measurements."""

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet import telemetry_laws
from battery_assets.fleet.quarantine import broken_laws
from battery_assets.fleet.telemetry_laws import current_sign, jar_sum
from battery_assets.platform.dagster.checks import invariant_check
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.stored import rows_if_there, undefined_tables, views_of

if TYPE_CHECKING:
    from battery_assets.features.laws.verdict import Verdict

TRUTH = "truth", "jar_truth"
DAYS_FOR_READINGS = 2


def truth_apart(warehouse: Warehouse, part: Part) -> "Verdict":
    """No raw reading is the generator's truth, and the truth stands in its own schema alone."""
    from battery_assets.features.laws import truth_apart as law

    leaks = [
        *(f"table {name}, which nobody defined" for name in undefined_tables(warehouse)),
        *(f"view {name}, which reads the truth" for name in views_of(warehouse, TRUTH[0])),
    ]
    truth = rows_if_there(warehouse, *TRUTH, part)
    has_truth = truth is not None and not truth.is_empty()
    raw = _single_readings(warehouse, part) if has_truth else pl.DataFrame()
    return law.truth_apart(raw, truth, t.telemetry_jar_raw.name, leaks)


def charge_returned(warehouse: Warehouse, part: Part) -> "Verdict":
    """What a discharge took is put back 1.0 to 1.25 times, by strings of which something is computed."""
    left_out = {str(finding.string_id) for _, finding, _ in broken_laws(warehouse, part)}
    return telemetry_laws.charge_returned(warehouse, part, left_out)


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


current_sign_check = invariant_check(t.telemetry_string_raw, current_sign, by_string=True)
charge_returned_check = invariant_check(
    t.telemetry_string_raw, charge_returned, blocking=False, also_reads=[t.telemetry_jar_raw]
)
jar_sum_check = invariant_check(
    t.telemetry_jar_raw, jar_sum, by_string=True, also_reads=[t.telemetry_string_raw]
)
truth_apart_check = invariant_check(t.telemetry_jar_raw, truth_apart, also_reads=[t.jar_truth])
