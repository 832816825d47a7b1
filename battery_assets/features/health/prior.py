"""Which jars there may be before anything is known of one: the estimator's own prior, wide on purpose.

Nothing of it is the generator's. Sources, by sections of SOURCES: service life at 25 °C 6 to 15 years with a
tail of early failures (3.1: makers' design lives; 3.3: replacement practice); loss from a straight line to
one that comes late; resistance 20 to 60 % up at 80 % of the rating, IEEE 1188's "significant" 30 to 50 % and
room on both sides, ahead of capacity where water is lost, flat where plates sulfate (3.2); float current 1.4
to 3 times as large; acceptance tests true to 2.5 %, what a maker states to 5 %.
"""

from typing import NamedTuple

import numpy as np

# Lives in years at 25 °C: median, deviation of ln, share.
LIVES = ((10.0, 0.42, 0.82), (2.5, 0.70, 0.18))
LIFE_YEARS = np.geomspace(0.5, 24.0, 20)
# Share of the loss that comes with the cube of time, and how many jars lose so.
SHAPES = ((0.75, 0.65), (0.10, 0.35))
# Of rated capacity: what a new jar gains in its first months, and what is left at the end of its life.
GAIN, GAIN_YEARS, END = 0.02, 0.3, 0.80
ACCEPTED_SD, STATED_SD = 0.025, 0.05
INITIALS = ((-1.3, 0.29), (0.0, 0.42), (1.3, 0.29))


class Mechanism(NamedTuple):
    """Rise of resistance at the end of life, exponent of the loss with which it comes (<1 ahead), float
    current then over new, V more on a strong charge, share of jars."""

    rise: float
    lead: float
    float_current: float
    charge_v: float
    share: float


MECHANISMS = (
    Mechanism(0.20, 1.1, 1.4, 0.0, 0.18),  # corrosion of the positive grid
    Mechanism(0.36, 1.1, 1.8, 0.0, 0.27),
    Mechanism(0.58, 1.1, 2.2, 0.0, 0.15),
    Mechanism(0.35, 0.6, 2.2, 0.0, 0.12),  # loss of water
    Mechanism(0.55, 0.6, 3.0, 0.0, 0.13),
    Mechanism(0.04, 1.5, 1.3, 0.8, 0.15),  # sulfation
)
SUDDEN_PER_YEAR, SUDDEN_EARLY = 0.003, 0.05  # of jars of a usual life, and of an early end


class Possible(NamedTuple):
    """The possible jars (P,): life in years at 25 °C, share of late loss, initial capacity in deviations of
    what is known of it, ln of the weight, and the fields of their mechanism."""

    life: np.ndarray
    late: np.ndarray
    initial: np.ndarray
    log_weight: np.ndarray
    rise: np.ndarray
    lead: np.ndarray
    float_current: np.ndarray
    charge_v: np.ndarray
    sudden: np.ndarray


def possible_jars() -> Possible:
    """Every combination of life, shape, mechanism and initial capacity, with its share of new jars."""
    logs = np.log(LIFE_YEARS)
    usual, early = (
        share * np.exp(-0.5 * ((logs - np.log(median)) / sd) ** 2) / sd for median, sd, share in LIVES
    )
    shares = (usual + early) / (usual + early).sum()
    sudden = (usual * SUDDEN_PER_YEAR + early * SUDDEN_EARLY) / (usual + early)
    rows = [
        (life, late, z, np.log(share * of_shape * one.share * of_z), *one[:4], per_year)
        for life, share, per_year in zip(LIFE_YEARS, shares, sudden, strict=True)
        for late, of_shape in SHAPES
        for one in MECHANISMS
        for z, of_z in INITIALS
    ]
    return Possible(*np.array(rows).T)


def loss(tau_years: np.ndarray, jars: Possible) -> np.ndarray:
    """Share of the way to the end of life (J, P) after thermal years (J, 1): 0 new, 1 at 80 %, at most 3."""
    share = np.asarray(tau_years) / jars.life
    return np.minimum(share * (1.0 - jars.late + jars.late * share**2), 3.0)


def capacity(tau_years: np.ndarray, worn: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Capacity (J, P), 1 is rated, of jars so far on their way to the end; initial (J, P)."""
    best = initial * (1.0 + GAIN * (1.0 - np.exp(-np.asarray(tau_years) / GAIN_YEARS)))
    return np.maximum(best - worn * np.maximum(initial * (1.0 + GAIN) - END, 0.10), 0.05)
