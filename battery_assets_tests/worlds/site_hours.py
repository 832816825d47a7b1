"""Months of a synthetic site as the alert rules see them, made without a warehouse: hours, rooms, readings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.credible.masters import credible_masters
from battery_assets.features.operations.alert_signals import AlertInputs
from battery_assets.features.samples.blocks import cells_of, in_six_cells, with_cells
from battery_assets.features.samples.profiles import jars_in_places, room_hours
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.fleet.credible import Judge
from battery_assets.fleet.hours import JARS, SENSORS, STRINGS
from battery_assets.fleet.jars import MODEL_COLUMNS, STRING_COLUMNS
from battery_assets.fleet.p7_operations.evidence import JAR_LIMITS, JAR_VOLTS, STRING_VOLTS
from battery_assets.synthetic import catalogue
from battery_assets.synthetic.calendar import month_days, month_index
from battery_assets.synthetic.master import master
from battery_assets.synthetic.signals import telemetry
from battery_assets.synthetic.site import SyntheticSite


@dataclass(frozen=True)
class SiteHours:
    """A span of a site: all its jars' facts by month, and hours of jars, strings and rooms; readings."""

    site: SyntheticSite
    jar: pl.DataFrame
    string: pl.DataFrame
    rooms: pl.DataFrame
    readings: pl.DataFrame

    def inputs(self, month: str, tail: timedelta = timedelta(0)) -> AlertInputs:
        """What the rules are given of a month, with so much of the time before it."""
        start, end = bounds(month)
        jars = in_six_cells(facts(self.site, month), "battery_id", self._cells(month), JAR_LIMITS)
        inside = pl.col("hour").is_between(start - tail, end, closed="left")
        jar = in_six_cells(self.jar.filter(inside), "battery_id", self._cells(month), JAR_VOLTS)
        string = in_six_cells(self.string.filter(inside), "string_id", self._of_strings(month), STRING_VOLTS)
        rooms = self.rooms.filter(inside)
        room = rooms.group_by("hour").agg(room_c=pl.col("temperature_c").mean())
        hours = jar.join(room, on="hour", how="left").with_columns(
            feature_ts=pl.col("hour") + timedelta(hours=1),
            t_delta_ambient_mean=pl.col("t_mean") - pl.col("room_c"),
        )
        readings = self.readings.filter(pl.col("measured_at").is_between(start - timedelta(days=365), end))
        return AlertInputs(
            jars=jars, start=start, end=end, hours=hours, strings_hours=string, env=rooms, resistance=readings
        )

    def _cells(self, month: str) -> dict[str, int]:
        return cells_of(facts(self.site, month), "battery_id")

    def _of_strings(self, month: str) -> dict[str, int]:
        return cells_of(facts(self.site, month), "string_id")


def bounds(month: str) -> tuple[datetime, datetime]:
    """First instant of a month and of the next."""
    first, following = month_days(month_index(month))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(days=first), epoch + timedelta(days=following)


def facts(site: SyntheticSite, month: str) -> pl.DataFrame:
    """Jars in service in a month with codes, places and limits, as `evidence.placed_jars` gives them."""
    rows = master(site, month)
    jars, (start, end) = _described(rows), bounds(month)
    served = (pl.col("installed_date") <= end.date()) & (
        pl.col("replaced_date").is_null() | (pl.col("replaced_date") >= start.date())
    )
    return jars_in_places(jars.filter(served), rows["battery_system"], rows["location"])


def _described(rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
    models = catalogue.battery_models().select("model_id", *MODEL_COLUMNS)
    strings = rows["string"].select(STRING_COLUMNS).rename({"nominal_voltage_v": "string_nominal_v"})
    jars = rows["battery"].cast({"replaced_date": pl.Date}).join(models, on="model_id", how="left")
    return credible_masters(with_cells(jars.join(strings, on="string_id", how="left")))[0]


def site_hours(site: SyntheticSite, months: list[str]) -> SiteHours:
    """The hours of consecutive months, reduced day by day as the product reduces them."""
    jars = _described(master(site, months[-1]))
    judge = Judge(None, jars)
    kept: dict[str, list[pl.DataFrame]] = {name: [] for name in ("jar", "string", "sensor", "ohm")}
    start, end = bounds(months[0])[0], bounds(months[-1])[1]
    for n in range((end - start).days):
        day = start.date() + timedelta(days=n)
        rows = telemetry.jar_day(site, day)
        kept["jar"].append(JARS.hours(judge, day, rows)["hours"])
        kept["string"].append(STRINGS.hours(judge, day, telemetry.string_day(site, day))["hours"])
        kept["sensor"].append(SENSORS.hours(judge, day, telemetry.environment_day(site, day))["hours"])
        kept["ohm"].append(_read(rows))
    frames = {name: _joined(days) for name, days in kept.items()}
    sensors = master(site, months[-1])["environmental_sensor"]
    return SiteHours(
        site,
        frames["jar"],
        frames["string"],
        room_hours(frames["sensor"], sensors),
        _readings(frames["ohm"], jars),
    )


def _joined(days: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([day.with_columns(pl.col(pl.Categorical).cast(pl.String)) for day in days])


def _read(rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.filter(pl.col("resistance_mohm").is_not_null()).unique("battery_id", keep="first")
    return told.select(
        pl.col("battery_id").cast(pl.String), pl.col("temperature_c"), "resistance_mohm", measured_at="ts"
    )


def _readings(rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    factor = resistance_at_25c(np.ones(rows.height), rows["temperature_c"].fill_null(25.0).to_numpy())
    first = jars.select("battery_id", first=pl.col("initial_resistance_mohm").cast(pl.Float64))
    at_25 = rows.with_columns(resistance_mohm=pl.col("resistance_mohm").cast(pl.Float64) * pl.Series(factor))
    return (
        at_25.join(first, on="battery_id", how="left")
        .select(
            "battery_id",
            "measured_at",
            "resistance_mohm",
            baseline_pct=pl.col("resistance_mohm") / pl.col("first") * 100.0,
        )
        .sort("battery_id", "measured_at")
    )
