"""The line that anyone can draw: the twin's health, extrapolated to 80 %. A baseline, and a stand-in.

Health and rate of loss are uncertain and taken as normal: SOH ~ N(m, s^2), rate ~ N(r, q^2), in points a day.
After t days the health is N(m - r t, s^2 + q^2 t^2), so (Bernstein's life distribution)

    P(T <= t) = Phi( (80 - m + r t) / sqrt(s^2 + q^2 t^2) )

The rate is the precision-weighted mean of the fleet's prior, the loss since installation and the own trend.
A straight line knows no knee: lives of jars past the knee are over-stated, and the scores say by how much.
"""

import numpy as np
import polars as pl
from scipy.special import ndtr

from battery_assets.learning.life.prediction import (
    COLUMNS,
    HORIZONS_DAYS,
    INTERVAL,
    LONGEST_DAYS,
    prediction_frame,
)

END_OF_LIFE_PCT = 80.0
# New jars: 102 +- 2 % of rated capacity. 85/12/3 % of jars lose 2/8/25 points a year: mean 3.4, sd 4.3.
NEW_SOH_PCT, NEW_SOH_SD = 102.0, 2.0
PRIOR_RATE_PCT_PER_YEAR, PRIOR_RATE_SD = 3.4, 4.3
# SOH by estimation: sd 2.5 points right after a calibration, 5 after a year without one.
FRESH_SOH_SD, STALE_SOH_SD = 2.5, 5.0
# Scatter of one jar's monthly SOH estimates about its own line, points.
MONTHLY_SOH_SCATTER = 1.5
SLOWEST_RATE_PCT_PER_YEAR = 0.2
DAYS_PER_YEAR = 365.25
GRID_DAYS = np.unique(np.concatenate([[0.0], np.geomspace(0.5, LONGEST_DAYS, 300), HORIZONS_DAYS]))


def health_and_rate(snaps: pl.DataFrame) -> dict[str, np.ndarray]:
    """`soh` and `soh_sd` in points, `rate` and `rate_sd` in points a year, one value per row of `snaps`.

    Reads soh_pct, age_days, calibration_age_days, soh_slope_pct_per_month and soh_points; each may be null.
    """
    soh, age, since, slope, points = (
        snaps[name].cast(pl.Float64).to_numpy()
        for name in ("soh_pct", "age_days", "calibration_age_days", "soh_slope_pct_per_month", "soh_points")
    )
    years = np.where(np.isfinite(age), np.maximum(age, 0.0) / DAYS_PER_YEAR, 0.0)
    stale = np.where(np.isfinite(since), np.clip(since / DAYS_PER_YEAR, 0.0, 1.0), 1.0)
    finite = np.isfinite(soh)
    guessed = NEW_SOH_PCT - PRIOR_RATE_PCT_PER_YEAR * years
    health = np.where(finite, soh, np.maximum(guessed, END_OF_LIFE_PCT))
    health_sd = np.where(
        finite,
        FRESH_SOH_SD + (STALE_SOH_SD - FRESH_SOH_SD) * stale,
        np.hypot(NEW_SOH_SD, PRIOR_RATE_SD * years),
    )
    span = np.maximum(years, 0.25)
    lifetime_weight = np.where(finite & (years > 0), span**2 / (health_sd**2 + NEW_SOH_SD**2), 0.0)
    lifetime_rate = np.where(finite, (NEW_SOH_PCT - health) / span, 0.0)
    count = np.where(np.isfinite(slope) & (points >= 3), points, 0.0)
    recent_weight = count * (count**2 - 1) / 12.0 / (12.0 * MONTHLY_SOH_SCATTER) ** 2
    recent_rate = np.where(count > 0, -12.0 * slope, 0.0)
    prior_weight = 1.0 / PRIOR_RATE_SD**2
    weight = prior_weight + lifetime_weight + recent_weight
    rate = (
        prior_weight * PRIOR_RATE_PCT_PER_YEAR + lifetime_weight * lifetime_rate + recent_weight * recent_rate
    )
    return {
        "soh": health,
        "soh_sd": health_sd,
        "rate": np.maximum(rate / weight, SLOWEST_RATE_PCT_PER_YEAR),
        "rate_sd": 1.0 / np.sqrt(weight),
    }


def _failed_by(state: dict[str, np.ndarray], days: np.ndarray) -> np.ndarray:
    """P(T <= days) per row and time, never falling: rows x times."""
    rate, rate_sd = state["rate"][:, None] / DAYS_PER_YEAR, state["rate_sd"][:, None] / DAYS_PER_YEAR
    lost = END_OF_LIFE_PCT - state["soh"][:, None] + rate * days
    return np.maximum.accumulate(ndtr(lost / np.hypot(state["soh_sd"][:, None], rate_sd * days)), axis=1)


def _first_reached(failed: np.ndarray, probability: float) -> np.ndarray:
    """Days at which each row's curve reaches `probability`, linear between times; the longest where never."""
    reached = failed >= probability
    index = np.where(reached.any(axis=1), reached.argmax(axis=1), failed.shape[1] - 1)
    before = np.maximum(index - 1, 0)
    rows = np.arange(len(failed))
    low, high = failed[rows, before], failed[rows, index]
    share = np.clip((probability - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    days = GRID_DAYS[before] + share * (GRID_DAYS[index] - GRID_DAYS[before])
    return np.where(reached.any(axis=1), np.where(index == 0, 0.0, days), LONGEST_DAYS)


def twin_predictions(snaps: pl.DataFrame) -> pl.DataFrame:
    """The columns of `model.predict`, by extrapolation, for rows of `examples.snapshots`."""
    if snaps.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Float64) | {"battery_id": pl.String})
    failed = _failed_by(health_and_rate(snaps), GRID_DAYS)
    lower, upper = (_first_reached(failed, share) for share in INTERVAL)
    within = [failed[:, np.searchsorted(GRID_DAYS, days)] for days in HORIZONS_DAYS]
    return prediction_frame(snaps["battery_id"], (lower, _first_reached(failed, 0.5), upper), within)


def soh_trend_days(snaps: pl.DataFrame) -> pl.Series:
    """Median days to 80 % by the extrapolation, null where the jar has no state of health."""
    if snaps.is_empty():
        return pl.Series("soh_trend_days", [], dtype=pl.Float64)
    days = _first_reached(_failed_by(health_and_rate(snaps), GRID_DAYS), 0.5)
    return pl.Series(
        "soh_trend_days", np.where(np.isfinite(snaps["soh_pct"].cast(pl.Float64).to_numpy()), days, np.nan)
    ).fill_nan(None)
