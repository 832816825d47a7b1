"""Strings whose truth is known, and what a twin with the stated errors would say of them.

The truth lies around what the twin says, as a posterior's does: health with the deviation of SOURCES 6, a
quarter of its variance shared by the string; the make jar by jar and batch by batch as that of products.
"""

from dataclasses import dataclass

import numpy as np

from battery_assets.features.ride_through.draws import JarDraws, JarStates, as_physics, jar_draws
from battery_assets.features.ride_through.loads import CURRENT, POWER, rated_level
from battery_assets.features.ride_through.one_string import INTERVAL
from battery_assets.features.ride_through.riding import Load, calibration, ride, ride_draws
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

JARS = 24
SOH_SD, OHMIC_SD, OWN_OHMIC_SD, SENSOR_SD_K = 0.04, 0.05, 0.03, 1.0
MADE_SD = np.array([0.03, 0.15, 0.15])  # ln of acid, exchange current, depletion (SOURCES 6)
SHARED = 0.25  # of the variance, by the jars of a string
MODEL_SD = 0.03  # of the minutes: what the model of any jar is off by (SOURCES 1.3)


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
    loads = [
        Load(kind, rated_level(kind, minutes, end_v), end_v)
        for kind, minutes, end_v in ((POWER, 15.0, 1.67), (CURRENT, 60.0, 1.75))
    ]
    found = []
    for _ in range(strings):
        true, said = _string(rng)
        for load in loads:
            ran = ride(*as_physics(true, JarDraws.exactly(true)), load)
            minutes = ran.minutes * float(np.exp(MODEL_SD * rng.standard_normal()))
            told = ride_draws(said, load, jar_draws(said, draws, rng))
            share = np.bincount(told.lowest, minlength=JARS) / draws
            drawn = told.minutes * calibration(said, draws, rng)
            low, middle, high = np.quantile(drawn, [INTERVAL[0], 0.5, INTERVAL[1]])
            named = int(share.argmax()) == ran.weakest
            found.append(Outcome(minutes, low, middle, high, named, float(share.max())))
    return found


def _string(rng: np.random.Generator) -> tuple[JarStates, JarStates]:
    """A full string of some age as it is, and as its twin says it is; some jars age faster (SOURCES 3.4)."""
    luck = rng.random(JARS)
    faster = np.where(luck > 0.97, rng.uniform(0.1, 0.3, JARS), rng.uniform(0.0, 0.15, JARS) * (luck > 0.85))
    said_soh = rng.uniform(0.85, 1.02) + 0.02 * rng.standard_normal(JARS) - faster
    rise = 1.0 + 2.2 * np.maximum(1.02 - said_soh, 0.0)
    said_mohm = HX12_120.ohmic_mohm * rise * np.exp(0.05 * rng.standard_normal(JARS))
    warm = rng.uniform(20.0, 32.0) + 0.7 * rng.standard_normal(JARS)
    soh = said_soh + SOH_SD * _mixed(rng, 1)[0]
    mohm = said_mohm * np.exp(OHMIC_SD * rng.standard_normal() + OWN_OHMIC_SD * rng.standard_normal(JARS))
    made = MADE_SD[:, None] * _mixed(rng, 3)
    true = _states(soh, mohm, warm + SENSOR_SD_K * rng.standard_normal(), made)
    return true, _states(said_soh, said_mohm, warm, np.zeros((3, JARS)))


def _mixed(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Deviations (rows, JARS), a part of them shared."""
    shared, own = rng.standard_normal((rows, 1)), rng.standard_normal((rows, JARS))
    return np.sqrt(SHARED) * shared + np.sqrt(1.0 - SHARED) * own


def _states(soh: np.ndarray, mohm: np.ndarray, warm: np.ndarray, made: np.ndarray) -> JarStates:
    def alike(value: float) -> np.ndarray:
        return np.full(JARS, value)

    return JarStates(
        alike(1.0), alike(0.02), soh, alike(SOH_SD), alike(SOH_SD), mohm, warm, alike(6.0),
        alike(HX12_120.rated_ah), made, np.tile(MADE_SD[:, None], JARS), np.zeros(JARS, dtype=bool),
        np.ones(JARS, dtype=bool),
    )  # fmt: skip
