"""A small fleet that ages by known rules, written apart from the platform's own generator.

Health falls in a straight line, then faster after a knee; resistance follows; a technician replaces a jar
some
weeks after it is truly below 80 %, and a few jars fail of nothing that anyone could have seen.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.learning.life.labels import ends_known
from battery_assets.learning.life.prediction import WEAR_OUT

FIRST = datetime(2025, 11, 1, tzinfo=UTC)
DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class World:
    """Frames as the warehouse would give them, and the last instant anything was known."""

    features: pl.DataFrame
    twins: pl.DataFrame
    batteries: pl.DataFrame
    cutoff: datetime

    def ends(self, cutoff: datetime | None = None) -> pl.DataFrame:
        """What is known of each jar's end at a cut-off; the technician finds out each month."""
        gone = self.batteries.filter(pl.col("replaced_date").is_not_null())
        events = gone.select(
            "battery_id",
            event_type=pl.lit("replacement"),
            event_subtype=pl.lit("failed_under_load"),
            status=pl.lit("completed"),
            completed_date=pl.col("replaced_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        )
        strings = self.batteries.select(pl.col("string_id").unique())
        tests = strings.join(pl.DataFrame({"test_date": self.features["feature_ts"].unique()}), how="cross")
        return ends_known(self.batteries, self.twins, events, tests, cutoff or self.cutoff)


def month_ends(months: int) -> list[datetime]:
    """First instants of the months that follow each of `months` months."""
    return [datetime(2025 + (10 + n) // 12, (10 + n) % 12 + 1, 1, tzinfo=UTC) for n in range(1, months + 1)]


def true_health(rate_pct_per_year: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Capacity in percent of rated: linear, then quadratic after 60 % of the linear life (knee)."""
    life = 20.0 / rate_pct_per_year
    beyond = np.maximum(years - 0.6 * life, 0.0)
    bend = (22.0 - 0.6 * 20.0) / (0.4 * life) ** 2
    return 102.0 - 0.6 * rate_pct_per_year * years - bend * beyond**2


def ageing_world(seed: int, sites: int = 3, jars_per_site: int = 72, months: int = 12) -> World:
    """A fleet of `sites` x `jars_per_site` jars, 24 to a string, observed for `months` months."""
    rng = np.random.default_rng(seed)
    count = sites * jars_per_site
    number = np.arange(count)
    rate = rng.choice([2.0, 8.0, 25.0], count, p=[0.82, 0.14, 0.04]) * rng.lognormal(0, 0.25, count)
    rate *= np.array([0.9, 1.0, 1.25, 1.1])[number // jars_per_site % 4]
    age_at_first = rng.uniform(0.1, np.minimum(7.0, 18.0 / rate))
    age_at_first = np.where(true_health(rate, age_at_first) < 81, age_at_first * 0.8, age_at_first)
    stride = np.exp(rng.normal(0, 0.05, count))
    ends = month_ends(months)
    days = np.arange((ends[-1] - FIRST).days)
    health = true_health(rate[:, None], age_at_first[:, None] + days / 365.25)
    below = health < 80.0
    worn_out = np.where(below.any(axis=1), below.argmax(axis=1) + rng.integers(5, 50, count), 10**6)
    sudden = np.where(rng.random(count) < 0.015, rng.integers(20, 360, count), 10**6)
    replaced_day = np.minimum(worn_out, sudden)
    replaced = replaced_day < len(days)
    bias, sensor = rng.normal(0, 1.5, count), rng.normal(0, 0.02, count)
    thought = np.random.default_rng([seed, 1]).lognormal(0, 0.2, count)
    rows, twins = [], []
    for end in ends:
        day = (end - FIRST).days
        here = np.flatnonzero(replaced_day > day)
        soh = health[here, day - 1]
        resistance = 100 + 1.8 * (102 - soh) * stride[here] + rng.normal(0, 2.0, len(here))
        rows += _feature_rows(rng, end, here, resistance, sensor)
        estimate = soh + bias[here] + rng.normal(0, 1.0, len(here))
        # What a twin would tell of the end: the jar's own law, its rate known to 20 %.
        lives = 20.0 / rate[here] * thought[here] * np.exp(0.2 * np.array([[-1.96], [0.0], [1.96]]))
        left = np.maximum(lives - age_at_first[here] - day / 365.25, 0.02) * 365.25
        twins.append(_twin_rows(end, here, estimate, resistance, left))
    batteries = pl.DataFrame(
        {
            "battery_id": [f"jar-{n:04d}" for n in number],
            "string_id": [f"string-{n // 24:02d}" for n in number],
            "site": [f"site-{n // jars_per_site}" for n in number],
            "installed_date": [(FIRST - timedelta(days=float(a) * 365.25)).date() for a in age_at_first],
            "status": np.where(replaced, "replaced", "active"),
            "replaced_date": [
                (FIRST + timedelta(days=int(d))).date() if r else None
                for d, r in zip(replaced_day, replaced, strict=True)
            ],
            "replacement_of": pl.Series([None] * count, dtype=pl.String),
        },
        schema_overrides={"replaced_date": pl.Date},
    )
    return World(pl.concat(rows), pl.concat(twins), batteries, ends[-1])


def _feature_rows(
    rng: np.random.Generator, end: datetime, here: np.ndarray, resistance: np.ndarray, sensor: np.ndarray
) -> list[pl.DataFrame]:
    frames = []
    for hours in (1, 24, 168):
        count = len(here)
        voltage = 13.62 + sensor[here] + 0.0008 * (resistance - 100) + rng.normal(0, 0.01, count)
        warmth = 25 + rng.normal(0, 0.7, count)
        frames.append(
            pl.DataFrame(
                {
                    "feature_ts": pl.Series([end] * count, dtype=pl.Datetime("us", "UTC")),
                    "battery_id": [f"jar-{n:04d}" for n in here],
                    "feature_window_hours": pl.Series([hours] * count, dtype=pl.Int32),
                    "v_mean": voltage,
                    "v_std": rng.uniform(0.002, 0.01, count),
                    "v_min": voltage - 0.05,
                    "v_max": voltage + 0.05,
                    "v_balance_mean": np.abs(voltage - voltage.mean()),
                    "t_mean": warmth,
                    "t_max": warmth + 2,
                    "t_delta_ambient_mean": rng.normal(1.0, 0.3, count),
                    "r_internal_latest": 4.25 * resistance / 100,
                    "r_internal_baseline_pct": resistance,
                    "discharge_cycles_count": rng.integers(0, 3, count),
                    "ah_throughput": rng.uniform(1, 30, count),
                    "time_below_float_min": rng.integers(0, 60, count),
                    "time_above_float_min": rng.integers(0, 60, count),
                    "surge_events_count": rng.integers(0, 2, count),
                    "ripple_rms_mean": rng.uniform(0.2, 0.5, count),
                    "thd_mean": rng.uniform(7, 10, count),
                }
            )
        )
    return frames


def _twin_rows(
    end: datetime, here: np.ndarray, soh: np.ndarray, resistance: np.ndarray, left: np.ndarray
) -> pl.DataFrame:
    instant = pl.Series([end] * len(here), dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "battery_id": [f"jar-{n:04d}" for n in here],
            "captured_at": instant,
            "soh_pct": soh,
            "soh_lower_pct": soh - 3.0,
            "soh_upper_pct": soh + 3.0,
            "evidence": "age+resistance",
            "fault": pl.Series([None] * len(here), dtype=pl.String),
            "r0_mohm": 5.4 * resistance / 100,
            "capacity_fade_pct": 100 * (1 - soh / 102),
            "power_fade_pct": 100 * (1 - 100 / resistance),
            "last_calibrated_at": instant - timedelta(days=20),
            **dict(zip(WEAR_OUT, left, strict=True)),
        }
    )


def on(day: date) -> datetime:
    """Midnight UTC of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
