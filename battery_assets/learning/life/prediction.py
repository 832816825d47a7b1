"""What every predictor of remaining life hands over: one frame, one set of rules.

The CatBoost model, the digital twin's extrapolation and the Kaplan-Meier baseline all end here, so that
their numbers can be compared and stored alike.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

HORIZONS_DAYS = (30.0, 90.0, 365.0)
INTERVAL = (0.025, 0.975)
# Twice the design life of a VRLA jar (10 years); beyond it a number of days is no longer a statement.
LONGEST_DAYS = 7305.0
# Of a twin state: lower end, median and upper end, of 95 %, of the days until the jar is worn out.
WEAR_OUT = ("wear_out_lower_days", "wear_out_days", "wear_out_upper_days")

COLUMNS = (
    "battery_id",
    "rul_days",
    "rul_lower_ci_days",
    "rul_upper_ci_days",
    "failure_probability_30d",
    "failure_probability_90d",
    "failure_probability_365d",
    "confidence_score",
)


def verdict_confidence(probability_90d: np.ndarray) -> np.ndarray:
    """Probability that the more likely answer to "does it fail within 90 days?" is the right one, 0.5..1."""
    return np.maximum(probability_90d, 1.0 - probability_90d)


def ended(battery_id: pl.Series) -> pl.DataFrame:
    """The columns of `prediction_frame` for jars whose duty has ended: no day left, and that is certain."""
    nothing, certain = np.zeros(len(battery_id)), np.ones(len(battery_id))
    return prediction_frame(battery_id, (nothing, nothing, nothing), [certain for _ in HORIZONS_DAYS])


def prediction_frame(
    battery_id: Sequence[str] | pl.Series,
    days: tuple[np.ndarray, np.ndarray, np.ndarray],
    probabilities: Sequence[np.ndarray],
    trust: np.ndarray | float = 1.0,
) -> pl.DataFrame:
    """One row per jar with `COLUMNS`; `days` is (lower 2.5 %, middle, upper 97.5 %), capped at LONGEST_DAYS;
    `probabilities` are of an end within each of HORIZONS_DAYS.

    `trust` in 0..1 scales the confidence down where the predictor has little to stand on.
    Raises ValueError where a number is not finite or the quantiles or probabilities contradict each other.
    """
    lower, median, upper = (np.clip(np.asarray(part, dtype=float), 0.0, LONGEST_DAYS) for part in days)
    near, far, year = (np.asarray(part, dtype=float) for part in probabilities)
    if not all(np.isfinite(part).all() for part in (lower, median, upper, near, far, year)):
        raise ValueError("a remaining life or failure probability is not finite")
    apart = np.stack([upper - median, median - lower, year - far + 1e-12, far - near + 1e-12])
    if (apart < 0).any():
        raise ValueError("quantiles or failure probabilities are not in order")
    confidence = verdict_confidence(far) * trust
    values = (median, lower, upper, *(np.clip(part, 0, 1) for part in (near, far, year, confidence)))
    ids = pl.Series("battery_id", battery_id, dtype=pl.String)
    return pl.DataFrame(
        [ids, *(pl.Series(name, part) for name, part in zip(COLUMNS[1:], values, strict=True))]
    )
