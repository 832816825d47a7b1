"""What a jar's age, its resistance over the months, float voltage, tests and discharges say of its capacity.

A jar is one of many possible ones (`prior`): each has a rate, a course, an initial capacity and a mechanism;
by them it has a capacity, a resistance and a float voltage at any thermal age. Evidence weighs them, and the
weighted capacities are the posterior. The interval is to hold a jar of any health, not nine of ten jars of a
fleet that is mostly sound. So it reaches as far as evidence speaks where all healths are alike beforehand:
what nothing tells from a sound jar, as one that sulfates, is inside.
"""

from dataclasses import dataclass, replace

import numpy as np

from battery_assets.features.health import prior
from battery_assets.features.health.course import Course, Evidence
from battery_assets.features.health.densities import GRID_PCT, densities, normalised, quantile, rarity
from battery_assets.features.health.prior import possible_jars
from battery_assets.features.health.resistance import by_resistance
from battery_assets.features.health.string_test import by_string_test
from battery_assets.features.health.wear_out import (
    ends_by_course,
    interval_days,
    life_density,
    quantile_days,
)
from battery_assets.physics import ageing

# A jar under 80 % serves on until the year's test finds it and another comes (SOURCES 5); in one of five
# places nobody looks.
LEAVES_YEARS, STAYS = 0.7, 0.2
# Such a jar reverses at the next load: one of twenty is still there, and fewer the longer ago it was.
REVERSES_AT, REVERSED, REVERSED_YEARS = 0.5, 0.05, 0.5
FALLS = 3.5  # times its rate a jar loses after its knee
# V of six cells: by which ln of float current lowers a jar beside its string; what settled jars, makes and
# sensors differ by; a new jar settles first (SOURCES 1.5).
TAFEL_V, FLOAT_SD_V, SETTLED_YEARS = 6.0 / 11.0, 0.10, 0.8
DEGREES = 5.0  # of Student's t: readings and fits are now and then far off
# 4.25 mΩ at 12 A; V per rating towards the end of a 10 h discharge (SOURCES 1.2); from 1.3 times on.
TEN_HOUR_DROP_V, END_SLOPE_V, UNEXPLAINED = 0.051, 1.3, 1.3
LEAST = 1e-300  # a weight: no course is forgotten
AGES_YEARS = (0.5, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0)
# Ends of the interval: of the posterior, and of the evidence with all healths alike. A low end that is missed
# costs a load, so it is asked twice as surely.
LOWER, UPPER, LOWER_ALIKE = 0.05, 0.95, 0.025
# Of the estimate: how far rare healths are raised beforehand, between none and all alike. What is let pass
# costs more than a visit to a sound jar, and a posterior of mostly sound jars lets the worn ones pass. So do
# ends that are near: lives told with more of it are nearer to the true ones, and as well ranked.
RAISED, RAISED_LIFE = 0.15, 0.70


@dataclass(frozen=True)
class Posterior:
    """SOH in % of J jars: mean, how far apart the 5 and 95 % quantiles of the posterior itself are, lower and
    upper end of the interval (J,); `life_days` (J, 3): lower end, median and upper end of the days until it
    is worn out; `likely_days` (J, 3): 2.5, 50 and 97.5 % of the same by the weights of the mean; `by_course`
    (J, 1 + 2 Q): `wear_out.ends_by_course`, for draws of a string."""

    mean: np.ndarray
    width: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    life_days: np.ndarray
    likely_days: np.ndarray
    by_course: np.ndarray


@dataclass(frozen=True)
class _AtAge:
    """At ages (J,): density on GRID_PCT (J, G) and the same with all healths alike beforehand, ln evidence
    (J,), density of the days left (J, K) as told; by the weights of `found` those of courses that bend and of
    straight ones (J, 2, K), and how likely the evidence is of each (J, 2)."""

    found: np.ndarray
    alike: np.ndarray
    log_evidence: np.ndarray
    life: np.ndarray
    courses: np.ndarray
    said: np.ndarray


def posterior(evidence: Evidence, *, lives: bool = True) -> Posterior:
    """The posterior of each jar's state of health now; an unknown age may be any of AGES_YEARS.

    Without `lives` what tells of days that are left is empty, (J, 0): that is a fifth of the work.
    """
    unknown = np.isnan(evidence.age_years)
    ages = AGES_YEARS if unknown.any() else (0.0,)
    at_age = [_at_ages(evidence, np.where(unknown, age, evidence.age_years), lives) for age in ages]
    share = normalised(np.stack([one.log_evidence for one in at_age], axis=1))
    weights, alike, life, courses, said = (
        sum((part * getattr(one, name).T).T for part, one in zip(share.T, at_age, strict=True))
        for name in ("found", "alike", "life", "courses", "said")
    )
    low, high = quantile(weights, LOWER), quantile(weights, UPPER)
    lower = np.minimum(low, quantile(alike, LOWER_ALIKE))
    upper = np.maximum(high, quantile(alike, UPPER))
    if not lives:
        return Posterior(weights @ GRID_PCT, high - low, lower, upper, life, life, life)
    each = np.array([1.0 - prior.STRAIGHT, prior.STRAIGHT])
    days = (
        interval_days(life, (courses / each[:, None]).sum(1)),
        quantile_days(courses.sum(1), 0.025, 0.5, 0.975),
        ends_by_course(courses, said / each),
    )
    return Posterior(weights @ GRID_PCT, high - low, lower, upper, *days)


def _at_ages(evidence: Evidence, age_years: np.ndarray, lives: bool) -> _AtAge:
    jars = Course(possible_jars(), replace(evidence, age_years=age_years))
    now = jars.at(np.zeros(len(age_years)))
    end = prior.years_to_end(jars.kinds, jars.initial)
    before = jars.kinds.log_weight + _in_service(jars, now, end)
    course = before + _by_fit(jars)
    log_w = course[:, :, None] + jars.kinds.log_share + by_resistance(jars)
    log_w += _by_float(jars, now, log_w)
    # What follows knows only the course: mechanisms are summed over.
    top = log_w.max((1, 2), keepdims=True)
    weight = np.exp(log_w - top)
    of_course = weight.sum(2)
    loss = _ohmic_loss(jars, now, weight, of_course)
    log_w = np.log(np.maximum(of_course, LEAST)) + top[:, :, 0]
    then = jars.at(evidence.test.years)
    log_w = log_w + by_string_test(then, normalised(log_w), evidence.test, evidence.string, evidence.complete)
    peak = log_w.max(1)
    log_evidence = peak + np.log(np.exp(log_w - peak[:, None]).sum(1))
    rare = np.log(rarity(100.0 * now, normalised(before)))
    raised, alike = (normalised(log_w - by * rare) for by in (RAISED, 1.0))
    able = 100.0 * (now - loss)
    lost = 100.0 * (jars.initial * (1.0 + ageing.FORMATION_GAIN)) - able
    histogram, flat = densities(able, lost, raised, alike)
    if not lives:
        nothing = np.empty((len(now), 0))
        return _AtAge(histogram, flat, log_evidence, nothing, nothing, nothing)
    life = life_density(end, age_years, evidence.factor, normalised(log_w - RAISED_LIFE * rare))
    forms, likely = (~jars.kinds.straight, jars.kinds.straight), normalised(log_w)
    of_forms = [life_density(end[:, own], age_years, evidence.factor, raised[:, own]) for own in forms]
    said = np.stack([likely[:, own].sum(1) for own in forms], axis=1)
    return _AtAge(histogram, flat, log_evidence, life, np.stack(of_forms, axis=1), said)


def _in_service(jars: Course, now: np.ndarray, end: np.ndarray) -> np.ndarray:
    """ln P(a jar is still there) (J, K): no sudden failure so far, and nobody has found it under 80 %."""
    age = jars.known.age_years[:, None]
    over = np.maximum(age - end / jars.known.factor[:, None], 0.0)
    stays = STAYS + (1.0 - STAYS) * np.exp(-over / LEAVES_YEARS)
    fall = (ageing.END_OF_LIFE - REVERSES_AT) / (FALLS * jars.kinds.rate) / jars.known.factor[:, None]
    dead = np.log(REVERSED) - np.maximum(over - fall, 0.0) / REVERSED_YEARS
    return np.log(stays) + np.where(now < REVERSES_AT, dead, 0.0) - jars.kinds.sudden * age


def _by_fit(jars: Course) -> np.ndarray:
    """ln likelihood (J, K) of the capacity that a discharge showed."""
    evidence, fitted = jars.known, np.isfinite(jars.known.fitted)
    off = (evidence.fitted[:, None] - jars.at(evidence.fitted_years)) / evidence.fitted_sd[:, None]
    return np.where(fitted[:, None], _student(np.nan_to_num(off)), 0.0)


def _by_float(jars: Course, now: np.ndarray, log_w: np.ndarray) -> np.ndarray:
    """ln likelihood (J, K, M) of the voltage beside the string's on float.

    What wears takes more current at a voltage, what dries out most; in a string it floats low. The string's
    median jar is worn as well, as far as log_w (J, K, M) has it.
    """
    evidence = jars.known
    floats = np.isfinite(evidence.float_v) & (evidence.age_years > SETTLED_YEARS)
    if not floats.any():
        return np.zeros(log_w.shape)
    worn = jars.wear(now)[:, :, None]
    lower = TAFEL_V * np.log(ageing.float_current_ratio(worn, jars.kinds.float_current))
    weight = np.exp(log_w - log_w.max((1, 2), keepdims=True))
    usual = _string_median((weight * lower).sum((1, 2)) / weight.sum((1, 2)), evidence.string)
    off = ((np.nan_to_num(evidence.float_v) - usual)[:, None, None] + lower) / FLOAT_SD_V
    return np.where(floats[:, None, None], _student(off), 0.0)


def _string_median(values: np.ndarray, string: np.ndarray) -> np.ndarray:
    """The median (J,) of the values (J,) of each jar's string, the lower one of two."""
    order = np.lexsort((values, string))
    first = np.searchsorted(string[order], np.arange(string.max() + 1))
    middle = first + (np.bincount(string) - 1) // 2
    return values[order][middle][string]


def _student(off: np.ndarray) -> np.ndarray:
    return -0.5 * (DEGREES + 1.0) * np.log1p(off**2 / DEGREES)


def _ohmic_loss(jars: Course, now: np.ndarray, weight: np.ndarray, of_course: np.ndarray) -> np.ndarray:
    """Share of the rating (J, K) that the last reading costs where it is far over what wear explains.

    A strap that opens leaves the plates as they are, but 1.80 V per cell is reached sooner: by the drop of
    the 10 h current over the slope of the voltage towards the end. weight (J, K, M): of mechanisms, over
    which a course's mean is taken; of_course (J, K): its sum.
    """
    evidence = jars.known
    when = np.where(np.isfinite(evidence.ratio), evidence.ratio_years, np.inf)
    last = np.nan_to_num(np.take_along_axis(evidence.ratio, when.argmin(1)[:, None], axis=1))
    loss, high = np.zeros(now.shape), last[:, 0] > UNEXPLAINED
    if high.any():
        over = last[high, :, None] - UNEXPLAINED * jars.ratio(jars.wear(now)[high])
        mean = (weight[high] * np.maximum(over, 0.0)).sum(2) / np.maximum(of_course[high], LEAST)
        loss[high] = mean * TEN_HOUR_DROP_V / END_SLOPE_V
    return loss
