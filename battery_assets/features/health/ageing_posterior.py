"""What a jar's age, its resistance over the months, tests and discharges say together of its capacity.

A jar is one of many possible ones: three profiles of ageing that are met as 85, 12 and 3 of a hundred, each
with a spread of rates, initial capacities and, for the faster ones, mechanisms (SOURCES 3.2 to 3.4). Each of
them has a capacity and a resistance at any thermal age; evidence weighs them, and the weighted capacities are
the posterior: skewed and with a tail where a jar may be a fast one, as no normal distribution is.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from battery_assets.features.health.wear_out import days_left, life_density, quantile_days
from battery_assets.physics import ageing

# Deviation, how many of them, how many deviations they reach to. The worst jars of a fleet are the tails.
RATE_SD, RATES, RATES_REACH = 0.25, 15, 3.0  # log-normal within a profile, SOURCES 3.4
INITIAL_SD, INITIALS, INITIALS_REACH = 0.010, 5, 2.0  # of an acceptance test, SOURCES 5
# Jars under 80 % leave within weeks where anyone looks; in one of twenty places nobody does.
LEAVES_YEARS, STAYS = 0.2, 0.05
# Of ln R: baseline and instrument against it; one reading; the rise that another jar of the same wear shows,
# by which the intervals hold among worn jars nearly as among sound ones (worlds/estimation).
BASELINE_SD, READING_SD, RISE_SD = 0.020, 0.015, 0.20
DEGREES = 5.0  # of Student's t: readings and fits are now and then far off
# A string's test ends where somebody stops it for its weakest jar (at 1.60 V per cell: some points above what
# that jar has to the test's own end), or where the sum of all ends: at their mean. A jar alone is measured.
LEAST = 1e-100  # far below the odds of any test: one that nobody expected still speaks
ALONE_SD, WEAKEST_SD, MEAN_SD, BY_MEAN = 0.025, 0.04, 0.06, 0.4
# What a worn jar lacks of a rate's capacity, over what it lacks of C10, with the resistance of its wear; and
# what a string reads above its weakest jar; by the hours of the test [CALC: the jar model, 24 jars].
TEST_HOURS = (0.25, 1.0, 3.0, 5.0, 10.0)
LACKS_MORE, ABOVE_WEAKEST = (1.7, 1.12, 1.10, 1.08, 1.0), (0.10, 0.10, 0.08, 0.06, 0.045)
# 4.25 mΩ at 12 A; V per rating towards the end of a 10 h discharge (SOURCES 1.2); from 1.3 times on.
TEN_HOUR_DROP_V, END_SLOPE_V, UNEXPLAINED = 0.051, 1.3, 1.3
AGES_YEARS = (0.5, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0)
STEP_PCT, SMOOTH_PCT = 0.5, 0.7
GRID_PCT = np.arange(0.0, 130.0 + STEP_PCT, STEP_PCT)


@dataclass(frozen=True)
class Possible:
    """The possible jars (P,): rate a year at 25 °C, initial capacity relative to the acceptance, weight, and
    how their resistance rises."""

    rate: np.ndarray
    initial: np.ndarray
    log_weight: np.ndarray
    rise: np.ndarray
    lead: np.ndarray
    sudden: np.ndarray


def possible_jars() -> Possible:
    """Every combination of profile, rate, mechanism and initial capacity, with its share of new jars."""
    rates, rate_weights = _normal_nodes(RATES, RATES_REACH)
    initials, initial_weights = _normal_nodes(INITIALS, INITIALS_REACH)
    rows = []
    for profile in ageing.PROFILES:
        # Healthy jars corrode; the three mechanisms are met among the faster ones.
        healthy = profile is ageing.PROFILES[0]
        mechanisms = [(ageing.MECHANISMS[0], 1.0)] if healthy else [(m, m.share) for m in ageing.MECHANISMS]
        for mechanism, share in mechanisms:
            rise = profile.rise_at_end * mechanism.rise
            weight = profile.share * share
            rows += [
                (profile.rate * np.exp(RATE_SD * r), 1.0 + INITIAL_SD * c, np.log(weight * p * q), rise,
                 mechanism.lead_exponent, profile.sudden_per_year)
                for r, p in zip(rates, rate_weights, strict=True)
                for c, q in zip(initials, initial_weights, strict=True)
            ]  # fmt: skip
    return Possible(*np.array(rows).T)


def _normal_nodes(count: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """So many values of a standard normal from -reach to reach, evenly apart, and their shares."""
    values = np.linspace(-reach, reach, count)
    shares = np.exp(-0.5 * values**2)
    return values, shares / shares.sum()


@dataclass(frozen=True)
class Evidence:
    """What is known of J jars; NaN where it is not. Years are before now, thermal years are at 25 °C.

    accepted (J,): acceptance capacity, 1 is rated. age_years, factor (J,): age, thermal years per year.
    ratio, ratio_years, readings (J, B): median resistance against the baseline in a month, when, of how many.
    tested, tested_years, tested_hours (J,): the string's test, 1 is its rate's rating. string (J,): number
    of its string.
    complete (J,): no jar came into the string since the test. fitted, fitted_sd, fitted_years (J,):
    from a discharge.
    """

    accepted: np.ndarray
    age_years: np.ndarray
    factor: np.ndarray
    ratio: np.ndarray
    ratio_years: np.ndarray
    readings: np.ndarray
    tested: np.ndarray
    tested_years: np.ndarray
    tested_hours: np.ndarray
    string: np.ndarray
    complete: np.ndarray
    fitted: np.ndarray
    fitted_sd: np.ndarray
    fitted_years: np.ndarray


@dataclass(frozen=True)
class Posterior:
    """SOH in % of J jars: mean, standard deviation, 5 % and 95 % quantiles (J,); `measures` (J,): how likely
    a test measured this very jar, 0 without one and in a string of many; `life_days` (J, 3): 2.5, 50 and
    97.5 % quantiles of the days until it is worn out."""

    mean: np.ndarray
    sd: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    measures: np.ndarray
    life_days: np.ndarray


def posterior(evidence: Evidence) -> Posterior:
    """The posterior of each jar's state of health now; an unknown age may be any of AGES_YEARS."""
    unknown = np.isnan(evidence.age_years)
    at_age = [_at_ages(evidence, np.where(unknown, age, evidence.age_years)) for age in _ages(unknown)]
    logs = np.stack([log for _, log, _, _ in at_age])
    share = np.exp(logs - logs.max(0))
    share /= share.sum(0)
    density = sum(s[:, None] * d for s, (d, _, _, _) in zip(share, at_age, strict=True))
    measures = sum(s * m for s, (_, _, m, _) in zip(share, at_age, strict=True))
    life = sum(s[:, None] * left for s, (_, _, _, left) in zip(share, at_age, strict=True))
    mean = density @ GRID_PCT
    variance = np.maximum(density @ GRID_PCT**2 - mean**2, 0.0)
    lower, upper = (_quantile(density, quantile) for quantile in (0.05, 0.95))
    return Posterior(mean, np.sqrt(variance), lower, upper, measures, quantile_days(life))


def _ages(unknown: np.ndarray) -> tuple[float, ...]:
    return AGES_YEARS if unknown.any() else (0.0,)


def _at_ages(known: Evidence, age_years: np.ndarray) -> tuple[np.ndarray, ...]:
    """At ages (J,): density on GRID_PCT (J, G), ln evidence, `measures`, density of the days left (J, K)."""
    jars, dated = possible_jars(), replace(known, age_years=age_years)
    soh_at = _Capacities(dated)
    now = soh_at(jars, np.zeros(len(age_years)))
    log_w = jars.log_weight + _in_service(jars, dated)
    log_w = log_w + _by_resistance(jars, dated, soh_at) + _by_fit(jars, dated, soh_at)
    by_test, measures = _by_test(soh_at(jars, dated.tested_years), log_w, dated)
    log_w = log_w + by_test
    top = log_w.max(1)
    evidence = top + np.log(np.exp(log_w - top[:, None]).sum(1))
    able = now - _ohmic_loss(jars, dated, soh_at)
    weight = _normalised(log_w)
    end = ageing.years_to_end(jars.rate, soh_at.initial(jars))
    life = life_density(days_left(end, age_years, dated.factor), weight)
    return _smoothed(_histogram(100.0 * able, weight)), evidence, measures, life


class _Capacities:
    """SOH (J, P) of every possible jar some years ago (J,); what is unknown counts as now."""

    def __init__(self, known: Evidence) -> None:
        self.known = known

    def __call__(self, jars: Possible, years_ago: np.ndarray) -> np.ndarray:
        years = np.maximum(self.known.age_years - np.nan_to_num(years_ago), 0.0)
        tau = (years * self.known.factor)[:, None]
        return ageing.state_of_health(tau, jars.rate, self.initial(jars))

    def initial(self, jars: Possible) -> np.ndarray:
        return self.known.accepted[:, None] * jars.initial


def _in_service(jars: Possible, known: Evidence) -> np.ndarray:
    """ln P(a jar is still there): no sudden failure so far, and nobody has found it under 80 %."""
    end = ageing.years_to_end(jars.rate, known.accepted[:, None] * jars.initial)
    over = np.maximum(known.age_years[:, None] - end / known.factor[:, None], 0.0)
    stays = STAYS + (1.0 - STAYS) * np.exp(-over / LEAVES_YEARS)
    return np.log(stays) - jars.sudden * known.age_years[:, None]


def _by_resistance(jars: Possible, known: Evidence, soh_at: _Capacities) -> np.ndarray:
    """ln likelihood of the resistances (J, P): readings of one jar share baseline and instrument."""
    shape = len(known.age_years), len(jars.rate)
    squares, sums, precision = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    logs, common = np.zeros(shape), np.full(shape, BASELINE_SD**2)
    for b in range(known.ratio.shape[1]):
        seen = np.isfinite(known.ratio[:, b])
        if not seen.any():
            continue
        worn = ageing.wear(soh_at(jars, known.ratio_years[:, b]), soh_at.initial(jars))
        expected = ageing.resistance_ratio(worn, jars.rise, jars.lead)
        off = np.log(np.where(seen, known.ratio[:, b], 1.0))[:, None] - np.log(expected)
        noise = READING_SD**2 / np.sqrt(np.maximum(known.readings[:, b], 1.0))[:, None]
        part = np.where(seen, 1.0, 0.0)[:, None] / noise
        squares, sums, precision = squares + part * off**2, sums + part * off, precision + part
        logs = logs + np.where(seen[:, None], 0.5 * np.log(noise), 0.0)
        common = np.where(seen[:, None], BASELINE_SD**2 + (RISE_SD * (1.0 - 1.0 / expected)) ** 2, common)
    quad = squares - sums**2 / (precision + 1.0 / common)
    logs = logs + 0.5 * np.log1p(precision * common)
    count = np.isfinite(known.ratio).sum(1)[:, None]
    return -logs - 0.5 * (DEGREES + count) * np.log1p(np.maximum(quad, 0.0) / DEGREES)


def _ohmic_loss(jars: Possible, known: Evidence, soh_at: _Capacities) -> np.ndarray:
    """Share of the rating (J, P) that the last reading costs where it is far over what wear explains.

    A strap that opens leaves the plates as they are, but 1.80 V per cell is reached sooner: by the drop of
    the 10 h current over the slope of the voltage towards the end.
    """
    when = np.where(np.isfinite(known.ratio), known.ratio_years, np.inf)
    last = np.take_along_axis(known.ratio, when.argmin(1)[:, None], axis=1)
    worn = ageing.wear(soh_at(jars, np.zeros(len(when))), soh_at.initial(jars))
    expected = ageing.resistance_ratio(worn, jars.rise, jars.lead)
    return np.maximum(np.nan_to_num(last) - UNEXPLAINED * expected, 0.0) * TEN_HOUR_DROP_V / END_SLOPE_V


def _by_fit(jars: Possible, known: Evidence, soh_at: _Capacities) -> np.ndarray:
    """ln likelihood (J, P) of the capacity that a discharge showed."""
    seen = np.isfinite(known.fitted)
    off = (known.fitted[:, None] - soh_at(jars, known.fitted_years)) / known.fitted_sd[:, None]
    return np.where(seen[:, None], -0.5 * (DEGREES + 1) * np.log1p(np.nan_to_num(off) ** 2 / DEGREES), 0.0)


def _by_test(then: np.ndarray, log_w: np.ndarray, known: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """ln likelihood (J, P) of the string's test, and how likely it measured each jar (J,).

    Either the weakest jar ended it: that it was jar j has the odds of j ending there and all others later;
    then it is j's capacity, otherwise j has more. Where a jar came in since, the weakest has most likely
    gone. Or the sum of all did: then j is one of so many in their mean, which says little of one alone.
    """
    seen = np.isfinite(known.tested)
    alone = (np.bincount(known.string)[known.string] == 1)[:, None]
    hours = np.log(np.nan_to_num(known.tested_hours, nan=10.0))[:, None]
    more, above = (np.interp(hours, np.log(TEST_HOURS), by) for by in (LACKS_MORE, ABOVE_WEAKEST))
    at_rate = 1.0 - more * (1.0 - then)
    result = np.where(seen, np.nan_to_num(known.tested), 1.0)[:, None]
    sd = np.where(alone, ALONE_SD, WEAKEST_SD)
    off = (result - np.where(alone, 0.0, above) - at_rate) / sd
    ends, later = np.exp(-0.5 * off**2) / (np.sqrt(2 * np.pi) * sd), ndtr(-off)
    before = _normalised(log_w)
    odds = (before * ends).sum(1) / np.maximum((before * later).sum(1), LEAST)
    odds = np.where(seen, odds + LEAST, 0.0)
    total = np.bincount(known.string, odds)[known.string]
    # One that has gone may have ended anywhere in half a rating, and likelier than those that stayed.
    total = total + np.where(known.complete, 0.0, np.maximum(9.0 * total, 1.0 / 0.5))
    # Exactly: P(test | j's capacity) is j's end, and otherwise j later and the end of one of the others.
    weakest = ends + later * (total - odds)[:, None]
    jars, expected = np.bincount(known.string)[known.string], (before * at_rate).sum(1)
    others = np.bincount(known.string, expected)[known.string] - expected
    of_all = (at_rate + others[:, None]) / jars[:, None]
    mean = np.exp(-0.5 * ((result - of_all) / MEAN_SD) ** 2) / (np.sqrt(2 * np.pi) * MEAN_SD)
    likely = weakest + np.where(alone, 0.0, BY_MEAN / (1.0 - BY_MEAN)) * mean
    share = odds / np.where(total > 0, total, 1.0)
    return np.where(seen[:, None], np.log(likely + LEAST), 0.0), np.where(seen & alone[:, 0], share, 0.0)


def _normalised(log_w: np.ndarray) -> np.ndarray:
    weight = np.exp(log_w - log_w.max(1, keepdims=True))
    return weight / weight.sum(1, keepdims=True)


def _histogram(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights (J, P) of values in % on GRID_PCT, shared between the two neighbours."""
    at = np.clip(values / STEP_PCT, 0.0, len(GRID_PCT) - 1.001)
    low = at.astype(np.int64)
    rows = np.arange(len(values))[:, None] * len(GRID_PCT)
    size = len(values) * len(GRID_PCT)
    flat = np.bincount((rows + low).ravel(), (weight * (1.0 - at + low)).ravel(), size)
    flat += np.bincount((rows + low + 1).ravel(), (weight * (at - low)).ravel(), size)
    return flat.reshape(len(values), len(GRID_PCT))


def _smoothed(density: np.ndarray) -> np.ndarray:
    """With the point of scatter that a jar has about its own course."""
    reach = np.arange(-8, 9) * STEP_PCT
    kernel = np.exp(-0.5 * (reach / SMOOTH_PCT) ** 2)
    padded = np.pad(density, ((0, 0), (8, 8)), mode="edge")
    out = sum(k * padded[:, i : i + density.shape[1]] for i, k in enumerate(kernel / kernel.sum()))
    return out / out.sum(1, keepdims=True)


def _quantile(density: np.ndarray, share: float) -> np.ndarray:
    cdf = np.cumsum(density, axis=1)
    k = np.maximum((cdf < share).sum(1), 1)
    rows = np.arange(len(density))
    below, above = cdf[rows, k - 1], cdf[rows, np.minimum(k, density.shape[1] - 1)]
    part = np.clip((share - below) / np.maximum(above - below, 1e-12), 0.0, 1.0)
    return GRID_PCT[k - 1] + STEP_PCT * (part + 0.5)
