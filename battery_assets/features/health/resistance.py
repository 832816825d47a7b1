"""What the resistances of a jar over its life say of its course.

A jar has its own way. Baseline and instrument shift all readings alike. What sets its rise apart from that of
other jars of its wear grows with the wear. Both are common to all readings of the jar. What remains is how
resistance came here: past its knee a jar climbs faster than before, however high it stands.
"""

import numpy as np

from battery_assets.features.health.course import Course, Evidence

# Of ln R: baseline and instrument against it; one reading; how far a month lies off any jar's course; an
# instrument beside another; by how much the rise of another jar of that wear differs; its own way up or down
# (5 to 10 %, SOURCES 3.4).
BASELINE_SD, READING_SD, COURSE_SD, INSTRUMENTS_SD = 0.020, 0.015, 0.010, 0.030
RISE_SD, OWN_SD = 0.25, 0.06
OF_A_MONITOR = 4  # readings of a month: no people come as often
# Share of baselines that are none: nominal values, another method, another unit of the make; how far off.
OTHERWISE, OTHERWISE_SD = 0.03, 0.15
DEGREES = 5.0  # of Student's t: readings are now and then far off


def by_resistance(jars: Course) -> np.ndarray:
    """ln likelihood of the resistances (J, K, M).

    Off their course, readings b of a jar are N(0, noise_b + BASELINE_SD^2 + apart_b apart_c). The two common
    parts are marginalised (Woodbury): sums over readings are all that is kept.
    """
    noise, measured = _noise(jars.known), np.isfinite(jars.known.ratio)
    logs = np.log(np.where(measured, jars.known.ratio, 1.0)).astype(np.float32)
    precise = np.where(measured, 1.0 / noise, 0.0).astype(np.float32)
    shape = (*jars.initial.shape, len(jars.kinds.rise))
    squares, sums, apart_sums, apart_one, apart_two = (np.zeros(shape, np.float32) for _ in range(5))
    for b in np.flatnonzero(measured.any(axis=0)):
        worn = jars.wear(jars.at(jars.known.ratio_years[:, b])).astype(np.float32)
        expected = jars.ratio(worn)
        apart = _apart(worn, expected)
        off = np.log(expected, out=expected)
        np.subtract(logs[:, b, None, None], off, out=off)
        weight = precise[:, b, None, None]
        sums += weight * off
        squares += weight * off * off
        weighed = weight * apart
        apart_one += weighed
        apart_two += weighed * apart
        apart_sums += np.multiply(weighed, off, out=weighed)
    total, freedom = precise.sum(1, dtype=np.float64), 0.5 * (DEGREES + measured.sum(1))

    def log_likelihood(baseline_sd: float) -> np.ndarray:
        one = (total + 1.0 / baseline_sd**2)[:, None, None].astype(np.float32)
        two = 1.0 + apart_two
        determinant = one * two - apart_one**2
        shared = two * sums**2 - 2.0 * apart_one * sums * apart_sums + one * apart_sums**2
        off_course = np.maximum(squares - shared / determinant, 0.0) / DEGREES
        log_density = freedom[:, None, None].astype(np.float32) * np.log1p(off_course)
        return -log_density - 0.5 * np.log(determinant * baseline_sd**2)

    return np.logaddexp(
        log_likelihood(BASELINE_SD) + np.log1p(-OTHERWISE), log_likelihood(OTHERWISE_SD) + np.log(OTHERWISE)
    )


def _noise(evidence: Evidence) -> np.ndarray:
    """Variance of ln R (J, B) of the readings of each month, beyond what they share."""
    # Readings of one month share weather and hand: so many are worth the root of their number.
    noise = READING_SD**2 / np.sqrt(np.maximum(evidence.readings, 1.0)) + COURSE_SD**2
    # Where a monitor reads, what people read with another instrument tells the course less surely.
    by_hand = ~evidence.monitor & evidence.monitor.any(axis=1, keepdims=True)
    return noise + np.where(by_hand, INSTRUMENTS_SD**2, 0.0)


def _apart(worn: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Standard deviation of ln R (J, K, M) between jars of a wear (J, K); expected (J, K, M): R over new."""
    rise = 1.0 - 1.0 / expected
    return np.sqrt((RISE_SD * rise) ** 2 + ((OWN_SD * np.minimum(worn, 1.0)) ** 2)[:, :, None])
