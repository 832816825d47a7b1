"""What frames of master data, readings, tests and discharges say of jars, as arrays of evidence."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.course import Evidence
from battery_assets.features.health.faults import SHORT_V
from battery_assets.features.health.levels import NO_LEVELS
from battery_assets.features.health.prior import INITIAL_SD, MEAN_INITIAL
from battery_assets.features.health.resistance import OF_A_MONITOR
from battery_assets.features.health.string_test import StringTest, drawn_to_jar_end, is_planned
from battery_assets.features.samples.blocks import SIX, in_series
from battery_assets.features.samples.runs import numbers
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.physics.ageing import ageing_factor

READING_MONTHS = 13
ACCEPTED = 0.5, 1.08  # share of the rating: new jars show 95 to 105 % (SOURCES 3.3, 8)
# How far acceptance tests are off: what their spread shows beyond that of new jars; of fewer jars nothing
# can be said, and a jar without one is as new jars are.
ACCEPTED_SD, ACCEPTED_SD_MOST, ENOUGH_ACCEPTED, UNKNOWN_SD = 0.01, 0.06, 24, 1.0
FAR_V = SHORT_V  # a jar further below may have a partial short: its float says nothing of wear
FEWEST_BESIDE = 6  # jars of a string of which one can be the usual one
_MONTH_DAYS = 30.44
_YEAR_S = 365.25 * 86400.0
FITS: dict[str, pl.DataType | type[pl.DataType]] = {
    "battery_id": pl.String,
    "fitted_at": pl.Datetime("us", "UTC"),
    "soh_pct": pl.Float64,
    "soh_std_pct": pl.Float64,
}


def evidence(
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    capacity_tests: pl.DataFrame,
    temperatures: pl.DataFrame,
    fits: pl.DataFrame,
    signs: pl.DataFrame,
    at: datetime,
    levels: pl.DataFrame = NO_LEVELS,
) -> Evidence:
    """The evidence on each jar, in jars' order; the frames are those of `state_of_health`."""
    joined = _joined(jars, measurements, capacity_tests, temperatures, fits, signs, at)
    rated = numbers(joined, "capacity_ah").astype(float)
    initial = numbers(joined, "initial_capacity_ah").astype(float) / rated
    months = sorted({int(name.split("_")[1]) for name in joined.columns if name.startswith("ratio_")})
    columns = [
        [numbers(joined, f"{name}_{m}").astype(float) for m in months]
        for name in ("ratio", "years", "count", "monitor")
    ]
    nothing = np.full((joined.height, 1), np.nan)
    of_months = (np.stack(part, axis=1) if part else nothing for part in columns)
    both = zip(of_months, _earlier(joined, levels, at), strict=True)
    ratio, ratio_years, readings, monitor = (np.concatenate(parts, axis=1) for parts in both)
    warm = np.nan_to_num(numbers(joined, "mean_c").astype(float), nan=25.0)
    string = joined["string_id"].fill_null("").rank("dense").to_numpy().astype(np.int64) - 1
    return Evidence(
        accepted=np.clip(np.nan_to_num(initial, nan=MEAN_INITIAL), *ACCEPTED),
        accepted_sd=np.where(np.isfinite(initial), _accepted_sd(initial), UNKNOWN_SD),
        age_years=_years(joined, "installed_at", at),
        factor=ageing_factor(warm),
        ratio=ratio, ratio_years=ratio_years, readings=np.nan_to_num(readings),
        monitor=monitor > 0,
        test=_string_test(joined, np.bincount(string)[string] == 1, at),
        string=string,
        complete=joined["complete"].to_numpy(),
        fitted=numbers(joined, "fit_pct").astype(float) / 100.0,
        fitted_sd=numbers(joined, "fit_sd_pct").astype(float) / 100.0,
        fitted_years=_years(joined, "fitted_at", at),
        float_v=_float_v(joined),
    )  # fmt: skip


def _accepted_sd(initial: np.ndarray) -> float:
    """How far the acceptance tests of these jars are off, by how much more they spread than new jars do."""
    accepted = initial[np.isfinite(initial)]
    if accepted.size < ENOUGH_ACCEPTED:
        return ACCEPTED_SD
    spread = 1.4826 * float(np.median(np.abs(accepted - np.median(accepted))))
    return float(np.sqrt(np.clip(spread**2 - INITIAL_SD**2, ACCEPTED_SD**2, ACCEPTED_SD_MOST**2)))


def _string_test(joined: pl.DataFrame, alone: np.ndarray, at: datetime) -> StringTest:
    """The last test of each jar's string. A jar alone is its string: what it drew stands as it is."""
    tested = numbers(joined, "capacity_pct_of_rated").astype(float) / 100.0
    hours = numbers(joined, "tested_hours").astype(float)
    end_v_cell = numbers(joined, "end_v_cell").astype(float)
    drawn = np.where(alone, tested, drawn_to_jar_end(tested, hours, end_v_cell))
    return StringTest(tested, drawn, is_planned(end_v_cell), _years(joined, "test_date", at), hours)


def _float_v(joined: pl.DataFrame) -> np.ndarray:
    """V of six cells above the usual jar of the string; NaN where a cell has shorted or few are beside it."""
    above = -numbers(joined, "below_v").astype(float)
    beside = numbers(joined.select(n=pl.col("below_v").count().over("string_id")), "n").astype(float)
    return np.where((above > -FAR_V) & (beside >= FEWEST_BESIDE), above, np.nan)


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
    signs: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    """One row per jar, in order, with its readings by month, its string's last test, its best fit, and how
    it floats."""
    units = jars.with_columns(
        pl.col("battery_id", "string_id").cast(pl.String),
        installed_at=pl.col("installed_date")
        .cast(pl.Date)
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC"),
    )
    since = units.select("battery_id", "string_id", "installed_at", "initial_resistance_mohm")
    cells = pl.col("cells").fill_null(SIX) if "cells" in units.columns else pl.lit(SIX)
    units = units.with_columns(cells=cells.cast(pl.Float64))
    mean = temperatures.select(
        pl.col("battery_id").cast(pl.String), mean_c=pl.col("temperature_c").cast(pl.Float64)
    )
    joined = units
    for part in (
        mean.unique("battery_id"),
        _readings(measurements, since, at),
        _last_test(capacity_tests, since, _cells_in_series(units), at),
        _best_fit(fits, since, at),
        _floats(signs, units, at),
    ):
        joined = joined.join(part, on="battery_id", how="left", maintain_order="left")
    # A jar that was not there at its string's test has none.
    whole = pl.col("capacity_pct_of_rated").is_not_null().all().over("string_id")
    return joined.with_columns(complete=whole)


def _readings(measurements: pl.DataFrame, since: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """ratio_m, years_m, count_m, monitor_m for each month m back in which a jar was read: median ratio to the
    baseline at 25 °C, years ago, how many, and 1 where a monitor read: one that is told, or reads as often.
    """
    by_monitor = pl.col("by_monitor") if "by_monitor" in measurements.columns else pl.lit(value=False)
    readings = (
        measurements.with_columns(pl.col("battery_id").cast(pl.String))
        .join(since, on="battery_id")
        .filter(
            pl.col("resistance_mohm") > 0, pl.col("initial_resistance_mohm") > 0, _within("measured_at", at)
        )
    )
    warm = np.nan_to_num(numbers(readings, "temperature_c").astype(float), nan=25.0)
    at_25 = resistance_at_25c(numbers(readings, "resistance_mohm").astype(float), warm)
    by_month = (
        readings.with_columns(
            ratio=pl.Series(at_25, dtype=pl.Float64) / pl.col("initial_resistance_mohm"),
            ago=_ago("measured_at", at),
        )
        .with_columns(back=(pl.col("ago") / _MONTH_DAYS).cast(pl.Int64))
        .filter(pl.col("back") < READING_MONTHS)
        .group_by("battery_id", "back")
        .agg(
            ratio=pl.col("ratio").quantile(0.5, "lower"),
            years=pl.col("ago").mean() / 365.25,
            count=pl.len().cast(pl.Float64),
            monitor=(by_monitor.any() | (pl.len() >= OF_A_MONITOR)).cast(pl.Float64),
        )
    )
    if by_month.is_empty():
        return pl.DataFrame(schema={"battery_id": pl.String})
    months = sorted(by_month["back"].unique().to_list())
    wide = by_month.select("battery_id").unique()
    for back in months:
        part = by_month.filter(pl.col("back") == back).drop("back")
        named = part.rename({name: f"{name}_{back}" for name in ("ratio", "years", "count", "monitor")})
        wide = wide.join(named, on="battery_id", how="left")
    return wide


def _earlier(joined: pl.DataFrame, levels: pl.DataFrame, at: datetime) -> tuple[np.ndarray, ...]:
    """Ratio to the baseline, years ago, readings and 1 (J, L) of the levels of earlier months, else NaN."""
    of_jar = (
        joined.with_row_index("jar")
        .filter(pl.col("initial_resistance_mohm") > 0)
        .select("jar", "battery_id", "installed_at", "initial_resistance_mohm")
        .join(levels, on="battery_id")
        .filter(_within("measured_at", at))
        .sort("jar", "measured_at")
        .with_columns(place=pl.int_range(pl.len()).over("jar"), years=_ago("measured_at", at) / 365.25)
    )
    shape = joined.height, int(of_jar["place"].max() or 0) + 1 if of_jar.height else 0  # type: ignore[arg-type]
    at_place = of_jar["jar"].to_numpy(), of_jar["place"].to_numpy()
    ratio, years, count = (np.full(shape, np.nan) for _ in range(3))
    ratio[at_place] = numbers(of_jar, "resistance_mohm") / numbers(of_jar, "initial_resistance_mohm")
    years[at_place], count[at_place] = numbers(of_jar, "years"), numbers(of_jar, "readings")
    return ratio, years, count, np.where(np.isfinite(count), 1.0, np.nan)


def _ago(column: str, at: datetime) -> pl.Expr:
    """Days from a column of instants to `at`."""
    return (pl.lit(at).cast(pl.Datetime("us", "UTC")) - pl.col(column)).dt.total_seconds() / 86_400.0


def _cells_in_series(units: pl.DataFrame) -> pl.DataFrame:
    """string_id, in_series: how many cells; a place that had two jars in the month counts once."""
    places = in_series(units) if "position_in_string" in units.columns else pl.len()
    return units.group_by("string_id").agg(in_series=places * pl.col("cells").median())


def _last_test(
    capacity_tests: pl.DataFrame, since: pl.DataFrame, cells: pl.DataFrame, at: datetime
) -> pl.DataFrame:
    """capacity_pct_of_rated, test_date, tested_hours, end_v_cell of each jar's string's last test."""
    end = pl.col("cutoff_voltage_v") if "cutoff_voltage_v" in capacity_tests.columns else pl.lit(None)
    return (
        capacity_tests.with_columns(
            pl.col("string_id").cast(pl.String), tested_hours=_rated_hours(capacity_tests), end_v=end
        )
        .join(since, on="string_id")
        .join(cells, on="string_id")
        .filter(pl.col("capacity_pct_of_rated").is_not_null(), _within("test_date", at))
        .sort("test_date")
        .group_by("battery_id")
        .agg(
            pl.col("capacity_pct_of_rated").cast(pl.Float64).last(),
            pl.col("test_date", "tested_hours").last(),
            end_v_cell=(pl.col("end_v").cast(pl.Float64) / pl.col("in_series")).last(),
        )
    )


def _floats(signs: pl.DataFrame, units: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """below_v of each jar as one of six cells, the mean of its days since it was installed."""
    return (
        signs.join(units.select("battery_id", "installed_at", "cells"), on="battery_id")
        .filter(_within("until", at))
        .group_by("battery_id")
        .agg(below_v=(pl.col("below_v") * SIX / pl.col("cells")).mean())
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
