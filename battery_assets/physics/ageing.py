"""How jars age: equivalent years at 25 C, capacity with a knee, resistance and float current that go with it.

SOH = C_i [1 + b (1 - exp(-tau/0.3)) - a1 tau - a2 max(0, tau - tau_k)^2], r the profile's rate, L = 0.20/r,
a1 = 0.6 r, tau_k = 0.6 L, a2 such that SOH(L) = 0.80 for the mean jar (C_i = 1.02). Loss is 0.6 r,
after the knee it grows to 3.5 r at L. SOH is the share of rated C10 at 25 C: a new jar may read 100-105 %.
"""

from dataclasses import dataclass

import numpy as np

MEAN_INITIAL = 1.02
FORMATION_GAIN = 0.02
FORMATION_YEARS = 0.3
END_OF_LIFE = 0.80  # of rated C10: IEEE practice [S26][S27]
DOUBLING_K = 10.0  # C&D: 50 % of life per 10 C [S21]; IEEE 1188 uses 8 [S22]
STEEPER_TEST = 1.15  # SOH in the 10 h test falls 1.15 times as fast as the model's capacity scale [CALC]


@dataclass(frozen=True)
class Profile:
    """Rates at 25 C per year, share of new jars, resistance rise at 80 %, observation scatter, sudden
    failures.
    """

    name: str
    share: float
    rate: float
    rise_at_end: float
    noise: float
    sudden_per_year: float


PROFILES = (
    Profile("healthy", 0.85, 0.02, 0.50, 0.02, 0.003),
    Profile("accelerated", 0.12, 0.08, 0.375, 0.05, 0.015),
    Profile("failing", 0.03, 0.25, 0.32, 0.10, 0.60),
)


@dataclass(frozen=True)
class Mechanism:
    """What wears a jar out: how resistance runs ahead (<1) or behind (>1), its size, float current at the
    end, and how much worse the jar then sheds its heat.
    """

    name: str
    share: float
    lead_exponent: float
    rise: float
    float_current: float
    heat_barrier: float


# Shares among accelerated and failing jars; healthy jars corrode. Strap and short come suddenly instead.
MECHANISMS = (
    Mechanism("corrosion", 0.4375, 1.0, 1.0, 1.7, 0.0),
    Mechanism("dry_out", 0.3750, 0.6, 1.15, 2.4, 0.5),
    Mechanism("sulfation", 0.1875, 1.6, 0.10, 1.3, 0.0),
)


def ageing_factor(temperature_c, doubling_k: float = DOUBLING_K) -> np.ndarray:
    """Years of ageing per calendar year, 1 at 25 C, doubling per 10 K (8 K as the sensitivity case)."""
    return 2.0 ** ((np.asarray(temperature_c, dtype=float) - 25.0) / doubling_k)


def _knee(rate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rate = np.asarray(rate, dtype=float)
    life = 0.20 / rate
    a2 = (1 + FORMATION_GAIN - 0.12 - END_OF_LIFE / MEAN_INITIAL) / (0.4 * life) ** 2
    return 0.6 * rate, 0.6 * life, a2


def state_of_health(tau_years, rate, initial=MEAN_INITIAL) -> np.ndarray:
    """Capacity as a share of rated (1 = 100 %) after `tau_years` equivalent years at 25 C; at least 0.05."""
    tau = np.maximum(np.asarray(tau_years, dtype=float), 0.0)
    a1, tau_k, a2 = _knee(rate)
    gained = 1 + FORMATION_GAIN * (1 - np.exp(-tau / FORMATION_YEARS))
    return np.maximum(initial * (gained - a1 * tau - a2 * np.maximum(0.0, tau - tau_k) ** 2), 0.05)


def years_to_end(rate, initial=MEAN_INITIAL) -> np.ndarray:
    """Equivalent years at 25 C until the state of health is 80 % (formation taken as complete)."""
    a1, tau_k, a2 = _knee(rate)
    spare = 1 + FORMATION_GAIN - END_OF_LIFE / np.asarray(initial) - a1 * tau_k
    after_knee = (np.sqrt(a1**2 + 4 * a2 * np.maximum(spare, 0.0)) - a1) / (2 * a2)
    return np.where(spare >= 0, tau_k + after_knee, (spare + a1 * tau_k) / a1)


def wear(soh, initial) -> np.ndarray:
    """Share of the way from the jar's own best capacity to end of life: 0 new, 1 at 80 %, more beyond."""
    best = np.asarray(initial) * (1 + FORMATION_GAIN)
    return np.clip((best - soh) / np.maximum(best - END_OF_LIFE, 0.05), 0.0, 3.0)


def resistance_ratio(worn, rise_at_end, lead_exponent=1.0, rise=1.0) -> np.ndarray:
    """Resistance relative to new: +50/37.5/32 % at 80 % SOH by profile; dry-out leads, sulfation lags."""
    return 1 + np.asarray(rise_at_end) * rise * np.asarray(worn) ** lead_exponent


def float_current_ratio(worn, at_end) -> np.ndarray:
    """Float current relative to new at the same voltage."""
    return 1 + (np.asarray(at_end) - 1) * np.asarray(worn)


def capacity_scale(soh) -> np.ndarray:
    """The discharge model's capacity scale s of a state of health: s = 1 - (1 - SOH)/1.15."""
    return 1 - (1 - np.asarray(soh, dtype=float)) / STEEPER_TEST
