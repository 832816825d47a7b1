"""When a rectifier's capacitor is due: what it lost, week by week, and the day on which that is too much.

The first line of a string's own first weeks is the reference. Its growth, the mean of a week's days, says the
loss; the wander of the reference says how sure that is.
"""

from dataclasses import dataclass

import numpy as np

from battery_assets.features.ripple.detection import growth

# Electrolytic capacitors are at the end of their life where a fifth is gone (makers' data sheets).
EXCHANGE_AT = 0.20
LOSSES = np.linspace(0.0, 0.95, 96)
WEEK_DAYS, LEAST_WEEKS, DRAWS = 7, 4, 4000
LEVEL, INTERVAL = 1.645, (0.05, 0.5, 0.95)
# A slope so many deviations above none stands out: by chance 0.6 % do.
STANDS_OUT = 2.5
# No trend is carried further than that: five years.
FURTHEST_DAYS = 1826.0


@dataclass(frozen=True)
class Weeks:
    """Weeks (W,) by their first day: share lost with its 90 % interval, days seen.

    A share may be under 0, as noise is. error: its deviation by the week's own days; common: by the
    reference, which is one for all weeks.
    """

    day: np.ndarray
    loss: np.ndarray
    low: np.ndarray
    high: np.ndarray
    days: np.ndarray
    error: np.ndarray
    common: np.ndarray


@dataclass(frozen=True)
class Exchange:
    """Days on which a fifth is gone, early, median and late; share lost a year; None: no trend stands out."""

    early: float | None
    median: float | None
    late: float | None
    loss_a_year: float


def weekly(day: np.ndarray, first: np.ndarray, reference: np.ndarray, pulses: int) -> Weeks:
    """What was lost by week. day: (N,) whole days; first: (N,) first lines; reference: (N,) bool.

    Days of the reference are no weeks of their own. Raises ValueError for less than three of them.
    """
    logs = np.log(first)
    own = _daily(day[reference], logs[reference])[1]
    if len(own) < 3:
        raise ValueError(f"{len(own)} days of reference; a spread needs three")
    later, daily = _daily(day[~reference], logs[~reference])
    week = later // WEEK_DAYS
    starts, place = np.unique(week, return_inverse=True)
    count = np.bincount(place)
    grown = np.bincount(place, daily) / np.maximum(count, 1) - own.mean()
    spread, curve = own.std(ddof=1), np.log(growth(LOSSES.tolist(), pulses))
    error = spread * np.sqrt(1 / count + 1 / len(own))
    low, loss, high = (_lost(grown + k * LEVEL * error, curve) for k in (-1, 0, 1))
    by_growth = (high - low) / (2 * LEVEL * error)
    return Weeks(
        starts * WEEK_DAYS, loss, low, high, count, by_growth * spread / np.sqrt(count),
        by_growth * spread / np.sqrt(len(own)),
    )  # fmt: skip


def _lost(grown: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Share lost at a growth's logarithm; under 0 the curve goes on straight."""
    below = grown * LOSSES[1] / curve[1]
    return np.where(grown < 0, below, np.interp(grown, curve, LOSSES))


def exchange(weeks: Weeks, seed: int = 1) -> Exchange:
    """The day on which a fifth is gone, by the trend of the weeks; none where the trend may be chance."""
    if len(weeks.day) < LEAST_WEEKS:
        return Exchange(None, None, None, 0.0)
    when = weeks.day + WEEK_DAYS / 2 - weeks.day[-1]
    loss, error = weeks.loss, np.maximum(weeks.error, 1e-3)
    design = np.column_stack([np.ones(len(when)), when]) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    level, slope = covariance @ design.T @ (loss / error)
    sure = slope > STANDS_OUT * np.sqrt(covariance[1, 1])
    if not sure:
        return Exchange(None, None, None, float(slope * 365.25))
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal([level, slope], covariance, DRAWS)
    # The error of the reference moves the line; it does not tilt it.
    moved = weeks.common[-1] * rng.standard_normal(DRAWS)
    ahead = (EXCHANGE_AT - drawn[:, 0] - moved) / np.maximum(drawn[:, 1], 1e-9)
    early, median, late = np.quantile(np.clip(ahead, 0.0, FURTHEST_DAYS), INTERVAL) + weeks.day[-1]
    if median - weeks.day[-1] >= FURTHEST_DAYS:
        return Exchange(None, None, None, float(slope * 365.25))
    return Exchange(float(early), float(median), float(late), float(slope * 365.25))


def _daily(day: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days, and the mean of each day's bursts."""
    days, place = np.unique(day, return_inverse=True)
    return days, np.bincount(place, logs) / np.maximum(np.bincount(place), 1)
