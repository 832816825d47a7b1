"""State of health: capacity as % of the rated C10 at 25 °C, from age, resistance, discharges and tests.

On float the capacity of a jar cannot be seen. What is known of it is old or indirect, so an estimate carries
its deviation, the interval in which the capacity lies with 90 %, and the age of its evidence (SOURCES 6).
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.ageing_posterior import Evidence, posterior
from battery_assets.features.samples.runs import numbers
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.physics.ageing import ageing_factor

UNTESTED_FLOOR_PCT, TESTED_FLOOR_PCT = 5.0, 2.0  # SOURCES 6: what nothing but a test can promise
MEASURES = 0.5  # from here on a test is taken to have measured this jar
TO_ITS_END_SD_PCT = 3.5  # so certain is a discharge fit only where the jar was seen to its knee
READING_MONTHS = 13
ACCEPTED = 0.5, 1.08  # share of the rating: new jars show 95 to 105 % (SOURCES 3.3, 8)
# Quantiles 2.5, 50 and 97.5 % of the days until the jar is worn out.
WEAR_OUT = ("wear_out_lower_days", "wear_out_days", "wear_out_upper_days")
_MONTH_DAYS = 30.44
_YEAR_S = 365.25 * 86400.0
FITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "battery_id": pl.String,
    "fitted_at": pl.Datetime("us", "UTC"),
    "soh_pct": pl.Float64,
    "soh_std_pct": pl.Float64,
}


def state_of_health(
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    capacity_tests: pl.DataFrame,
    temperatures: pl.DataFrame,
    at: datetime,
    discharge_fits: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """State of health of each battery_id at an instant, in jars' order: soh_pct, soh_std_pct, soh_lower_pct,
    soh_upper_pct, evidence, evidence_age_days, and WEAR_OUT.

    jars: battery_id, string_id, installed_date, initial_capacity_ah, initial_resistance_mohm, capacity_ah.
    measurements: battery_id, measured_at, resistance_mohm, temperature_c; those of the last 13 months count,
    one value a month, the lower median: a single high one is read again before it is believed.
    capacity_tests: string_id, test_date, capacity_pct_of_rated (NULL percentages are passed over), and
    discharge_duration_min where it is known (else one of 10 h); the last one counts. temperatures:
    battery_id, temperature_c, the mean over the jar's life or the best known of it; unknown counts as 25 °C.
    discharge_fits: columns of FITS; the most certain one of each jar counts. Only evidence up to `at` and
    since the jar was installed counts.

    soh_pct is the posterior's mean, soh_lower_pct and soh_upper_pct its 5 and 95 % quantiles: of jars with
    such evidence nine of ten lie between. soh_std_pct is its deviation, but not under 5 points unless a test
    of the last year measured the jar, alone or by its own voltage down to the knee (2 points then): the
    promise for a single jar is weaker than what the population shows. evidence names what was used, joined by
    "+"; evidence_age_days is the age of the newest measured evidence (NULL where there is only age),
    resistance_age_days, discharge_age_days, capacity_test_age_days of each.
    """
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    fits = pl.DataFrame(schema=FITS) if discharge_fits is None else discharge_fits
    known = _joined(jars, measurements, capacity_tests, temperatures, fits, at)
    evidence = _evidence(known, at)
    found = posterior(evidence)
    alone = (evidence.tested_years <= 1.0) & (found.measures >= MEASURES)
    to_its_end = (evidence.fitted_years <= 1.0) & (evidence.fitted_sd <= TO_ITS_END_SD_PCT / 100.0)
    floor = np.where(alone | to_its_end, TESTED_FLOOR_PCT, UNTESTED_FLOOR_PCT)
    seen = {
        "resistance": np.nanmin(np.where(np.isfinite(evidence.ratio), evidence.ratio_years, np.inf), axis=1),
        "discharge": np.where(np.isfinite(evidence.fitted), evidence.fitted_years, np.inf),
        "capacity_test": np.where(np.isfinite(evidence.tested), evidence.tested_years, np.inf),
    }
    newest = np.min(np.stack(list(seen.values())), axis=0)
    return pl.DataFrame(
        {
            "battery_id": known["battery_id"],
            "soh_pct": found.mean,
            "soh_std_pct": np.maximum(found.sd, floor),
            "soh_lower_pct": found.lower,
            "soh_upper_pct": found.upper,
            "evidence": _words(seen),
            "evidence_age_days": _days(newest),
            **{name: found.life_days[:, n] for n, name in enumerate(WEAR_OUT)},
            **{f"{kind}_age_days": _days(years) for kind, years in seen.items()},
        }
    )


def _days(years: np.ndarray) -> pl.Series:
    """Years as days; NULL where nothing of the kind is known."""
    return pl.Series(np.where(np.isfinite(years), 365.25 * years, np.nan), nan_to_null=True)


def _words(seen: dict[str, np.ndarray]) -> list[str]:
    there = zip(*(np.isfinite(years).tolist() for years in seen.values()), strict=True)
    return ["+".join(["age", *(name for name, has in zip(seen, row, strict=True) if has)]) for row in there]


def _evidence(known: pl.DataFrame, at: datetime) -> Evidence:
    """The frame of `_joined` as arrays; one is rated capacity, one the baseline's resistance."""
    initial = numbers(known, "initial_capacity_ah").astype(float) / numbers(known, "capacity_ah").astype(
        float
    )
    months = sorted({int(name.split("_")[1]) for name in known.columns if name.startswith("ratio_")})
    columns = [
        [numbers(known, f"{name}_{m}").astype(float) for m in months] for name in ("ratio", "years", "count")
    ]
    nothing = np.full((known.height, 1), np.nan)
    ratio, ratio_years, readings = (np.stack(part, axis=1) if part else nothing for part in columns)
    warm = np.nan_to_num(numbers(known, "mean_c").astype(float), nan=25.0)
    return Evidence(
        accepted=np.clip(np.nan_to_num(initial, nan=1.0), *ACCEPTED),
        age_years=_years(known, "installed_at", at),
        factor=ageing_factor(warm),
        ratio=ratio, ratio_years=ratio_years, readings=np.nan_to_num(readings),
        tested=numbers(known, "capacity_pct_of_rated").astype(float) / 100.0,
        tested_years=_years(known, "test_date", at),
        tested_hours=numbers(known, "tested_hours").astype(float),
        string=known["string_id"].fill_null("").rank("dense").to_numpy().astype(np.int64) - 1,
        complete=known["complete"].to_numpy(),
        fitted=numbers(known, "fit_pct").astype(float) / 100.0,
        fitted_sd=numbers(known, "fit_sd_pct").astype(float) / 100.0,
        fitted_years=_years(known, "fitted_at", at),
    )  # fmt: skip


def _years(frame: pl.DataFrame, column: str, at: datetime) -> np.ndarray:
    """Years from a column of instants to `at`, NaN where NULL, 0 where later."""
    seconds = (pl.lit(at).cast(pl.Datetime("us", "UTC")) - pl.col(column)).dt.total_seconds()
    return numbers(frame.select(years=(seconds / _YEAR_S).clip(lower_bound=0.0)), "years")


def _joined(
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    capacity_tests: pl.DataFrame,
    temperatures: pl.DataFrame,
    fits: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    """One row per jar, in order, with its readings by month, its string's last test and its best fit."""
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
    joined = units
    for part in (
        mean.unique("battery_id"),
        _readings(measurements, since, at),
        _last_test(capacity_tests, since, at),
        _best_fit(fits, since, at),
    ):
        joined = joined.join(part, on="battery_id", how="left", maintain_order="left")
    # A jar that was not there at its string's test has none.
    whole = pl.col("capacity_pct_of_rated").is_not_null().all().over("string_id")
    return joined.with_columns(complete=whole)


def _readings(measurements: pl.DataFrame, since: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """ratio_m, years_m, count_m for each month m back in which a jar was read: median ratio to the baseline
    at 25 °C, years ago, how many."""
    readings = (
        measurements.with_columns(pl.col("battery_id").cast(pl.String))
        .join(since, on="battery_id")
        .filter(
            pl.col("resistance_mohm") > 0, pl.col("initial_resistance_mohm") > 0, _within("measured_at", at)
        )
    )
    warm = np.nan_to_num(numbers(readings, "temperature_c").astype(float), nan=25.0)
    at_25 = resistance_at_25c(numbers(readings, "resistance_mohm").astype(float), warm)
    ago = (pl.lit(at).cast(pl.Datetime("us", "UTC")) - pl.col("measured_at")).dt.total_seconds() / 86_400.0
    by_month = (
        readings.with_columns(
            ratio=pl.Series(at_25, dtype=pl.Float64) / pl.col("initial_resistance_mohm"), ago=ago
        )
        .with_columns(back=(pl.col("ago") / _MONTH_DAYS).cast(pl.Int64))
        .filter(pl.col("back") < READING_MONTHS)
        .group_by("battery_id", "back")
        .agg(
            ratio=pl.col("ratio").quantile(0.5, "lower"),
            years=pl.col("ago").mean() / 365.25,
            count=pl.len().cast(pl.Float64),
        )
    )
    if by_month.is_empty():
        return pl.DataFrame(schema={"battery_id": pl.String})
    months = sorted(by_month["back"].unique().to_list())
    wide = by_month.select("battery_id").unique()
    for back in months:
        part = by_month.filter(pl.col("back") == back).drop("back")
        named = part.rename({name: f"{name}_{back}" for name in ("ratio", "years", "count")})
        wide = wide.join(named, on="battery_id", how="left")
    return wide


def _last_test(capacity_tests: pl.DataFrame, since: pl.DataFrame, at: datetime) -> pl.DataFrame:
    return (
        capacity_tests.with_columns(
            pl.col("string_id").cast(pl.String), tested_hours=_rated_hours(capacity_tests)
        )
        .join(since, on="string_id")
        .filter(pl.col("capacity_pct_of_rated").is_not_null(), _within("test_date", at))
        .sort("test_date")
        .group_by("battery_id")
        .agg(
            pl.col("capacity_pct_of_rated").cast(pl.Float64).last(),
            pl.col("test_date", "tested_hours").last(),
        )
    )


def _rated_hours(capacity_tests: pl.DataFrame) -> pl.Expr:
    """Hours that a new string lasts at the rate of each test."""
    if "discharge_duration_min" not in capacity_tests.columns:
        return pl.lit(None, pl.Float64)
    share = (pl.col("capacity_pct_of_rated").cast(pl.Float64) / 100.0).clip(lower_bound=0.2)
    return pl.col("discharge_duration_min").cast(pl.Float64) / 60.0 / share


def _best_fit(fits: pl.DataFrame, since: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The most certain fit of each jar; what it lost in certainty since counts."""
    years = (pl.lit(at).cast(pl.Datetime("us", "UTC")) - pl.col("fitted_at")).dt.total_seconds() / _YEAR_S
    return (
        fits.with_columns(pl.col("battery_id").cast(pl.String))
        .join(since.select("battery_id", "installed_at"), on="battery_id")
        .filter(pl.col("soh_pct").is_finite(), pl.col("soh_std_pct") > 0, _within("fitted_at", at))
        .sort(pl.col("soh_std_pct") + 4.0 * years, "fitted_at")
        .group_by("battery_id")
        .agg(
            fit_pct=pl.col("soh_pct").first(),
            fit_sd_pct=pl.col("soh_std_pct").first(),
            fitted_at=pl.col("fitted_at").first(),
        )
    )


def _within(column: str, at: datetime) -> pl.Expr:
    """True from a jar's installation (any time where it is unknown) up to `at`."""
    installed = pl.col("installed_at").fill_null(at - timedelta(days=36500))
    return (pl.col(column) <= at) & (pl.col(column) >= installed)
