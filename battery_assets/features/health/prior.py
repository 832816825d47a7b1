"""Which jars there may be before anything is known of one: the estimator's own prior, wider than any fleet.

Rates, courses and mechanisms from the literature, by sections of SOURCES: most jars reach the makers' design
life of some ten years, one of seven a fraction of it (3.1, 3.4); capacity bends down near the end, now and
then it falls in a line (3.3); at 80 % of the rating resistance is up by 20 to 60 %, IEEE 1188's "significant"
30 to 50 % with room on both sides, ahead of capacity where water is lost and flat where plates sulfate (3.2);
a new jar shows 102 +- 2 % of its rating (3.3).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from battery_assets.physics import ageing

# Loss a year at 25 °C, nodes; of three kinds of jars median, deviation of ln, share.
RATES = np.geomspace(0.008, 0.6, 28)
KINDS = ((0.02, 0.30, 0.85), (0.08, 0.35, 0.12), (0.25, 0.40, 0.03))
SUDDEN_PER_YEAR, SUDDEN_FAST = 0.003, 0.05  # ends that no wear announces, of usual jars and of the fastest
STRAIGHT = 0.05  # share of jars without a knee
MEAN_INITIAL, INITIAL_SD = ageing.MEAN_INITIAL, 0.02
INITIALS = ((-(3.0**0.5), 1 / 6), (0.0, 2 / 3), (3.0**0.5, 1 / 6))  # Gauss's nodes of a normal


class Mechanism(NamedTuple):
    """Rise of resistance at the end of life, exponent of the wear with which it comes (<1 ahead), float
    current then over new, share of jars."""

    rise: float
    lead: float
    float_current: float
    share: float


MECHANISMS = (
    Mechanism(0.22, 1.0, 1.4, 0.16),  # corrosion of the positive grid
    Mechanism(0.36, 1.0, 1.7, 0.25),
    Mechanism(0.52, 1.0, 2.0, 0.30),
    Mechanism(0.35, 0.6, 2.2, 0.06),  # loss of water
    Mechanism(0.58, 0.6, 3.0, 0.08),
    Mechanism(0.03, 1.5, 1.3, 0.15),  # sulfation
)


class Possible(NamedTuple):
    """The possible jars: every one of K courses with every one of M mechanisms.

    Of courses (K,): rate a year at 25 °C, whether they lose in a line, initial capacity in deviations
    of what is known of it, ln of their share, sudden ends a year. Of mechanisms (M,): their numbers, ln of
    their share.
    """

    rate: np.ndarray
    straight: np.ndarray
    initial: np.ndarray
    log_weight: np.ndarray
    sudden: np.ndarray
    rise: np.ndarray
    lead: np.ndarray
    float_current: np.ndarray
    log_share: np.ndarray


@lru_cache(maxsize=1)
def possible_jars() -> Possible:
    """Every combination of rate, course and initial capacity with its share, and the mechanisms."""
    of_kind = np.array(
        [share * np.exp(-0.5 * (np.log(RATES / rate) / sd) ** 2) / sd for rate, sd, share in KINDS]
    )
    shares, fast = of_kind.sum(0) / of_kind.sum(), of_kind[-1] / of_kind.sum(0)
    sudden = SUDDEN_PER_YEAR * (1.0 - fast) + SUDDEN_FAST * fast
    rows = [
        (rate, straight, z, np.log(share * of_course * of_z), per_year)
        for rate, share, per_year in zip(RATES, shares, sudden, strict=True)
        for straight, of_course in ((0.0, 1.0 - STRAIGHT), (1.0, STRAIGHT))
        for z, of_z in INITIALS
    ]
    rate, straight, z, log_weight, per_year = np.array(rows).T
    rise, lead, float_current, share = np.array(MECHANISMS).T
    return Possible(rate, straight > 0, z, log_weight, per_year, rise, lead, float_current, np.log(share))


def capacity(tau_years: np.ndarray, jars: Possible, initial: np.ndarray) -> np.ndarray:
    """Capacity (J, K), 1 is rated, of the possible courses after thermal years (J, 1); initial (J, K)."""
    tau = np.maximum(tau_years, 0.0)
    bends = ageing.state_of_health(tau, jars.rate, initial)
    gained = 1.0 + ageing.FORMATION_GAIN * (1.0 - np.exp(-tau / ageing.FORMATION_YEARS))
    return np.where(jars.straight, np.maximum(initial * gained - jars.rate * tau, 0.05), bends)


def years_to_end(jars: Possible, initial: np.ndarray) -> np.ndarray:
    """Thermal years (J, K) from new to 80 % of the rating."""
    best = initial * (1.0 + ageing.FORMATION_GAIN)
    line = np.maximum(best - ageing.END_OF_LIFE, 0.0) / jars.rate
    return np.where(jars.straight, line, ageing.years_to_end(jars.rate, initial))


def initial_capacity(jars: Possible, accepted: np.ndarray, accepted_sd: np.ndarray) -> np.ndarray:
    """Initial capacity (J, K) where an acceptance test of such a deviation (J,) showed `accepted` (J,)."""
    precision = 1.0 / INITIAL_SD**2 + 1.0 / accepted_sd**2
    mean = (MEAN_INITIAL / INITIAL_SD**2 + accepted / accepted_sd**2) / precision
    return mean[:, None] + jars.initial / np.sqrt(precision)[:, None]
