"""What speaks for the health of a site's jars, day by day through a month."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import polars as pl

from battery_assets import tables as t
from battery_assets.features.credible.days import credible_rounds
from battery_assets.fleet.jars import capacity_tests, day_inputs, earlier_rows, site_history
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import midnight

TEST_COLUMNS = (
    "string_id",
    "test_date",
    "capacity_pct_of_rated",
    "discharge_duration_min",
    "cutoff_voltage_v",
)


@dataclass
class HealthEvidence:
    """What is known of the jars' health, growing day by day through the month.

    fits: what discharges of earlier months showed, columns of features.health.FITS. faults: what their twins
    knew of broken jars. levels: their ohmic levels, columns of features.health.LEVELS. `readings`, `warmth`,
    `signs` and `loads` have a frame for each day that was taken in.
    """

    jars: pl.DataFrame
    rounds: pl.DataFrame
    tests: pl.DataFrame
    fits: pl.DataFrame | None = None
    faults: pl.DataFrame | None = None
    levels: pl.DataFrame | None = None
    readings: list[pl.DataFrame] = field(default_factory=list)
    warmth: list[pl.DataFrame] = field(default_factory=list)
    signs: list[pl.DataFrame] = field(default_factory=list)
    loads: list[pl.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> "HealthEvidence":
        """The evidence of the year before: ohmic rounds, capacity tests, the twin's fits until last month."""
        from battery_assets.features.health import levels
        from battery_assets.features.health.faults import handed_on
        from battery_assets.features.twin.carry import fits_of

        rounds, _ = credible_rounds(site_history(warehouse, t.impedance_measurement_raw, part, 12), jars)
        tests = capacity_tests(warehouse, part, jars, months=12)
        twins = earlier_rows(warehouse, t.digital_twin_state, part, 12)
        return cls(
            jars,
            rounds.select("battery_id", "measured_at", "resistance_mohm", "temperature_c"),
            tests.select(*TEST_COLUMNS),
            fits_of(twins),
            handed_on(twins),
            levels.handed_on(twins),
        )

    def add_day(self, rows: pl.DataFrame) -> None:
        """Take in a day of jar telemetry: its ohmic readings and the jars' mean temperature."""
        read = rows.filter(pl.col("resistance_mohm").is_not_null()).select(
            pl.col("battery_id").cast(pl.String),
            pl.col("ts").alias("measured_at"),
            pl.col("resistance_mohm").cast(pl.Float64),
            pl.col("temperature_c").cast(pl.Float64),
        )
        # A monitor that repeats its reading at every sample has not measured again: one a day counts.
        self.readings.append(read.group_by("battery_id").last())
        self.warmth.append(
            rows.group_by("battery_id")
            .agg(pl.col("temperature_c").mean().cast(pl.Float64))
            .with_columns(pl.col("battery_id").cast(pl.String))
        )

    def add_signs(self, jar_rows: pl.DataFrame, string_rows: pl.DataFrame) -> None:
        """Take in what a day of telemetry tells of shorted cells and open connections."""
        from battery_assets.features.health.faults import float_signs
        from battery_assets.features.health.loads import load_readings

        self.loads.append(load_readings(jar_rows, string_rows, self.jars))
        self.signs.append(float_signs(jar_rows, string_rows, self.jars))

    def health_with(self, fits: pl.DataFrame, at: datetime) -> pl.DataFrame:
        """As `health`, with the fits of this month's discharges."""
        return replace(self, fits=fits if self.fits is None else pl.concat([self.fits, fits])).health(at)

    def day_inputs(self, digests: Mapping[date, str]) -> dict[date, str]:
        """What each day is made from whose health is told at its start."""
        evidence = [(self.rounds, "measured_at"), (self.tests, "test_date")]
        carried = [rows.sort(pl.all()) for rows in (self.fits, self.faults, self.levels) if rows is not None]
        facts = [self.jars, *carried]
        return day_inputs(digests, *facts, dated=evidence)

    def to_save(self) -> dict[str, pl.DataFrame]:
        """What the last day taken in adds."""
        signs = {"signs": self.signs[-1], "loads": self.loads[-1]} if self.signs else {}
        return {"readings": self.readings[-1], "warmth": self.warmth[-1], **signs}

    def restore(self, values: Mapping[str, pl.DataFrame]) -> None:
        """Take in a day by what it handed on."""
        self.readings.append(values["readings"])
        self.warmth.append(values["warmth"])
        if "signs" in values:
            self.signs.append(values["signs"])
        if "loads" in values:
            self.loads.append(values["loads"])

    def health(self, at: date | datetime, *, lives: bool = True) -> pl.DataFrame:
        """State of health at the start of a day, or at an instant, as `with_faults` gives it.

        lives: whether it tells of the days that are left to each jar.
        """
        from battery_assets.features.health.estimate import state_of_health
        from battery_assets.features.health.faults import known_faults, with_faults
        from battery_assets.features.health.levels import NO_LEVELS
        from battery_assets.features.health.loads import NO_READINGS

        instant = at if isinstance(at, datetime) else midnight(at)
        read = self.measurements()
        floats = pl.concat(self.signs) if self.signs else None
        levels = NO_LEVELS if self.levels is None else self.levels
        health = state_of_health(
            self.jars, read, self.tests, self._warmth(), instant, self.fits, floats, levels, lives=lives
        )
        ohms = pl.concat([read.select(NO_READINGS.columns), *self.loads])
        return with_faults(health, known_faults(self.jars, self.signs, ohms, instant, self.faults), self.jars)

    def hand_on_levels(self, twins: pl.DataFrame) -> pl.DataFrame:
        """Rows of digital_twin_state with the ohmic levels of earlier months and of the days taken in."""
        from battery_assets.features.health.levels import NO_LEVELS, levels_of, with_levels

        now = levels_of(pl.concat(self.readings)) if self.readings else NO_LEVELS
        return with_levels(twins, NO_LEVELS if self.levels is None else self.levels, now)

    def _warmth(self) -> pl.DataFrame:
        """Mean temperature of each jar over the days taken in."""
        if not self.warmth:
            return pl.DataFrame(schema={"battery_id": pl.String, "temperature_c": pl.Float64})
        return pl.concat(self.warmth).group_by("battery_id").agg(pl.col("temperature_c").mean())

    def measurements(self) -> pl.DataFrame:
        """Every ohmic reading taken in, and whether a monitor took it."""
        by_hand = self.rounds.with_columns(by_monitor=pl.lit(value=False))
        if not self.readings:
            return by_hand
        read = pl.concat(self.readings).select(*self.rounds.columns, by_monitor=pl.lit(value=True))
        return pl.concat([by_hand, read])
