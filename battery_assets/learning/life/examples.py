"""From stored features and twin states to what a remaining-life model may see.

A snapshot is one jar at the end of one month, described only by what was known then. What became of the jar
is told by `labels`.
"""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from battery_assets.learning.life.prediction import LONGEST_DAYS, WEAR_OUT
from battery_assets.learning.life.straight_line import DAYS_PER_YEAR, soh_trend_days

WEEK_COLUMNS = (
    "v_mean", "v_std", "v_min", "v_max", "v_balance_mean", "t_mean", "t_max", "t_delta_ambient_mean",
    "r_internal_latest", "r_internal_baseline_pct", "discharge_cycles_count", "ah_throughput",
    "time_below_float_min", "time_above_float_min", "surge_events_count", "ripple_rms_mean", "thd_mean",
)  # fmt: skip
DAY_COLUMNS = ("v_mean", "v_std", "v_balance_mean", "t_mean", "t_delta_ambient_mean")
TWIN_COLUMNS = ("soh_pct", "r0_mohm", "capacity_fade_pct", "power_fade_pct", *WEAR_OUT)
TRENDS = {
    "soh_slope_pct_per_month": ("soh_pct", 12),
    "soh_recent_slope_pct_per_month": ("soh_pct", 3),
    "r_baseline_slope_pct_per_month": ("r_internal_baseline_pct_168h", 12),
    "r_baseline_recent_slope_pct_per_month": ("r_internal_baseline_pct_168h", 3),
    "r0_slope_mohm_per_month": ("r0_mohm", 12),
    "v_mean_slope_v_per_month": ("v_mean_168h", 12),
}
STRING_RELATIVE = (
    "v_mean_minus_string_v", "t_mean_minus_string_c", "r_vs_string_median_pct", "soh_minus_string_median_pct"
)  # fmt: skip
FEATURES: tuple[str, ...] = (
    *(f"{name}_168h" for name in WEEK_COLUMNS),
    *(f"{name}_24h" for name in DAY_COLUMNS),
    *TWIN_COLUMNS,
    "age_days",
    "calibration_age_days",
    *TRENDS,
    *STRING_RELATIVE,
    "soh_trend_days",
    "resistance_trend_days",
)
# Trees learn from what the clock does not read. With the clock, age and health among the features they only
# stretched it, and ranked unseen fleets by 0.02 to 0.05 C worse than the clock alone (decision 91).
READ_BY_THE_CLOCK = (
    *WEAR_OUT, "soh_pct", "capacity_fade_pct", "power_fade_pct", "age_days", "calibration_age_days",
    "soh_slope_pct_per_month", "soh_recent_slope_pct_per_month", "soh_minus_string_median_pct",
    "soh_trend_days", "resistance_trend_days",
)  # fmt: skip
LEARNED = tuple(name for name in FEATURES if name not in READ_BY_THE_CLOCK)

KEYS = ("battery_id", "string_id", "snapshot_at")
# A window or twin state older than this at the month's end no longer describes the jar then.
STALE_FEATURES, STALE_TWIN = timedelta(days=8), timedelta(days=45)
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
# Jars reach 80 % capacity at +32 to +50 % resistance (IEEE 1188 annex C calls 30-50 % significant).
RESISTANCE_LIMIT_PCT = 140.0


def snapshots(features: pl.DataFrame, twins: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
    """One row per jar and month: battery_id, snapshot_at, FEATURES (Float64, null = unknown), soh_points.

    `features` are feature_store rows (24 and 168 h are used), `twins` digital_twin_state rows, `batteries`
    battery rows. snapshot_at is the string's last window end of the month; a jar silent for eight days then
    has no row. Nothing later than snapshot_at is read. Raises ValueError where a feature row's jar is not in
    `batteries`.
    """
    windows = _month_end_windows(features, batteries)
    week = _wide(windows, 168, WEEK_COLUMNS)
    day = _wide(windows, 24, DAY_COLUMNS)
    rows = week.join(day, on=KEYS, how="full", coalesce=True, validate="1:1")
    rows = _with_twin(rows, twins)
    rows = _with_age(rows, batteries).sort("battery_id", "snapshot_at")
    rows = rows.with_columns(
        *(_trend(column, months).alias(name) for name, (column, months) in TRENDS.items())
    )
    points = pl.col("soh_pct").is_not_null().cast(pl.Int32)
    rows = rows.with_columns(
        soh_points=points.rolling_sum(12, min_samples=1).over("battery_id"), **_string_relative()
    )
    rows = rows.with_columns(
        resistance_trend_days=_resistance_trend_days(), soh_trend_days=soh_trend_days(rows)
    )
    numbers = [pl.col(name).cast(pl.Float64).fill_nan(None) for name in FEATURES]
    return rows.select("battery_id", "snapshot_at", *numbers, "soh_points")


def has_week(snaps: pl.DataFrame) -> pl.Series:
    """Which snapshots know a week of the jar: without it a model would take what is unknown for old age."""
    return snaps.select(
        pl.any_horizontal(pl.col(f"{name}_168h").is_not_null() for name in WEEK_COLUMNS)
    ).to_series()


def _month_end_windows(features: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
    """The last 24 h and 168 h window of each jar and month, with string_id and snapshot_at."""
    stored = features.filter(pl.col("feature_window_hours").is_in([24, 168]))
    placed = stored.join(
        batteries.select("battery_id", "string_id"), on="battery_id", how="left", validate="m:1"
    )
    if placed["string_id"].null_count():
        lost = placed.filter(pl.col("string_id").is_null())["battery_id"].unique().sort()
        raise ValueError(
            f"{len(lost)} jars have features but no battery row, first {lost[0]}: load `battery` first"
        )
    # A window that ends at midnight on the first belongs to the month before.
    month = (pl.col("feature_ts") - pl.duration(microseconds=1)).dt.truncate("1mo")
    placed = placed.with_columns(snapshot_at=pl.col("feature_ts").max().over("string_id", month))
    fresh = placed.filter(pl.col("snapshot_at") - pl.col("feature_ts") <= STALE_FEATURES)
    return fresh.sort("feature_ts").unique([*KEYS, "feature_window_hours"], keep="last", maintain_order=True)


def _wide(windows: pl.DataFrame, hours: int, columns: Sequence[str]) -> pl.DataFrame:
    chosen = windows.filter(pl.col("feature_window_hours") == hours)
    return chosen.select(
        *KEYS, *(pl.col(name).cast(pl.Float64).alias(f"{name}_{hours}h") for name in columns)
    )


def _with_twin(rows: pl.DataFrame, twins: pl.DataFrame) -> pl.DataFrame:
    """The latest twin state at or before each snapshot."""
    states = twins.select("battery_id", "captured_at", "last_calibrated_at", *TWIN_COLUMNS)
    states = states.with_columns(pl.col("captured_at").cast(rows.schema["snapshot_at"])).sort("captured_at")
    joined = rows.sort("snapshot_at").join_asof(
        states,
        left_on="snapshot_at",
        right_on="captured_at",
        by="battery_id",
        strategy="backward",
        tolerance=STALE_TWIN,
        check_sortedness=False,
    )
    since = (pl.col("snapshot_at") - pl.col("last_calibrated_at")).dt.total_seconds() / 86_400
    return joined.with_columns(calibration_age_days=pl.when(since >= 0).then(since))


def _with_age(rows: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
    born = batteries.select("battery_id", "installed_date")
    age = (
        pl.col("snapshot_at").dt.replace_time_zone(None) - pl.col("installed_date").cast(pl.Datetime("us"))
    ).dt
    return rows.join(born, on="battery_id", how="left", validate="m:1").with_columns(
        age_days=age.total_seconds() / 86_400
    )


def _trend(column: str, months: int) -> pl.Expr:
    """Least-squares slope per month over the jar's last `months` snapshots; null below three values."""
    value = pl.col(column)
    first = pl.col("snapshot_at").min().over("battery_id")
    time = (pl.col("snapshot_at") - first).dt.total_seconds() / 86_400 / DAYS_PER_MONTH
    time = pl.when(value.is_not_null()).then(time)

    def mean(part: pl.Expr) -> pl.Expr:
        return part.rolling_mean(months, min_samples=3).over("battery_id")

    spread = mean(time * time) - mean(time) ** 2
    return pl.when(spread > 1e-6).then((mean(time * value) - mean(time) * mean(value)) / spread)


def _string_relative() -> dict[str, pl.Expr]:
    together = ("string_id", "snapshot_at")
    voltage, warmth = pl.col("v_mean_168h"), pl.col("t_mean_168h")
    resistance, soh = pl.col("r_internal_latest_168h"), pl.col("soh_pct")
    values = (
        voltage - voltage.mean().over(together),
        warmth - warmth.mean().over(together),
        100 * (resistance / resistance.median().over(together) - 1),
        soh - soh.median().over(together),
    )
    return dict(zip(STRING_RELATIVE, values, strict=True))


def _resistance_trend_days() -> pl.Expr:
    """Days until the resistance reaches its limit, by the steeper of its lifetime and its yearly slope."""
    percent = pl.col("r_internal_baseline_pct_168h")
    lifetime = (percent - 100) / pl.max_horizontal("age_days", pl.lit(90.0))
    rate = pl.max_horizontal(
        lifetime, pl.col("r_baseline_slope_pct_per_month") / DAYS_PER_MONTH, pl.lit(1e-4)
    )
    return pl.when(percent.is_not_null()).then(
        ((RESISTANCE_LIMIT_PCT - percent) / rate).clip(0.0, LONGEST_DAYS)
    )


def slots(batteries: pl.DataFrame) -> list[str]:
    """The first jar of each jar's slot, by replacement_of. Raises ValueError where it runs in a circle."""
    before = dict(zip(batteries["battery_id"], batteries["replacement_of"], strict=True))
    firsts = []
    for jar in before:
        passed = {jar}
        first = jar
        while before.get(first) is not None:
            first = before[first]
            if first in passed:
                raise ValueError(f"replacement_of runs in a circle at jar {first}")
            passed.add(first)
        firsts.append(first)
    return firsts
