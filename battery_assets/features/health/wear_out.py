"""When a jar will be worn out: the ageing posterior read forward to 80 % of the rated capacity.

Each possible jar has a thermal age at which it ends; what evidence weighs are such jars, so the weights of
today are the distribution of the days that are left. It knows the knee, which no line through past health
does, and it can be told from the first month on, of a fleet in which nothing has failed yet.
"""

import numpy as np

from battery_assets.features.health.prior import RATES

DAYS_PER_YEAR = 365.25
LONGEST_DAYS = 7305.0  # as far as a remaining life is told: twice the design life of 10 years
LOWER, MIDDLE = 0.025, 0.5
# The upper end that 95 % intervals need, found on fleets of trial in four worlds (decisions 127 and 143). The
# last parts of the posterior are jars whose readings mean nothing: near the end they reach over twenty years.
# Far from the end nothing tells a bend from a line, and each form of course counts alike.
UPPER_SOON, UPPER_LATE = 0.95, 0.99
SOON_DAYS, LATE_DAYS = 365.0, 1095.0  # of the median, between which one goes over into the other
# Bins of ln(1 + days): about 3 % of a life, finer than any evidence tells.
LOG_DAYS = np.linspace(0.0, np.log1p(4 * LONGEST_DAYS), 320)
# A jar's own scatter about its course, and who wears the room: as a share of what is left, and in days.
OWN_SHARE_SD, OWN_DAYS_SD = 0.10, 15.0
# Each possible jar stands for all rates up to half way to the next one: its whole life is so much longer or
# shorter. Near the end that is months, between which no possible jar would end.
RATE_SD = float(np.log(RATES[1] / RATES[0])) / np.sqrt(12.0)
ENDS_AT = (0.01, 0.04, 0.12, 0.30, 0.50, 0.70, 0.90, 0.99)  # of what is drawn for a string
LEAST = 1e-12  # a share: no form of course is excluded
EVENLY = np.sqrt(3.0) * np.array([-0.8, -0.4, 0.0, 0.4, 0.8])  # deviations of five parts of an even spread


def life_density(
    years_to_end: np.ndarray, age_years: np.ndarray, factor: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Weights (J, P) of possible jars on LOG_DAYS (J, K) by the days that are left to each.

    Thermal years to the end (J, P) over those of a year (J,), less the age. Those that should have ended
    already end now: 0.
    """
    whole = years_to_end / factor[:, None] * DAYS_PER_YEAR
    left = whole - age_years[:, None] * DAYS_PER_YEAR
    own = np.hypot(OWN_SHARE_SD * np.maximum(left, 0.0), OWN_DAYS_SD)
    sd, share = np.hypot(own, RATE_SD * whole), weight / len(EVENLY)
    return sum(_spread(np.log1p(np.maximum(left + z * sd, 0.0)), share) for z in EVENLY)  # type: ignore[return-value]


def _spread(at: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights at ln(1 + days), shared between the two neighbours of LOG_DAYS."""
    jars, bins = len(at), len(LOG_DAYS)
    place = np.clip(at / (LOG_DAYS[1] - LOG_DAYS[0]), 0.0, bins - 1.001)
    low = place.astype(np.int64)
    row = np.arange(jars)[:, None] * bins
    flat = np.bincount((row + low).ravel(), (weight * (1.0 - place + low)).ravel(), jars * bins)
    flat += np.bincount((row + low + 1).ravel(), (weight * (place - low)).ravel(), jars * bins)
    return flat.reshape(jars, bins)


def interval_days(density: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Lower end, median, upper end of the days left (J, 3), LONGEST_DAYS at most; 19 of 20 end inside.

    alike (J, K): the density with both forms of course alike beforehand.
    """
    lower, middle, soon = quantile_days(density, LOWER, MIDDLE, UPPER_SOON).T
    late = quantile_days(alike, UPPER_LATE)[:, 0]
    part = np.clip((middle - SOON_DAYS) / (LATE_DAYS - SOON_DAYS), 0.0, 1.0)
    upper = np.expm1((1.0 - part) * np.log1p(soon) + part * np.log1p(late))
    return np.stack([lower, middle, np.clip(upper, middle, LONGEST_DAYS)], axis=1)


def quantile_days(density: np.ndarray, *shares: float) -> np.ndarray:
    """Quantiles of the days left (J, Q), at most LONGEST_DAYS, of weights (J, K) on LOG_DAYS.

    Linear in ln(1 + days) between bins.
    """
    cdf = np.cumsum(density, axis=1) / density.sum(axis=1, keepdims=True)
    days = np.expm1(np.stack([_crossing(cdf, share) for share in shares], axis=1))
    return np.clip(days, 0.0, LONGEST_DAYS)


def ends_by_course(courses: np.ndarray, said: np.ndarray) -> np.ndarray:
    """What draws of a string need of each jar (J, 1 + 2 Q).

    First ln of how many times likelier the evidence is of a straight course than of one that bends; then the
    quantiles ENDS_AT of the days left if it bends, and if it is straight. courses (J, 2, K): weights on
    LOG_DAYS of courses that bend, and of straight ones. said (J, 2): how likely the evidence is of each.
    """
    odds = np.diff(np.log(np.maximum(said, LEAST)), axis=1)
    return np.concatenate([odds, *(quantile_days(courses[:, n] + LEAST, *ENDS_AT) for n in (0, 1))], axis=1)


def _crossing(cdf: np.ndarray, share: float) -> np.ndarray:
    """Where on LOG_DAYS each row (J,) of a distribution (J, K) reaches a share."""
    rows, over = np.arange(len(cdf)), np.clip((cdf <= share).sum(1), 1, cdf.shape[1] - 1)
    below, above = cdf[rows, over - 1], cdf[rows, over]
    part = np.clip((share - below) / np.maximum(above - below, 1e-300), 0.0, 1.0)
    return LOG_DAYS[over - 1] + part * (LOG_DAYS[over] - LOG_DAYS[over - 1])
