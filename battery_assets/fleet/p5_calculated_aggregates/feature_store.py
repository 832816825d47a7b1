"""Features of every jar over 1, 24 and 168 hours, in one streaming pass over the days of a month."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import HoursToMake, hours_to_make, keep_feature_hours, of_quarantine
from battery_assets.fleet.jars import day_inputs, jar_facts, site_history
from battery_assets.fleet.quarantine import broken_laws, told_not, with_quarantined
from battery_assets.fleet.week_before import WANTED, days_before
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.plan import DayPlan
from battery_assets.platform.warehouse.resource import Warehouse


@dg.asset(
    **materializes(
        t.feature_store,
        reads=[
            t.telemetry_jar_raw,
            t.telemetry_string_raw,
            t.telemetry_string_calc,
            t.telemetry_env,
            t.battery,
            t.battery_model,
            t.string,
        ],
        history=[t.impedance_measurement_raw],
        history_months=12,
        month_before=WANTED,
    )
)
def feature_store(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.features.credible.days import credible_rounds
    from battery_assets.features.pictures.fleet import voltage_heat_map

    part = warehouse.claim(t.feature_store, context)
    facts, broken = jar_facts(warehouse, part), broken_laws(warehouse, part)
    jars = with_quarantined(facts, broken)
    rounds, _ = credible_rounds(site_history(warehouse, t.impedance_measurement_raw, part, 12), jars)
    read = Inputs(warehouse, part, WANTED)
    week, made_from = days_before(warehouse, part, jars, rounds)
    # A day without telemetry has a place in the windows that reach over it.
    every_day = {day: read.digests.get(day, "") for day in _span(read, part.start.date() if week else None)}
    given = day_inputs(every_day, jars, dated=[(rounds, "measured_at")], by=timedelta(days=1))
    for day in list(given)[:1]:
        given[day] = digest(given[day], made_from)
    plan = warehouse.day_plan(t.feature_store, part, given, chained=True, by=__name__)
    before = list(plan.saved())
    hours = [values["hours"] for _, values in before]
    with hours_to_make(warehouse, part, read, facts) as telemetry_hours:
        rows = list(_days(read, plan, telemetry_hours, jars, rounds, [*week, *before], hours))
    shown: dict[str, Any] = {**told_not(broken)}
    if hours:
        # Days are chained: what the last one is made from stands for all of them.
        last = list(plan.input_hashes.values())[-1]
        shown |= keep_picture(
            warehouse, part, "voltages", last, lambda: voltage_heat_map(pl.concat(hours), jars), by=__name__
        )
    result = warehouse.replace(t.feature_store, part, rows, metadata=shown, plan=plan)
    keep_feature_hours(warehouse, part, dict(rows))
    return result


def _span(read: Inputs, first: date | None) -> list[date]:
    """Every day up to the last with telemetry, from the first with any, or from `first`."""
    span = read.span
    if not span or first is None:
        return span
    return [first + timedelta(days=n) for n in range((span[-1] - first).days + 1)]


def _days(
    read: Inputs,
    plan: DayPlan,
    telemetry_hours: HoursToMake,
    jars: pl.DataFrame,
    rounds: pl.DataFrame,
    before: list[tuple[date, dict[str, Any]]],
    hours: list[pl.DataFrame],
) -> Iterator[tuple[date, pl.DataFrame]]:
    """Rows of the days that are due; on the walk over them the hours of telemetry are made too."""
    from battery_assets.features.windows.feature_rows import TelemetryDay, feature_days

    def days() -> Iterator[TelemetryDay]:
        wanted = set(plan.to_make)
        for day, frames in read.walk(wanted | telemetry_hours.days):
            of_day = dict(zip(WANTED, frames, strict=True))
            of_day |= of_quarantine(telemetry_hours.make(day, of_day), jars)
            if day in wanted:
                yield TelemetryDay(day, *of_day.values())

    for day, rows, state in feature_days(days(), jars, rounds, before):
        of_hours = rows.filter(pl.col("feature_window_hours") == 1)
        hours.append(of_hours.select("feature_ts", "battery_id", "v_mean"))
        plan.save(day, hours=hours[-1], **state)
        yield day, rows
