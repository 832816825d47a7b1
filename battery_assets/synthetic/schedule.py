"""When something happens to a string: transfers, outages, self tests, generator tests, capacity tests,
equalising.

Each month's events come from streams of that month alone, so any day of any month can be made by itself.
Where two would overlap, the more important one stays; the rule looks only at neighbouring months.
Rates are general knowledge, configurable here: 10-40 short transfers a year, outages by place and season.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, month_days, month_of_day, start_day
from battery_assets.synthetic.layout import System, layout
from battery_assets.synthetic.site import HORIZON_YEARS, PLACES, SyntheticSite

HOUR_S = 3600.0
TRANSFERS_PER_YEAR = (10.0, 40.0)
STORM_MONTHS = (4, 5, 6, 9, 10)
GENERATOR_RUN_S = 1200.0
GENERATOR_FAILS, GENERATOR_SLOW, KEPT_SD = 0.01, 0.04, 0.9
EQUALIZE_PER_MONTH, EQUALIZE_S = 0.02, 12 * HOUR_S
TEN_HOUR_A, THREE_HOUR_A = 12.0, 30.5
LONGEST_TEST_S = 15 * HOUR_S
RANK = ("capacity_test", "equalize", "outage", "generator_test", "self_test", "transfer")


@dataclass(frozen=True)
class Event:
    """Something that happens to one string. Loads are per string: watts per jar, or amperes; both 0: no
    discharge.

    `duration_s` is the longest that the discharge may take; `reach_s` covers the recharge as well.
    """

    kind: str
    string: int
    start_s: float
    duration_s: float
    reach_s: float
    watts: float = 0.0
    amps: float = 0.0
    stop_v_cell: float = 1.67

    @property
    def discharges(self) -> bool:
        """Whether the string carries load."""
        return self.watts > 0 or self.amps > 0

    @property
    def key(self) -> str:
        """Natural key within the site."""
        return f"{self.kind}|{self.string}|{self.start_s:.3f}"


def _loaded(
    system: System, string: int, kind: str, start_s: float, duration_s: float, factor: float
) -> Event:
    long = duration_s > 60
    reach = duration_s + (30 * HOUR_S if duration_s > 600 else 6 * HOUR_S if long else HOUR_S)
    return Event(kind, string, start_s, duration_s, reach, system.load_w * factor, system.load_a * factor)


def _on_all(site: SyntheticSite, kind: str, start_s: float, duration_s: float, factor: float) -> list[Event]:
    return [
        _loaded(system, string, kind, start_s, duration_s, factor)
        for system in layout(site).systems
        for string in system.strings
    ]


def _battery_time_s(site: SyntheticSite, rng: np.random.Generator) -> float:
    """How long the battery carries an outage: until the generator, or all of it where that fails.

    In the fleet one start in a hundred fails and four take minutes; a generator that nobody looks after
    fails in one of ten, a sound one in one of five hundred.
    """
    outage_s = 35 * 60 * rng.lognormal(0.0, 1.1)
    kept = stream(site.seed, site.site, "generator kept").lognormal(-(KEPT_SD**2) / 2, KEPT_SD)
    fails, slow = (min(share * kept, 0.3) for share in (GENERATOR_FAILS, GENERATOR_SLOW))
    luck = rng.random()
    if luck < fails:
        return min(outage_s, 2 * HOUR_S)
    return min(outage_s, rng.uniform(60, 300) if luck < fails + slow else rng.uniform(10, 30))


def _grid_events(site: SyntheticSite, month: int) -> list[Event]:
    rng = stream(site.seed, site.site, "grid", month)
    first, following = month_days(month)
    yearly = stream(site.seed, site.site, "grid quality").uniform(*TRANSFERS_PER_YEAR)
    storm = 2.0 if month % 12 + 1 in STORM_MONTHS else 0.6
    counts = rng.poisson(yearly / 12), rng.poisson(PLACES[site.place].outages_per_year * storm / 12)
    events = []
    for kind, count in zip(("transfer", "outage"), counts, strict=True):
        for _ in range(count):
            start = np.round(rng.uniform(first, following) * DAY_S, 1)
            lasts = rng.uniform(2, 10) if kind == "transfer" else _battery_time_s(site, rng)
            events += _on_all(site, kind, start, round(lasts, 1), rng.uniform(0.85, 1.1))
    return events


@lru_cache(maxsize=16)
def grid_starts_s(site: SyntheticSite) -> np.ndarray:
    """When the grid fails the site in its life, in order (s since 1970): every load that nobody planned."""
    first = month_of_day(start_day(site))
    months = range(first, first + 12 * HORIZON_YEARS)
    starts = {event.start_s for month in months for event in _grid_events(site, month)}
    return np.array(sorted(starts))


def _routine_tests(site: SyntheticSite, month: int) -> list[Event]:
    first, _ = month_days(month)
    rng = stream(site.seed, site.site, "routine", month)
    start = (first + int(rng.integers(3, 26))) * DAY_S + 4 * HOUR_S + float(rng.integers(0, 3600))
    # Every other generator test transfers the load for a moment, as the reference allows.
    seconds, factor = round(rng.uniform(5, 10), 1), rng.uniform(0.85, 1.1)
    if month % 2:
        events = _on_all(site, "generator_test", start, seconds, factor)
    else:
        strings = range(site.strings)
        events = [Event("generator_test", s, start, 0.0, GENERATOR_RUN_S) for s in strings]
    for system in layout(site).systems:
        start = (first + int(rng.integers(3, 26))) * DAY_S + 3 * HOUR_S + float(rng.integers(0, 3000))
        seconds, factor = round(rng.uniform(10, 30), 1), rng.uniform(0.85, 1.1)
        if system.kind == "UPS":
            events += [_loaded(system, s, "self_test", start, seconds, factor) for s in system.strings]
    return events


@lru_cache(maxsize=256)
def month_of_test(site: SyntheticSite, string: int) -> int:
    """Calendar month (0-11) of a string's yearly capacity test, spread over the site's strings."""
    turn = int(stream(site.seed, site.site, "test turn").integers(0, 12))
    return (turn + string * 12 // max(site.strings, 1)) % 12


def capacity_test(site: SyntheticSite, string: int, month: int) -> Event:
    """The yearly test: 10 h rate to 1.80 V/cell, or 3 h rate to 1.75, from 09:00 in Thailand."""
    rng = stream(site.seed, site.site, "capacity test", string, month)
    first, _ = month_days(month)
    # Days 5-24 with strings apart, so that no two strings of a site are tested at once.
    day = first + 5 + (string * 5) % 20 + int(rng.integers(0, 2))
    ten_hours = rng.random() < 0.6
    amps, cell = (TEN_HOUR_A, 1.80) if ten_hours else (THREE_HOUR_A, 1.75)
    start = day * DAY_S + 2 * HOUR_S + float(rng.integers(0, 1200))
    return Event("capacity_test", string, start, LONGEST_TEST_S, 48 * HOUR_S, amps=amps, stop_v_cell=cell)


def _work(site: SyntheticSite, month: int) -> list[Event]:
    first, _ = month_days(month)
    events = [
        capacity_test(site, s, month) for s in range(site.strings) if month_of_test(site, s) == month % 12
    ]
    rng = stream(site.seed, site.site, "equalize", month)
    for string in np.flatnonzero(rng.random(site.strings) < EQUALIZE_PER_MONTH):
        start = (first + int(rng.integers(3, 26))) * DAY_S + 12 * HOUR_S
        events.append(Event("equalize", int(string), start, EQUALIZE_S, EQUALIZE_S + 2 * HOUR_S))
    return events


@lru_cache(maxsize=64)
def _planned(site: SyntheticSite, month: int) -> tuple[Event, ...]:
    if month_days(month)[1] <= start_day(site):
        return ()
    return tuple(_grid_events(site, month) + _routine_tests(site, month) + _work(site, month))


@lru_cache(maxsize=64)
def month_events(site: SyntheticSite, month: int) -> tuple[Event, ...]:
    """Events that begin in a month (index), in order of time, after overlaps were settled."""
    near = [event for m in (month - 1, month, month + 1) for event in _planned(site, m)]
    by_string: dict[int, list[Event]] = {}
    for event in near:
        by_string.setdefault(event.string, []).append(event)

    def stays(event: Event) -> bool:
        own = (RANK.index(event.kind), event.start_s)
        return not any(
            (RANK.index(other.kind), other.start_s) < own
            and other.start_s - HOUR_S < event.start_s + event.reach_s
            and event.start_s < other.start_s + other.reach_s
            for other in by_string[event.string]
        )

    return tuple(sorted(filter(stays, _planned(site, month)), key=lambda e: (e.start_s, e.string)))


def events_touching(site: SyntheticSite, from_s: float, to_s: float) -> list[Event]:
    """Events whose discharge, test or recharge touches a span of time (s since 1970)."""
    first, last = (month_of_day(int(s // DAY_S)) for s in (from_s - 3 * DAY_S, to_s))
    return [
        event
        for month in range(first, last + 1)
        for event in month_events(site, month)
        if event.start_s < to_s and event.start_s + event.reach_s > from_s
    ]


def last_capacity_test(site: SyntheticSite, string: int, month: int) -> Event:
    """The string's latest capacity test that begins no later than a month (index)."""
    back = (month - month_of_test(site, string)) % 12
    return capacity_test(site, string, month - back)
