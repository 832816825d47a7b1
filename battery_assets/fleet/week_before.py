"""The last days of the month before, as far as the windows of a month reach back over its edge."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.hours import JAR_COLUMNS, credible_day
from battery_assets.fleet.jars import day_inputs
from battery_assets.fleet.quarantine import broken_laws, with_quarantined
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.work import reduce_days
from battery_assets.platform.warehouse.resource import Warehouse

# What the windows of features are made from.
WANTED = {
    t.telemetry_jar_raw: JAR_COLUMNS,
    t.telemetry_string_raw: None,
    t.telemetry_string_calc: None,
    t.telemetry_env: None,
}
# The week that ends at the first midnight of a month has one day of it.
DAYS = 6

Handed = dict[date, dict[str, np.ndarray]]


def days_before(
    warehouse: Warehouse, part: Part, jars: pl.DataFrame, rounds: pl.DataFrame
) -> tuple[Handed, str]:
    """What the last days of the month before hand on to the month's windows, and what they are made from.

    From the first of the six days that has telemetry to the month's edge; nothing where none has any. jars,
    rounds: those of the month.
    """
    from battery_assets.features.windows.feature_rows import TelemetryDay, WindowWalk

    read = Inputs(warehouse, part.before, WANTED)
    edge = part.start.date()
    since = min((day for day in read.days if day >= edge - timedelta(days=DAYS)), default=edge)
    span = [since + timedelta(days=n) for n in range((edge - since).days)]
    digests = {day: read.digests.get(day, "") for day in span}
    # A law that was broken then is not this month's: jars are those of the month, judged as the one before.
    jars = with_quarantined(jars, broken_laws(warehouse, part.before))
    inputs = day_inputs(digests, jars, dated=[(rounds, "measured_at")], by=timedelta(days=1))
    walk, judge = WindowWalk(jars, rounds), Judge(read, jars)

    def handed(day: date, frames: tuple[pl.DataFrame, ...]) -> dict[str, np.ndarray]:
        rows = dict(zip(WANTED, frames, strict=True))
        return walk.step(TelemetryDay(day, *(rows | credible_day(judge, day, rows)).values()))[1]

    days = reduce_days(
        warehouse, "week_before", part, inputs, read.walk, handed,
        restore=walk.restore, chained=True, by=__name__,
    )  # fmt: skip
    return days, digest(*inputs.values()) if inputs else ""
