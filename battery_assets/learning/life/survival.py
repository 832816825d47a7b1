"""Accelerated failure time: z(T) = location + scale * e, for three error laws, and the Kaplan-Meier curve.

z is a jar's own clock (`forward`), in which a life that goes as the twin tells it is normal. Were z = ln t,
`Normal` would give a log-normal life, `Logistic` a log-logistic one, `Extreme` (Gumbel of the minimum) a
Weibull one; the names are those of CatBoost's SurvivalAft, whose optimum these formulas reproduce (tested).
Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed., chapters 2 and 3.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit, log_ndtr, logit, ndtri

DISTRIBUTIONS = ("Normal", "Logistic", "Extreme")
SMALLEST_PROBABILITY = 1e-12
# Open welds and shorted cells of healthy jars: 0.2 to 0.4 % a year.
USUAL_SUDDEN_PER_DAY = 1e-5
# Of a clock's offset, ln slope, ln scale, ln sudden rate: how far the posterior is thought to be off. A
# fleet's survivors put every clock off: they take back what is raised of near ends (decision 127).
PRIOR_SD = np.array([0.05, 0.5, 0.02, 1.0])


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


@dataclass(frozen=True)
class Spans:
    """Lives known to have ended between two instants (N,): days, and z, the jar's own clock at them.

    upper_days and upper_z are inf where the jar still lives. weight: what a row counts; the rows of one jar
    are one life together. share: how likely the end came at all, else the jar was good at its upper end.
    """

    lower_days: np.ndarray
    upper_days: np.ndarray
    lower_z: np.ndarray
    upper_z: np.ndarray
    weight: np.ndarray
    share: np.ndarray

    def only(self, rows: np.ndarray) -> "Spans":
        """The lives where the boolean `rows` is true."""
        return Spans(*(getattr(self, item.name)[rows] for item in fields(self)))


def log_likelihoods(
    spans: Spans, location: np.ndarray, scale: float, distribution: str, sudden_per_day: float = 0.0
) -> np.ndarray:
    """ln likelihood of each of the lives (N,).

    A life ends by wear, z(T) = location + scale * e, or suddenly at the constant rate `sudden_per_day`.
    """
    log_alive = log_survival((spans.lower_z - location) / scale, distribution)
    log_alive = log_alive - sudden_per_day * spans.lower_days
    ended = np.isfinite(spans.upper_days)
    until, at = np.where(ended, spans.upper_days, 1.0), np.where(ended, spans.upper_z, 0.0)
    log_after = log_survival((at - location) / scale, distribution) - sudden_per_day * until
    within = np.log(np.maximum(np.exp(log_alive) - np.exp(log_after), SMALLEST_PROBABILITY))
    density = spans.share * within + (1.0 - spans.share) * log_after
    return np.where(ended, density, log_alive)


def negative_log_likelihood(
    spans: Spans, location: np.ndarray, scale: float, distribution: str, sudden_per_day: float = 0.0
) -> float:
    """Mean -ln likelihood of the lives, as `log_likelihoods` tells it."""
    each = log_likelihoods(spans, location, scale, distribution, sudden_per_day)
    return float(-np.average(each, weights=spans.weight))


@dataclass(frozen=True)
class Calibration:
    """What turns a booster's raw output into a life.

    By wear, z(T) = offset + slope * raw + scale * e, z the jar's own clock (`forward`); beside it a rate of
    ends that no feature foretells.
    """

    distribution: str
    offset: float
    slope: float
    scale: float
    sudden_per_day: float

    def location(self, raw: np.ndarray) -> np.ndarray:
        """Location of z(T) by wear, for raw outputs of the booster."""
        return self.offset + self.slope * np.asarray(raw, dtype=float)

    def probability(self, raw: np.ndarray, z: np.ndarray, days: np.ndarray | float) -> np.ndarray:
        """P(failure within `days`), at which the jars' clocks stand at z."""
        standard = (z - self.location(raw)) / self.scale
        return -np.expm1(log_survival(standard, self.distribution) - self.sudden_per_day * days)


def calibrated(spans: Spans, raw: np.ndarray, scale: float, distribution: str) -> tuple[Calibration, float]:
    """Most likely calibration of held-out raw outputs, and the mean -ln likelihood reached.

    The prior is the jars' own clocks as they are: normal with PRIOR_SD on the offset, ln slope,
    ln(scale / start) and ln(sudden rate / usual rate). So few failures cannot collapse the interval of lives
    that nobody has seen end; the slope stays positive, so no ranking is turned round.
    """
    lives = float(spans.weight.sum())

    def at(free: np.ndarray) -> Calibration:
        slope, wide, sudden = np.exp(free[1]), scale * np.exp(free[2]), USUAL_SUDDEN_PER_DAY * np.exp(free[3])
        return Calibration(distribution, float(free[0]), float(slope), float(wide), float(sudden))

    def missed(trial: Calibration) -> float:
        return negative_log_likelihood(
            spans, trial.location(raw), trial.scale, distribution, trial.sudden_per_day
        )

    bounds = [(-12.0, 12.0), (-2.5, 2.5), (-2.5, 2.5), (-4.0, 6.0)]
    best = minimize(
        lambda free: missed(at(free)) + 0.5 / lives * float(((free / PRIOR_SD) ** 2).sum()),
        np.zeros(4),
        method="L-BFGS-B",
        bounds=bounds,
    )
    calibration = at(best.x)
    return calibration, missed(calibration)


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
