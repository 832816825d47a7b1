"""A month in hours: jars, strings and sensors, reduced once from telemetry and kept by day.

The feature store writes these hours on its walk over the telemetry; alerts, checks, loads and pictures read
them. Days that the books have forgotten are reduced by whoever reads them first.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.fleet.credible import Judge, Judged
from battery_assets.fleet.jars import day_inputs, jar_facts
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.inputs import Inputs
from battery_assets.platform.days.plan import DayPlan
from battery_assets.platform.days.work import Read, alone, days_kept, reduce_days
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import fitting, midnight
from battery_assets.tables.projections import empty

Frames = dict[str, pl.DataFrame]

JAR_COLUMNS = ["ts", "battery_id", "voltage_v", "temperature_c", "resistance_mohm", "conductance_s"]
DRAWN_COLUMNS = ["ts", "string_id", "voltage_v", "current_a"]
# What is looked at of the features of an hour; the table has more, and a month of it is large.
FEATURE_COLUMNS = [
    "feature_ts",
    "battery_id",
    "v_mean",
    "v_std",
    "v_min",
    "t_mean",
    "t_max",
    "t_delta_ambient_mean",
    "r_internal_latest",
    "r_internal_baseline_pct",
    "discharge_cycles_count",
]
FEATURE_HOURS = "feature_hours"


@dataclass(frozen=True)
class Reduction:
    """How what is credible of a day of telemetry becomes frames of hours, kept under a name."""

    name: str
    table: sa.Table
    columns: Sequence[str] | None
    believe: Callable[[Judge, date, pl.DataFrame], Judged]
    reduce: Callable[[pl.DataFrame, pl.DataFrame], Frames]

    def hours(self, judge: Judge, day: date, rows: pl.DataFrame) -> Frames:
        """A day's rows as they came, reduced."""
        return self.reduce(*self.believe(judge, day, rows))


def _credible_rooms(judge: Judge, day: date, rows: pl.DataFrame) -> Judged:
    from battery_assets.features.credible.days import credible_rooms

    return credible_rooms(rows)


def _jars(credible: pl.DataFrame, left_out: pl.DataFrame) -> Frames:
    """Hours of what is credible, and what was left out."""
    from battery_assets.features.samples.jar_hours import jar_hours

    return {"hours": _compact(jar_hours(credible)), "left_out": _of_day(left_out, credible)}


def _strings(credible: pl.DataFrame, left_out: pl.DataFrame) -> Frames:
    """Hours, and every sample in which a string gave current, more than its sensor's offset."""
    from battery_assets.features.ride_through.loads import ANY_DISCHARGE_A
    from battery_assets.features.samples.profiles import string_hours

    rows = credible.with_columns(pl.col("string_id", "mode").cast(pl.String))
    drawn = rows.filter(pl.col("current_a") < ANY_DISCHARGE_A).select(DRAWN_COLUMNS)
    return {
        "hours": _compact(string_hours(rows)),
        "drawn": drawn.with_columns(_as_stored("voltage_v", "current_a")),
        "left_out": _of_day(left_out, credible),
    }


def _as_stored(*names: str) -> list[pl.Expr]:
    """Numbers to the digits of telemetry_string_raw: walked days have them as Float32."""
    scales = {name: t.telemetry_string_raw.c[name].info["scale"] for name in names}
    return [pl.col(name).cast(pl.Float64).round(scale) for name, scale in scales.items()]


def _sensors(credible: pl.DataFrame, left_out: pl.DataFrame) -> Frames:
    from battery_assets.features.samples.profiles import sensor_hours

    return {"hours": _compact(sensor_hours(credible)), "left_out": _of_day(left_out, credible)}


def _of_day(left_out: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What was left out of a day, with its day."""
    first = rows["ts"].min()
    return _compact(left_out.with_columns(day=pl.lit(first, pl.Datetime("us", "UTC")).dt.date()))


JARS = Reduction("jar_hours", t.telemetry_jar_raw, JAR_COLUMNS, Judge.jars, _jars)
STRINGS = Reduction("string_hours", t.telemetry_string_raw, None, Judge.strings, _strings)
SENSORS = Reduction("sensor_hours", t.telemetry_env, None, _credible_rooms, _sensors)
REDUCTIONS = (JARS, STRINGS, SENSORS)


def credible_day(
    judge: Judge, day: date, rows: Mapping[sa.Table, pl.DataFrame]
) -> dict[sa.Table, pl.DataFrame]:
    """What is credible of a day's rows of the tables that are reduced to hours."""
    return {each.table: each.believe(judge, day, rows[each.table])[0] for each in REDUCTIONS}


def of_quarantine(rows: dict[sa.Table, pl.DataFrame], jars: pl.DataFrame) -> dict[sa.Table, pl.DataFrame]:
    """The same rows without what the laws of the month do not let stand. jars: as of `judged_jars`."""
    from battery_assets.features.credible.days import without_quarantined

    units = {t.telemetry_jar_raw: "battery_id", t.telemetry_string_raw: "string_id"}
    return rows | {table: without_quarantined(rows[table], unit, jars)[0] for table, unit in units.items()}


class HoursToMake:
    """The days of the reductions that are still to be made from a walk over their tables."""

    def __init__(self, plans: Mapping[str, DayPlan], judge: Judge) -> None:
        self._plans, self._judge = plans, judge

    @property
    def days(self) -> set[date]:
        """Days of which some hours are to be made."""
        return {day for plan in self._plans.values() for day in plan.to_make}

    def make(self, day: date, rows: Mapping[sa.Table, pl.DataFrame]) -> dict[sa.Table, pl.DataFrame]:
        """Reduce a day's rows of each table to the hours that are to be made of it. Returns what is credible
        of them.
        """
        judged = {each.table: each.believe(self._judge, day, rows[each.table]) for each in REDUCTIONS}
        for reduction in REDUCTIONS:
            if day in (plan := self._plans[reduction.name]).to_make:
                plan.save(day, reduction.reduce(*judged[reduction.table]))
        return {table: credible for table, (credible, _) in judged.items()}


@contextmanager
def hours_to_make(
    warehouse: Warehouse, part: Part, read: Inputs, jars: pl.DataFrame
) -> Iterator[HoursToMake]:
    """The hours of a month, to be made from the caller's walk over `read`; kept when the block ends well.

    jars: `jar_facts` of the month.
    """
    with ExitStack() as stack:
        plans = {}
        for reduction in REDUCTIONS:
            inputs = day_inputs(read.digests_of(reduction.table), jars)
            kept = days_kept(warehouse, reduction.name, part, inputs, by=__name__)
            plans[reduction.name] = stack.enter_context(kept)
        yield HoursToMake(plans, Judge(read, jars))


def month_hours(warehouse: Warehouse, part: Part, reduction: Reduction) -> Frames:
    """The frames of a reduction, all days of the month one after the other."""
    part = _as_read(part)
    jars = jar_facts(warehouse, part)
    read = Inputs(warehouse, part, {reduction.table: reduction.columns})
    inputs, name = day_inputs(read.digests, jars), reduction.name
    judge = Judge(read, jars)

    def reduced(day: date, rows: tuple[pl.DataFrame, ...]) -> Frames:
        return reduction.hours(judge, day, rows[0])

    days = reduce_days(warehouse, name, part, inputs, read.walk, reduced, by=__name__).values()
    nothing = reduction.hours(judge, part.start.date(), empty(reduction.table))
    return {name: stacked([rows, *(frames[name] for frames in days)]) for name, rows in nothing.items()}


def feature_hours(
    warehouse: Warehouse, part: Part, only: Collection[date] | None = None
) -> dict[date, pl.DataFrame]:
    """FEATURE_COLUMNS of the features of hours, by the day in which the hour begins; `only` these days."""
    return _kept_features(warehouse, _as_read(part), {}, only)


def feature_days(warehouse: Warehouse, part: Part) -> Read[pl.DataFrame]:
    """Reads days of feature_hours."""
    return lambda days: feature_hours(warehouse, part, days).items() if days else ()


def keep_feature_hours(warehouse: Warehouse, part: Part, made: Mapping[date, pl.DataFrame]) -> None:
    """Keep the features of hours for those who read them. made: rows of feature_store by their day."""
    _kept_features(warehouse, part, made, only=())


def _kept_features(
    warehouse: Warehouse, part: Part, made: Mapping[date, pl.DataFrame], only: Collection[date] | None
) -> dict[date, pl.DataFrame]:
    def features(day: date, _: None) -> pl.DataFrame:
        if day not in made:
            return _features_of(warehouse, part, day)
        hours = fitting(made[day], t.feature_store).filter(pl.col("feature_window_hours") == 1)
        return _compact(hours.select(FEATURE_COLUMNS))

    inputs = {day: sha256 for day, sha256 in warehouse.day_digests(t.feature_store, part).items() if sha256}
    return reduce_days(warehouse, FEATURE_HOURS, part, inputs, alone, features, by=__name__, only=only)


def _features_of(warehouse: Warehouse, part: Part, day: date) -> pl.DataFrame:
    table, start = t.feature_store, midnight(day)
    of_day = (table.c.feature_ts > start) & (table.c.feature_ts <= start + timedelta(days=1))
    where = of_day & (table.c.feature_window_hours == 1)
    return _compact(warehouse.read(table, part, FEATURE_COLUMNS, where=where).collect())


def stacked(days: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Frames of days one after the other, their texts as texts."""
    rows = pl.concat(days, how="diagonal")
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _as_read(part: Part) -> Part:
    """The partition for a reader: only its writer makes the hours from scratch."""
    return Part(part.site, part.month)


def _compact(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with each text kept once."""
    return rows.with_columns(pl.col(pl.String).cast(pl.Categorical))
