"""The last days of the month before, as far as the windows of a month reach back over its edge."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.hours import JAR_COLUMNS, credible_day
from battery_assets.fleet.jars import day_inputs
from battery_assets.fleet.quarantine import broken_laws, with_quarantined
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import empty

# What the windows of features are made from.
WANTED = {
    t.telemetry_jar_raw: JAR_COLUMNS,
    t.telemetry_string_raw: None,
    t.telemetry_string_calc: None,
    t.telemetry_env: None,
}
# The week that ends at the first midnight of a month has one day of it.
DAYS = 6

Handed = list[tuple[date, dict[str, Any]]]


def days_before(
    warehouse: Warehouse, part: Part, jars: pl.DataFrame, rounds: pl.DataFrame
) -> tuple[Handed, str]:
    """What the last days of the month before hand on to the month's windows, and what they are made from.

    From the first of the six days that has telemetry to the month's edge; nothing where none has any. jars,
    rounds: those of the month.
    """
    from battery_assets.features.windows.feature_rows import feature_days

    read = Inputs(warehouse, part.before, WANTED)
    edge = part.start.date()
    since = min((day for day in read.days if day >= edge - timedelta(days=DAYS)), default=edge)
    span = [since + timedelta(days=n) for n in range((edge - since).days)]
    digests = {day: read.digests.get(day, "") for day in span}
    # A law that was broken then is not this month's: jars are those of the month, judged as the one before.
    jars = with_quarantined(jars, broken_laws(warehouse, part.before))
    given = day_inputs(digests, jars, dated=[(rounds, "measured_at")], by=timedelta(days=1))
    with warehouse.reductions("week_before", part, given, chained=True, by=__name__) as plan:
        known = list(plan.saved())
        for day, _, state in feature_days(_telemetry(read, plan.to_make, jars), jars, rounds, known):
            plan.save(day, **state)
    return list(plan.saved()), "".join(list(plan.input_hashes.values())[-1:])


def _telemetry(read: Inputs, wanted: list[date], jars: pl.DataFrame) -> Iterator[Any]:
    """The days that are wanted, up to the last of them, which may be an empty one."""
    from battery_assets.features.windows.feature_rows import TelemetryDay

    for day, frames in read.walk(wanted):
        of_day = dict(zip(WANTED, frames, strict=True))
        yield TelemetryDay(day, *(of_day | credible_day(of_day, jars)).values())
    if wanted and wanted[-1] not in read.days:
        nothing = (empty(table).select(columns or pl.all()) for table, columns in WANTED.items())
        yield TelemetryDay(wanted[-1], *nothing)
