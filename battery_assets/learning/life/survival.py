"""Accelerated failure time: ln T = location + scale * e, for three error laws, and the Kaplan-Meier curve.

`Normal` gives a log-normal life, `Logistic` a log-logistic one, `Extreme` (Gumbel of the minimum) a Weibull
one; the names are those of CatBoost's SurvivalAft, whose optimum these formulas reproduce (tested).
Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed., chapters 2 and 3.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit, log_ndtr, logit, ndtri

DISTRIBUTIONS = ("Normal", "Logistic", "Extreme")
SMALLEST_PROBABILITY = 1e-12
# Open welds and shorted cells of healthy jars: 0.2 to 0.4 % a year.
USUAL_SUDDEN_PER_DAY = 1e-5


def log_survival(z: np.ndarray, distribution: str) -> np.ndarray:
    """ln P(e > z), elementwise, without loss of digits in the tail."""
    if distribution == "Normal":
        return log_ndtr(-z)
    if distribution == "Logistic":
        return log_expit(-z)
    if distribution == "Extreme":
        return -np.exp(np.minimum(z, 50.0))
    raise ValueError(f"unknown distribution {distribution!r}, one of {', '.join(DISTRIBUTIONS)}")


def error_quantile(probability: float, distribution: str) -> float:
    """z with P(e <= z) = probability, 0 < probability < 1."""
    if distribution == "Normal":
        return float(ndtri(probability))
    if distribution == "Logistic":
        return float(logit(probability))
    if distribution == "Extreme":
        return float(np.log(-np.log1p(-probability)))
    raise ValueError(f"unknown distribution {distribution!r}, one of {', '.join(DISTRIBUTIONS)}")


def negative_log_likelihood(
    lower_days: np.ndarray,
    upper_days: np.ndarray,
    location: np.ndarray,
    scale: float,
    distribution: str,
    sudden_per_day: float = 0.0,
) -> float:
    """Mean -ln likelihood of lives known to lie in (lower, upper]; upper is inf where the jar still lives.

    A life ends by wear, ln T = location + scale * e, or suddenly at the constant rate `sudden_per_day`.
    """
    log_alive = (
        log_survival((np.log(lower_days) - location) / scale, distribution) - sudden_per_day * lower_days
    )
    ended = np.isfinite(upper_days)
    until = np.where(ended, upper_days, 1.0)
    log_after = log_survival((np.log(until) - location) / scale, distribution) - sudden_per_day * until
    share = np.maximum(np.exp(log_alive) - np.exp(log_after), SMALLEST_PROBABILITY)
    return float(-np.where(ended, np.log(share), log_alive).mean())


@dataclass(frozen=True)
class Calibration:
    """What turns a booster's raw output into a life.

    By wear, ln T = offset + slope * raw + scale * e; beside it a rate of ends that no feature foretells.
    """

    distribution: str
    offset: float
    slope: float
    scale: float
    sudden_per_day: float

    def location(self, raw: np.ndarray) -> np.ndarray:
        """Location of ln T by wear, ln days, for raw outputs of the booster."""
        return self.offset + self.slope * np.asarray(raw, dtype=float)

    def probability(self, raw: np.ndarray, days: np.ndarray | float) -> np.ndarray:
        """P(failure within `days`), days > 0."""
        z = (np.log(days) - self.location(raw)) / self.scale
        return -np.expm1(log_survival(z, self.distribution) - self.sudden_per_day * days)

    def quantile_days(self, raw: np.ndarray, probability: float) -> np.ndarray:
        """Days by which the share `probability` of such jars has failed, by bisection of ln t."""
        raw = np.asarray(raw, dtype=float)
        low, high = np.full(raw.shape, np.log(1e-3)), np.full(raw.shape, np.log(1e6))
        for _ in range(60):
            middle = 0.5 * (low + high)
            reached = self.probability(raw, np.exp(middle)) >= probability
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        return np.exp(high)


def calibrated(
    lower_days: np.ndarray, upper_days: np.ndarray, raw: np.ndarray, scale: float, distribution: str
) -> tuple[Calibration, float]:
    """Maximum-likelihood calibration of held-out raw outputs, and the mean -ln likelihood reached.

    A normal prior on ln slope, ln(scale / start) and ln(sudden rate / usual rate) weighs as much as one row,
    so that few failures cannot collapse the interval; the slope stays positive, so no ranking is turned
    round.
    """
    prior_weight = 1.0 / len(raw)

    def at(free: np.ndarray) -> Calibration:
        slope, wide, sudden = np.exp(free[1]), scale * np.exp(free[2]), USUAL_SUDDEN_PER_DAY * np.exp(free[3])
        return Calibration(distribution, float(free[0]), float(slope), float(wide), float(sudden))

    def missed(trial: Calibration) -> float:
        return negative_log_likelihood(
            lower_days, upper_days, trial.location(raw), trial.scale, distribution, trial.sudden_per_day
        )

    bounds = [(-12.0, 12.0), (-2.5, 2.5), (-2.5, 2.5), (-4.0, 6.0)]
    best = minimize(
        lambda free: missed(at(free)) + 0.5 * prior_weight * float((free[1:] ** 2).sum()),
        np.zeros(4),
        method="L-BFGS-B",
        bounds=bounds,
    )
    found = at(best.x)
    return found, missed(found)


def kaplan_meier(days: np.ndarray, ended: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Product-limit estimate: times of observed ends, ascending, and the share alive just after each.

    Source: Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457.
    """
    times, inverse = np.unique(days[ended], return_inverse=True)
    deaths = np.bincount(inverse, minlength=len(times))
    at_risk = len(days) - np.searchsorted(np.sort(days), times, side="left")
    return times, np.cumprod(1.0 - deaths / at_risk)


def share_ended(times: np.ndarray, alive: np.ndarray, days: float) -> float:
    """P(end within `days`) read off a Kaplan-Meier curve."""
    index = int(np.searchsorted(times, days, side="right"))
    return 0.0 if index == 0 else float(1.0 - alive[index - 1])
