"""How people find a jar that is to go: by tests, rounds, alarms and loads, late, and now and then wrongly.

Nobody sees true health. A yearly test shows a weak jar by its own voltage, a quarterly round by its
resistance; both are off by some per cent, some findings are let pass, and what is ordered takes weeks. A
cracked strap that no alarm named is found when a load falls on it. Shares and delays are conventions.
"""

from functools import lru_cache

import numpy as np

from battery_assets.physics import ageing
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, month_days, month_of_day, start_day
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.schedule import grid_starts_s, month_of_test
from battery_assets.synthetic.signals.wear_clock import ageing_clock
from battery_assets.synthetic.signals.weather import SPAN_DAYS, first_day
from battery_assets.synthetic.site import SyntheticSite

NEVER = 10_000_000
# Why a jar left: its string was renewed or it still serves, a test, a round, a load, an alarm.
KEPT, BY_TEST, BY_ROUND, BY_LOAD, BY_ALARM = range(5)
ROUNDS, TESTS = 40, 10
ROUND_DAY, TEST_DAY = 6, 15  # of the month; a report comes with the test's end
TEST_SD, READING_SD = 0.03, 0.025
FAILS_AT, RISEN_BY = 0.80, 1.50  # 80 % of rated; +50 % of resistance (SOURCES 3.4)
TESTS_ACTED_ON, ROUNDS_ACTED_ON = 0.85, 0.80
MISTAKEN_PER_YEAR = 0.004  # sound jars: a neighbour's number, a loose clamp, a lug that was dirty
COLLAPSES_AT = 0.55  # of rated: such a jar reverses at the next load
STRAPS_NAMED = 0.6  # of cracking straps, by a daily ohmic reading; the others wait for a load
ORDER_DAYS, ORDER_SPREAD, LONGEST_ORDER = 30.0, 0.6, 150.0


@lru_cache(maxsize=16)
def _quarters(site: SyntheticSite) -> np.ndarray:
    """Days of the quarterly rounds, from before the site's history to the horizon."""
    first = month_of_day(first_day(site))
    months = [m for m in range(first, month_of_day(first_day(site) + SPAN_DAYS) + 1) if m % 3 == 0]
    return np.array([month_days(m)[0] + ROUND_DAY for m in months])


@lru_cache(maxsize=16)
def _tests(site: SyntheticSite) -> np.ndarray:
    """Days of the yearly test of every string, (strings, years)."""
    first, last = (month_of_day(first_day(site) + d) for d in (0, SPAN_DAYS))
    days = [
        [month_days(m)[0] + TEST_DAY for m in range(first, last + 1) if m % 12 == month_of_test(site, string)]
        for string in range(site.strings)
    ]
    least = min(len(own) for own in days)
    return np.array([own[:least] for own in days])


def taken_out(site: SyntheticSite, key: tuple, jars: dict, installed: np.ndarray, offset: np.ndarray):
    """Day on which each place's jar is taken out for its wear, or by mistake, and by what it was found.

    `jars` as they are drawn, `key` names their draw. NEVER where nobody finds a reason.
    """
    rng, n = stream(site.seed, site.site, "operators", *key), installed.size
    strings = np.repeat(np.arange(site.strings), site.jars_per_string)
    quarters = _quarters(site)
    at = np.searchsorted(quarters, installed, side="right")[:, None] + np.arange(1, ROUNDS + 1)
    rounds = np.where(at < quarters.size, quarters[np.minimum(at, quarters.size - 1)], NEVER)
    soh, ratio = _course(site, jars, installed, offset, rounds)
    risen = ratio * (1 + READING_SD * rng.standard_normal((n, ROUNDS))) > RISEN_BY
    by_round = _first(rounds, risen & (rng.random((n, ROUNDS)) < ROUNDS_ACTED_ON))
    tests = _tests(site)[strings]
    after = (tests < installed[:, None]).sum(axis=1)[:, None] + np.arange(TESTS)
    tests = np.where(
        after < tests.shape[1], np.take_along_axis(tests, np.minimum(after, tests.shape[1] - 1), 1), NEVER
    )
    tested, _ = _course(site, jars, installed, offset, tests)
    weak = tested * (1 + TEST_SD * rng.standard_normal((n, TESTS))) < FAILS_AT
    by_test = _first(tests, weak & (rng.random((n, TESTS)) < TESTS_ACTED_ON))
    by_load = next_load(site, _first(rounds, soh < COLLAPSES_AT), rng)
    mistaken = installed + 365.25 * rng.exponential(1 / MISTAKEN_PER_YEAR, n)
    days = np.stack([by_test, by_round, by_load, mistaken])
    cause = np.array([BY_TEST, BY_ROUND, BY_LOAD, BY_ROUND])[days.argmin(axis=0)]
    order = np.clip(ORDER_DAYS * np.exp(ORDER_SPREAD * rng.standard_normal(n)), 5.0, LONGEST_ORDER)
    return days.min(axis=0) + np.where(cause == BY_LOAD, order / 5, order), cause


def strap_found(site: SyntheticSite, key: tuple, jars: dict) -> tuple[np.ndarray, np.ndarray]:
    """Day on which a sudden failure is found, and by what: its alarm, or the first load on an open string."""
    rng, n = stream(site.seed, site.site, "alarms", *key), jars["sudden_day"].size
    named = (jars["sudden"] != 1) | (rng.random(n) < STRAPS_NAMED)
    loaded = next_load(site, jars["opens_day"], rng)
    return np.where(named, jars["sudden_day"], loaded), np.where(named, BY_ALARM, BY_LOAD)


def next_load(site: SyntheticSite, days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """First day (with fraction) after each of some days on which the grid fails; NEVER stays.

    Before the site's first month no loads are planned: there one comes after some weeks.
    """
    starts, days = np.append(grid_starts_s(site) / DAY_S, NEVER), np.minimum(days, NEVER)
    planned = starts[np.searchsorted(starts, days)]
    return np.where(
        days >= NEVER,
        NEVER,
        np.where(days < start_day(site), days + rng.exponential(20.0, days.size), planned),
    )


def _first(days: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """The first of each row's days that hits."""
    return np.where(hit & (days < NEVER), days, NEVER).min(axis=1).astype(float)


def _course(site: SyntheticSite, jars: dict, installed, offset, days: np.ndarray):
    """Health and resistance ratio of jars on days (n, K), without sudden failures."""
    clock, origin = ageing_clock(site), first_day(site)
    system = np.repeat(layout(site).system_of_string, site.jars_per_string)[:, None]
    at = np.minimum(days - origin, clock.shape[1] - 1)
    begun = np.clip(installed - origin, 0, clock.shape[1] - 1)[:, None]
    lived = np.maximum(clock[system, at] - clock[system, begun], 0.0)
    tau = lived * site.world.years(25 + offset)[:, None]
    initial = jars["initial"][:, None]
    soh = site.world.health(tau, jars["rate"][:, None], initial)
    worn = ageing.wear(soh, initial)
    profile, mechanism, own = (jars[k][:, None] for k in ("profile", "mechanism", "own_ohmic"))
    return soh, site.world.resistance(worn, profile, mechanism, own)
