"""State of health: capacity as % of the rated C10 at 25 °C, from what is known of age, resistance and tests.

On float the capacity of a jar cannot be seen. Each kind of evidence gives an estimate and a standard
deviation, and they are combined by precision (SOURCES 6); what comes out carries its own deviation.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.runs import numbers
from battery_assets.features.temperature import resistance_at_25c
from battery_assets.physics.ageing import ageing_factor

FADE_PCT_PER_YEAR = 2.0  # healthy jar at 25 °C, SOURCES 3.4
FADE_SD_PCT_PER_YEAR = 4.0  # 12 % of jars fade at 8, 3 % at 25 %/year, SOURCES 3.4
NEW_SD_PCT = 3.0  # acceptance spread 2 % and what a name-plate capacity leaves open, SOURCES 3.3
AGE_UNKNOWN_YEARS = 5.0
# Resistance per point of capacity: 2.5, 1.9 and 1.6 % for the three profiles, which telemetry does not name.
RESISTANCE_PCT_PER_POINT = 2.0
RESISTANCE_SD_PCT = 9.0
TEST_SD_PCT = 3.0
UNTESTED_FLOOR_PCT = 5.0
LARGEST_PCT = 110.0
READINGS = 3
_YEAR_S = 365.25 * 86400.0


def state_of_health(
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    capacity_tests: pl.DataFrame,
    temperatures: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    """soh_pct, soh_std_pct, evidence and evidence_age_days of each battery_id at an instant, in jars' order.

    jars: battery_id, string_id, installed_date, initial_capacity_ah, initial_resistance_mohm, capacity_ah.
    measurements: battery_id, measured_at, resistance_mohm, temperature_c. capacity_tests: string_id,
    test_date, capacity_pct_of_rated (NULL percentages are passed over). temperatures: battery_id,
    temperature_c, the mean over the jar's life or the best known of it; unknown counts as 25 °C.
    Only evidence up to `at` and since the jar was installed counts.

    age: initial capacity less 2 %/year at 25 °C times the ageing factor, sd from 3 points growing by 4 a
    year times the factor. resistance: the median of the last three readings at 25 °C against the baseline, 2
    % per point, sd 9. capacity_test: the string's last, sd 3, of its weakest jar; to the others it is a lower
    bound. Both age at the same rate. Without a test in
    the last year the sd is 5 or more. soh_pct stays within 0..110. evidence names what was used, joined by
    "+"; evidence_age_days is the age of the newest measured evidence, NULL where there is only age.
    """
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    known = _joined(jars, measurements, capacity_tests, temperatures, at)
    factor = ageing_factor(np.nan_to_num(numbers(known, "mean_c").astype(float), nan=25.0))
    age = np.nan_to_num(_years(known, "installed_at", at), nan=AGE_UNKNOWN_YEARS)
    initial = numbers(known, "initial_capacity_ah").astype(float) / numbers(known, "capacity_ah").astype(
        float
    )
    new = np.nan_to_num(100.0 * initial, nan=100.0)
    reading, reading_age = numbers(known, "ratio").astype(float), _years(known, "measured_at", at)
    test, test_age = numbers(known, "capacity_pct_of_rated").astype(float), _years(known, "test_date", at)
    by_reading = new - 100.0 * (reading - 1.0) / RESISTANCE_PCT_PER_POINT
    estimates = [
        _aged(new, NEW_SD_PCT, age, factor),
        _aged(by_reading, RESISTANCE_SD_PCT, reading_age, factor),
    ]
    tested = _aged(test, TEST_SD_PCT, test_age, factor)
    speaks = _test_speaks(known["string_id"], _combined(estimates)[0], tested[0])
    test, test_age = np.where(speaks, test, np.nan), np.where(speaks, test_age, np.nan)
    soh, sd = _combined([*estimates, (np.where(speaks, tested[0], np.nan), tested[1])])
    untested = ~(test_age <= 1.0)
    sd = np.where(untested, np.maximum(sd, UNTESTED_FLOOR_PCT), sd)
    return pl.DataFrame(
        {
            "battery_id": known["battery_id"],
            "soh_pct": np.clip(soh, 0.0, LARGEST_PCT),
            "soh_std_pct": sd,
            "evidence": _evidence(np.isfinite(by_reading), np.isfinite(test)),
            "evidence_age_days": pl.Series(np.fmin(reading_age, test_age) * 365.25, nan_to_null=True),
        }
    )


def _test_speaks(strings: pl.Series, without: np.ndarray, tested: np.ndarray) -> np.ndarray:
    """Of which jars a string's test says something, per jar.

    A string's test ends at its weakest jar: it measures that one, and to the others it is a lower bound,
    which counts where they would be put lower without it. The weakest is the jar that is put lowest without
    the test, unless a jar came into the string later: then the weakest may have gone.
    """
    frame = pl.DataFrame({"string": strings, "without": without, "tested": tested})
    complete = pl.col("tested").is_finite().all().over("string")
    weakest = complete & (pl.col("without").rank("ordinal").over("string") == 1)
    speaks = pl.col("tested").is_finite() & (weakest | (pl.col("without") < pl.col("tested")))
    return frame.select(speaks).to_series().to_numpy()


def _aged(
    value: np.ndarray, sd: float, years: np.ndarray, factor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """An estimate in % and its sd, brought over the years since it was true; NaN stays NaN."""
    return value - FADE_PCT_PER_YEAR * factor * years, np.hypot(sd, FADE_SD_PCT_PER_YEAR * factor * years)


def _combined(estimates: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.stack([value for value, _ in estimates])
    weights = np.where(np.isfinite(values), np.stack([sd for _, sd in estimates]) ** -2.0, 0.0)
    total = weights.sum(0)
    return (weights * np.nan_to_num(values)).sum(0) / total, total**-0.5


def _evidence(by_reading: np.ndarray, by_test: np.ndarray) -> list[str]:
    rows = zip(by_reading, by_test, strict=True)
    return ["age" + "+resistance" * bool(read) + "+capacity_test" * bool(tested) for read, tested in rows]


def _years(frame: pl.DataFrame, column: str, at: datetime) -> np.ndarray:
    """Years from a column of instants to `at`, NaN where NULL, 0 where later."""
    seconds = (pl.lit(at).cast(pl.Datetime("us", "UTC")) - pl.col(column)).dt.total_seconds()
    return numbers(frame.select(years=(seconds / _YEAR_S).clip(lower_bound=0.0)), "years")


def _joined(
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    capacity_tests: pl.DataFrame,
    temperatures: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    """One row per jar, in order, with its last readings' ratio to the baseline and its string's last test."""
    units = jars.with_columns(
        pl.col("battery_id", "string_id").cast(pl.String),
        installed_at=pl.col("installed_date")
        .cast(pl.Date)
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC"),
    )
    since = units.select("battery_id", "string_id", "installed_at", "initial_resistance_mohm")
    mean = temperatures.select(
        pl.col("battery_id").cast(pl.String), mean_c=pl.col("temperature_c").cast(pl.Float64)
    )
    with_readings = units.join(_last_readings(measurements, since, at), on="battery_id", how="left")
    with_tests = with_readings.join(_last_test(capacity_tests, since, at), on="battery_id", how="left")
    joined = with_tests.join(mean.unique("battery_id"), on="battery_id", how="left")
    return units.select("battery_id").join(joined, on="battery_id", how="left", maintain_order="left")


def _last_readings(measurements: pl.DataFrame, since: pl.DataFrame, at: datetime) -> pl.DataFrame:
    readings = (
        measurements.with_columns(pl.col("battery_id").cast(pl.String))
        .join(since, on="battery_id")
        .filter(
            pl.col("resistance_mohm") > 0, pl.col("initial_resistance_mohm") > 0, _within("measured_at", at)
        )
    )
    warm = np.nan_to_num(numbers(readings, "temperature_c").astype(float), nan=25.0)
    at_25 = resistance_at_25c(numbers(readings, "resistance_mohm").astype(float), warm)
    return (
        readings.with_columns(ratio=pl.Series(at_25, dtype=pl.Float64) / pl.col("initial_resistance_mohm"))
        .sort("measured_at")
        .group_by("battery_id")
        .agg(pl.col("ratio").tail(READINGS).median(), pl.col("measured_at").last())
    )


def _last_test(capacity_tests: pl.DataFrame, since: pl.DataFrame, at: datetime) -> pl.DataFrame:
    return (
        capacity_tests.with_columns(pl.col("string_id").cast(pl.String))
        .join(since, on="string_id")
        .filter(pl.col("capacity_pct_of_rated").is_not_null(), _within("test_date", at))
        .sort("test_date")
        .group_by("battery_id")
        .agg(pl.col("capacity_pct_of_rated").cast(pl.Float64).last(), pl.col("test_date").last())
    )


def _within(column: str, at: datetime) -> pl.Expr:
    """True from a jar's installation (any time where it is unknown) up to `at`."""
    installed = pl.col("installed_at").fill_null(at - timedelta(days=36500))
    return (pl.col(column) <= at) & (pl.col(column) >= installed)
