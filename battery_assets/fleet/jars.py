"""What several assets need to know of a site's jars: who is in service, and what speaks for their health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.features.credible.days import credible_baselines, credible_rounds
from battery_assets.features.samples.blocks import cells_of, with_cells
from battery_assets.features.samples.rated_capacity import REFERENCE_AH
from battery_assets.fleet.doubted_tests import tests_doubted
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.days.fingerprints import digest
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.platform.warehouse.rows import midnight
from battery_assets.platform.warehouse.stored import day_profiles

MODEL_COLUMNS = (
    "capacity_ah",
    "float_voltage_min_v",
    "float_voltage_max_v",
    "boost_voltage_min_v",
    "max_charge_current_a",
    "temp_warning_c",
    "temp_critical_c",
    "nominal_voltage_v",
    "chemistry",
)
# What a source writes where it does not know: no jar has a rating of 0.
_NOT_ZERO = tuple(name for name in MODEL_COLUMNS if name.endswith(("_ah", "_v", "_a")))
STRING_COLUMNS = ("string_id", "string_code", "system_id", "batteries_count", "nominal_voltage_v")
# V of a jar of six cells: on float, compensated or not; and where it has been discharged (SOURCES 1.5, 1.2).
FLOATS_V, DISCHARGED_V = (12.9, 14.0), 12.9
# When a row was written says nothing of the jar, and an export may write all of them anew every day.
_SAYS_NOTHING = ("created_at", "updated_at")


def jar_facts(warehouse: Warehouse, part: Part) -> pl.DataFrame:
    """One row for each jar in service at some time of the month, sorted by battery_id.

    Master data, its string's code, system and size, its model's limits, and what `with_cells` tells of it;
    limits are empty where the model is not known, or where they are 0. A jar without a string is left out.
    """
    jars = warehouse.read(t.battery, part).collect()
    models = rated_models(warehouse)
    strings = warehouse.read(t.string, part, list(STRING_COLUMNS)).collect()
    strings = strings.rename({"nominal_voltage_v": "string_nominal_v"})
    started = pl.col("installed_date").is_null() | (pl.col("installed_date") < part.end.date())
    present = pl.col("replaced_date").is_null() | (pl.col("replaced_date") >= part.start.date())
    facts = (
        jars.filter(started & present, pl.col("string_id").is_not_null())
        .join(models, on="model_id", how="left")
        .join(strings, on="string_id", how="left")
        .sort("battery_id")
    )
    return credible_baselines(with_cells(facts))[0]


def rated_models(warehouse: Warehouse) -> pl.DataFrame:
    """model_id and MODEL_COLUMNS of every model; a rating or limit of 0 is one that is not known."""
    models = warehouse.read(t.battery_model, columns=["model_id", *MODEL_COLUMNS]).collect()
    known = [pl.when(pl.col(name) != 0).then(pl.col(name)).alias(name) for name in _NOT_ZERO]
    return models.with_columns(known)


@dataclass(frozen=True)
class Jars:
    """A site's jars as laws of physics want them: facts, strings (string_id, jars, capacity_ah), codes."""

    facts: pl.DataFrame
    strings: pl.DataFrame
    codes: dict[str, str]

    @property
    def capacity_ah(self) -> dict[str, float]:
        """Rated capacity of each string, Ah."""
        return dict(self.strings.select("string_id", "capacity_ah").iter_rows())

    @property
    def least_ah(self) -> float:
        """Rated capacity of the smallest string, Ah; 0 without any."""
        return min(self.capacity_ah.values(), default=0.0)


def jars_of(warehouse: Warehouse, part: Part) -> Jars:
    """The jars in service in a month, their strings and the codes people know both by.

    A jar whose model is not known counts as its string's smallest, and a string of which no model is known as
    one of 120 Ah, the commonest in the fleet: laws are wide enough for that. What a capacity is set against
    is `rated_ah`, which leaves such a string out.
    """
    rated = pl.col("capacity_ah").cast(pl.Float64)
    facts = jar_facts(warehouse, part).with_columns(
        pl.coalesce(rated, rated.min().over("string_id"), REFERENCE_AH).alias("capacity_ah")
    )
    strings = facts.group_by("string_id", maintain_order=True).agg(
        jars=pl.col("position_in_string").n_unique(), capacity_ah=pl.col("capacity_ah").min()
    )
    codes = {
        unit: code
        for kind in ("battery", "string")
        for unit, code in facts.select(f"{kind}_id", f"{kind}_code").iter_rows()
        if code is not None
    }
    return Jars(facts, strings, codes)


def days_under_current(warehouse: Warehouse, part: Part, least_a: float) -> list[date]:
    """The days on which some string carried more than that, either way: the others need not be read."""
    seen = {
        day: profile["columns"].get("current_a", {})
        for day, profile in day_profiles(warehouse, t.telemetry_string_raw, part).items()
    }
    return [
        day
        for day, facts in seen.items()
        if max((abs(facts[word]) for word in ("min", "max") if facts.get(word) is not None), default=0.0)
        > least_a
    ]


def jars_per_string(jars: pl.DataFrame) -> dict[str, int]:
    """How many jars stand in each string; a position that was refilled counts once."""
    return dict(jars.group_by("string_id").agg(pl.col("position_in_string").n_unique()).iter_rows())


def rated_ah(jars: pl.DataFrame) -> dict[str, float]:
    """Rated capacity of each string, Ah: that of its smallest jar; without strings of which none is known."""
    known = jars.filter(pl.col("capacity_ah").is_not_null())
    return dict(known.group_by("string_id").agg(pl.col("capacity_ah").min()).iter_rows())


def site_history(
    warehouse: Warehouse,
    table: sa.Table,
    part: Part,
    months: int,
    where: sa.ColumnElement[bool] | None = None,
) -> pl.DataFrame:
    """Rows of a site's table for the month and the `months` before it."""
    conditions = [table.c.month <= part.month, *([] if where is None else [where])]
    return _since(warehouse, table, part, months, conditions)


def earlier_rows(warehouse: Warehouse, table: sa.Table, part: Part, months: int) -> pl.DataFrame:
    """Rows of a site's table for the `months` before the month, without the month itself."""
    return _since(warehouse, table, part, months, [table.c.month < part.month])


def _since(
    warehouse: Warehouse, table: sa.Table, part: Part, months: int, conditions: list[sa.ColumnElement[bool]]
) -> pl.DataFrame:
    first = part.start.year * 12 + part.start.month - 1 - months
    since = table.c.month >= f"{first // 12:04d}-{first % 12 + 1:02d}"
    return warehouse.read(table, Part(site=part.site), where=sa.and_(since, *conditions)).collect()


def day_inputs(
    digests: Mapping[date, str],
    *facts: pl.DataFrame,
    dated: Sequence[tuple[pl.DataFrame, str]] = (),
    by: timedelta = timedelta(0),
) -> dict[date, str]:
    """What each day is made from: its files, the facts, and of each frame in `dated` what was known in time.

    `dated` pairs rows with the column that says when they were true; to a day belong those up to its start
    and `by` more, less those of the days before it, which `chained` days have in their own.
    """
    of_all = digest(*(frame.drop(_SAYS_NOTHING, strict=False) for frame in facts))
    found, since = {}, datetime.min.replace(tzinfo=UTC)
    frames = [(frame.sort(pl.all()), pl.col(instant)) for frame, instant in dated]
    for day in sorted(digests):
        until = midnight(day) + by
        fresh = [frame.filter(at > since, at <= until) for frame, at in frames]
        found[day], since = digest(digests[day], of_all, *fresh), until
    return found


def capacity_tests(warehouse: Warehouse, part: Part, jars: pl.DataFrame, months: int = 0) -> pl.DataFrame:
    """Rows of capacity_test_raw of the month and the `months` before it, with the columns of
    capacity_test_calc: what each test measured, from its capture where one is kept. A test that telemetry or
    the jars disprove has no verdict.

    jars: `jar_facts` of the month.
    """
    from battery_assets.features.health.capacity import capacity_results

    tests = site_history(warehouse, t.capacity_test_raw, part, months)
    captures = {
        test: warehouse.capture(url)
        for test, url in tests.select("test_id", "raw_data_url").iter_rows()
        if warehouse.has_capture(url)
    }
    sizes = rated_ah(jars), jars_per_string(jars)
    results = capacity_results(tests, *sizes, captures, cells_of(jars, "string_id"))
    doubted = tests_doubted(warehouse, part, tests, jars, *sizes)["test_id"].to_list()
    verdict = pl.when(~pl.col("test_id").is_in(doubted)).then(pl.col("capacity_pct_of_rated", "pass_fail"))
    return tests.join(results.with_columns(verdict), on="test_id")


@dataclass
class HealthEvidence:
    """What is known of the jars' health, growing day by day through the month.

    fits: what discharges of earlier months showed, columns of features.health.FITS.
    `readings` and `warmth` have a frame for each day that was taken in.
    """

    jars: pl.DataFrame
    rounds: pl.DataFrame
    tests: pl.DataFrame
    fits: pl.DataFrame | None = None
    readings: list[pl.DataFrame] = field(default_factory=list)
    warmth: list[pl.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, warehouse: Warehouse, part: Part, jars: pl.DataFrame) -> "HealthEvidence":
        """The evidence of the year before: ohmic rounds, capacity tests, the twin's fits until last month."""
        from battery_assets.features.twin.carry import fits_of

        rounds, _ = credible_rounds(site_history(warehouse, t.impedance_measurement_raw, part, 12), jars)
        tests = capacity_tests(warehouse, part, jars, months=12)
        twins = earlier_rows(warehouse, t.digital_twin_state, part, 12)
        return cls(
            jars,
            rounds.select("battery_id", "measured_at", "resistance_mohm", "temperature_c"),
            tests.select("string_id", "test_date", "capacity_pct_of_rated", "discharge_duration_min"),
            fits_of(twins),
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
        volts = pl.col("voltage_v")
        self.warmth.append(
            rows.group_by("battery_id")
            .agg(
                pl.col("temperature_c").mean().cast(pl.Float64),
                float_v=volts.filter(volts.is_between(*FLOATS_V)).mean().cast(pl.Float64),
                low_v=volts.min().cast(pl.Float64),
                charge_v=volts.max().cast(pl.Float64),
            )
            .with_columns(pl.col("battery_id").cast(pl.String))
        )

    def health_with(self, fits: pl.DataFrame, at: datetime) -> pl.DataFrame:
        """As `health`, with the fits of this month's discharges."""
        return replace(self, fits=fits if self.fits is None else pl.concat([self.fits, fits])).health(at)

    def day_inputs(self, digests: Mapping[date, str]) -> dict[date, str]:
        """What each day is made from whose health is told at its start."""
        known = [(self.rounds, "measured_at"), (self.tests, "test_date")]
        facts = [self.jars] if self.fits is None else [self.jars, self.fits.sort(pl.all())]
        return day_inputs(digests, *facts, dated=known)

    def to_save(self) -> dict[str, pl.DataFrame]:
        """What the last day taken in adds."""
        return {"readings": self.readings[-1], "warmth": self.warmth[-1]}

    def restore(self, values: Mapping[str, pl.DataFrame]) -> None:
        """Take in a day by what it handed on."""
        self.readings.append(values["readings"])
        self.warmth.append(values["warmth"])

    def health(self, at: date | datetime) -> pl.DataFrame:
        """State of health at the start of a day, or at an instant, as `state_of_health` gives it."""
        from battery_assets.features.health.estimate import state_of_health

        instant = at if isinstance(at, datetime) else midnight(at)
        return state_of_health(
            self.jars, self.measurements(), self.tests, self._conditions(), instant, self.fits
        )

    def _conditions(self) -> pl.DataFrame:
        """Of each jar over the days taken in: temperature, voltage on float, and the highest on a charge.

        A day's highest voltage is one of a charge where a jar like most was discharged before.
        """
        if not self.warmth:
            return pl.DataFrame(schema={"battery_id": pl.String, "temperature_c": pl.Float64})
        charged = pl.when(pl.col("low_v") < DISCHARGED_V).then("charge_v")
        return (
            pl.concat(self.warmth)
            .group_by("battery_id")
            .agg(pl.col("temperature_c").mean(), pl.col("float_v").mean(), charge_v=charged.mean())
        )

    def measurements(self) -> pl.DataFrame:
        """Every ohmic reading taken in."""
        return pl.concat([self.rounds, *(reading.select(self.rounds.columns) for reading in self.readings)])
