"""Features of every jar over 1, 24 and 168 hours, in one streaming pass over the days of a month."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import partial

import dagster as dg
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import HoursToMake, hours_to_make, keep_feature_hours, of_quarantine
from battery_assets.fleet.jars import day_inputs, jar_facts, site_history
from battery_assets.fleet.quarantine import broken_laws, told_not, with_quarantined
from battery_assets.fleet.week_before import WANTED, days_before
from battery_assets.platform.dagster.assets import materializes
from battery_assets.platform.dagster.metadata import also_shown
from battery_assets.platform.dagster.pictures import keep_picture
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.saved import Values
from battery_assets.platform.days.work import replace_days
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
    from battery_assets.features.windows.feature_rows import TelemetryDay, WindowWalk

    part = warehouse.claim(t.feature_store, context)
    facts, broken = jar_facts(warehouse, part), broken_laws(warehouse, part)
    jars = with_quarantined(facts, broken)
    rounds, _ = credible_rounds(site_history(warehouse, t.impedance_measurement_raw, part, 12), jars)
    read = Inputs(warehouse, part, WANTED)
    week, made_from = days_before(warehouse, part, jars, rounds)
    # A day without telemetry has a place in the windows that reach over it.
    every_day = {day: read.digests.get(day, "") for day in _span(read, part.start.date() if week else None)}
    inputs = day_inputs(every_day, jars, dated=[(rounds, "measured_at")], by=timedelta(days=1))
    for day in list(inputs)[:1]:
        inputs[day] = digest(inputs[day], made_from)
    walk, made = WindowWalk(jars, rounds), {}
    for day, handed in week.items():
        walk.restore(day, handed)

    def windows(day: date, frames: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, Values]:
        made[day], state = walk.step(TelemetryDay(day, *frames))
        hours = made[day].filter(pl.col("feature_window_hours") == 1)
        return made[day], state | {"hours": hours.select("feature_ts", "battery_id", "v_mean")}

    with hours_to_make(warehouse, part, read, facts) as telemetry_hours:
        days = partial(_credible, read, telemetry_hours, jars)
        result, plan = replace_days(
            warehouse, t.feature_store, part, inputs, days, windows,
            restore=walk.restore, chained=True, by=__name__,
        )  # fmt: skip
    keep_feature_hours(warehouse, part, made)
    if not inputs:
        return also_shown(result, told_not(broken))

    def heat_map() -> bytes:
        return voltage_heat_map(pl.concat([values["hours"] for _, values in plan.saved()]), jars)

    shown = keep_picture(warehouse, part, "voltages", digest(*inputs.values()), heat_map, by=__name__)
    return also_shown(result, {**told_not(broken), **shown})


def _span(read: Inputs, first: date | None) -> list[date]:
    """Every day up to the last with telemetry, from the first with any, or from `first`."""
    span = read.span
    if not span or first is None:
        return span
    return [first + timedelta(days=n) for n in range((span[-1] - first).days + 1)]


def _credible(
    read: Inputs, telemetry_hours: HoursToMake, jars: pl.DataFrame, days: list[date]
) -> Iterator[tuple[date, Iterable[pl.DataFrame]]]:
    """What is credible of the days that are due; on that walk the hours of telemetry are made too."""
    for day, frames in read.walk(telemetry_hours.days.union(days)):
        rows = dict(zip(WANTED, frames, strict=True))
        rows |= of_quarantine(telemetry_hours.make(day, rows), jars)
        if day in days:
            yield day, rows.values()
