"""Strings whose truth is known, and what a twin with the stated errors would say of them.

The truth differs from the estimator's model as products do (SOURCES 6), jar by jar and batch by batch, and
the twin's errors are those of SOURCES 6: half of the health's variance is shared by the string.
"""

from dataclasses import dataclass

import numpy as np

from battery_assets.features.ride_through.draws import JarDraws, JarStates, as_physics, jar_draws, products
from battery_assets.features.ride_through.loads import CURRENT, POWER, rated_level
from battery_assets.features.ride_through.runtime import INTERVAL, Load, ride, ride_draws
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

JARS = 24
SOH_SD, OHMIC_SD, OWN_OHMIC_SD, SENSOR_SD_K = 0.05, 0.05, 0.03, 1.0
FAST_SD = 0.035
BATCHES = 120


@dataclass(frozen=True)
class Outcome:
    """One ride: true minutes, interval, median, was the named jar the lowest, how sure that was."""

    minutes: float
    low: float
    middle: float
    high: float
    named: bool
    sure: float

    @property
    def held(self) -> bool:
        """Is the truth in the interval?"""
        return self.low <= self.minutes <= self.high


def outcomes(seed: int, strings: int, draws: int) -> list[Outcome]:
    """Rides of many strings at the 15 min power and at the 1 h current of a new one."""
    rng = np.random.default_rng(seed)
    batches = products(BATCHES, seed + 1)
    loads = [
        Load(kind, rated_level(kind, minutes, end_v), end_v)
        for kind, minutes, end_v in ((POWER, 15.0, 1.67), (CURRENT, 60.0, 1.75))
    ]
    found = []
    for _ in range(strings):
        true, said = _string(rng)
        own = JarDraws.exactly(true, np.exp(FAST_SD * rng.standard_normal(JARS)))
        product, scale = batches[rng.integers(1, BATCHES)]
        for load in loads:
            ran = ride(*as_physics(true, own, 0, scale), load, product)
            minutes, weakest = ride_draws(said, load, jar_draws(said, draws, rng), rng)
            share = np.bincount(weakest, minlength=JARS) / draws
            low, middle, high = np.quantile(minutes, [INTERVAL[0], 0.5, INTERVAL[1]])
            named = int(share.argmax()) == ran.weakest
            found.append(Outcome(ran.minutes, low, middle, high, named, float(share.max())))
    return found


def _string(rng: np.random.Generator) -> tuple[JarStates, JarStates]:
    """A full string of some age as it is, and as its twin says it is; some jars age faster (SOURCES 3.4)."""
    luck = rng.random(JARS)
    faster = np.where(luck > 0.97, rng.uniform(0.1, 0.3, JARS), rng.uniform(0.0, 0.15, JARS) * (luck > 0.85))
    soh = rng.uniform(0.85, 1.02) + 0.02 * rng.standard_normal(JARS) - faster
    rise = 1.0 + 2.2 * np.maximum(1.02 - soh, 0.0)
    mohm = HX12_120.ohmic_mohm * rise * np.exp(0.05 * rng.standard_normal(JARS))
    warm = rng.uniform(20.0, 32.0) + 0.7 * rng.standard_normal(JARS)
    shared = rng.standard_normal(2)
    said_soh = soh + SOH_SD * np.sqrt(0.5) * (shared[0] + rng.standard_normal(JARS))
    said_mohm = mohm * np.exp(OHMIC_SD * shared[1] + OWN_OHMIC_SD * rng.standard_normal(JARS))
    true = _states(soh, mohm, warm)
    return true, _states(said_soh, said_mohm, warm + SENSOR_SD_K * rng.standard_normal())


def _states(soh: np.ndarray, mohm: np.ndarray, warm: np.ndarray) -> JarStates:
    def alike(value: float) -> np.ndarray:
        return np.full(JARS, value)

    return JarStates(
        alike(1.0), alike(0.02), soh, alike(SOH_SD), mohm, warm, alike(6.0), alike(HX12_120.rated_ah),
        np.ones(JARS, dtype=bool),
    )  # fmt: skip
