"""Errors that sensors have and keep: gains, offsets, and their slow drift over months and seasons.

A Hall sensor of 1,000 A is off by 0.1 to 0.5 A (SOURCES 6), many times the float current it is to show. All
of them wander, some by the season and some by the year (convention).
"""

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.site import SyntheticSite

STRING_GAIN_SD, CURRENT_GAIN_SD = 0.0005, 0.005
HALL_OFFSET_A, HALL_DRIFT_A = (0.1, 0.4), (0.02, 0.1)
JAR_GAIN_SD, JAR_OFFSET_V, JAR_BIAS_C = 0.001, 0.002, 0.3
JAR_DRIFT_V, JAR_DRIFT_C, STRING_GAIN_DRIFT = 0.002, 0.3, 0.0003
PERIOD_DAYS = (250.0, 900.0)


def _wandering(site: SyntheticSite, name: str, day: int, most: np.ndarray) -> np.ndarray:
    """Drift of sensors (n,) on a day: a slow wave of each one's own period, `most` (n,) either way."""
    rng = stream(site.seed, site.site, "drift", name)
    period, phase = rng.uniform(*PERIOD_DAYS, most.size), rng.random(most.size)
    return most * np.sin(2 * np.pi * (day / period + phase))


def string_sensors(site: SyntheticSite, day: int) -> np.ndarray:
    """Gain of voltage, gain and offset (A) of current of every string's sensors on a day, (3, strings)."""
    fixed = stream(site.seed, site.site, "string sensors").standard_normal((3, site.strings))
    hall = stream(site.seed, site.site, "hall sensors")
    offset = np.where(fixed[2] < 0, -1.0, 1.0) * hall.uniform(*HALL_OFFSET_A, site.strings)
    drift = _wandering(site, "hall", day, hall.uniform(*HALL_DRIFT_A, site.strings))
    gain = _wandering(site, "string gain", day, np.full(site.strings, STRING_GAIN_DRIFT))
    return np.stack([1 + STRING_GAIN_SD * fixed[0] + gain, 1 + CURRENT_GAIN_SD * fixed[1], offset + drift])


def jar_sensors(site: SyntheticSite, day: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gain, offset (V) and bias (C) of the sensor at every position on a day; sensors outlive jars."""
    rng, places = stream(site.seed, site.site, "jar sensors"), site.strings * site.jars_per_string
    gain, offset, bias = (rng.standard_normal(places) for _ in range(3))
    most = np.abs(stream(site.seed, site.site, "jar drift").standard_normal((2, places)))
    volts = JAR_OFFSET_V * offset + _wandering(site, "jar volts", day, JAR_DRIFT_V * most[0])
    warm = JAR_BIAS_C * bias + _wandering(site, "jar warmth", day, JAR_DRIFT_C * most[1])
    return 1 + JAR_GAIN_SD * gain, volts, warm
