"""The site's long weather and its rooms: outdoor days, and HVAC trouble.

All of it spans thirty years before the first month (so that the fleet is in a steady state) to the horizon.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics import climate, thermal
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, start_day
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.site import HORIZON_YEARS, PLACES, SyntheticSite

BURN_IN_DAYS = 30 * 365
SPAN_DAYS = BURN_IN_DAYS + HORIZON_YEARS * 366 + 40
SELF_HEAT_K = 0.3  # float heat of 0.3-0.7 W over 1.2 W/K


@dataclass(frozen=True)
class Room:
    """A battery room: setpoint (C), its equipment's heat (K above the outdoors that it settles at without
    cooling), HVAC trips (start_s, end_s), warm spells (from day, to day, K, failed 1/0).
    """

    setpoint_c: float
    own_heat_k: float
    saw_period_s: float
    trips_s: np.ndarray
    warm_spells: np.ndarray


def first_day(site: SyntheticSite) -> int:
    """Day number at which the site's long history begins."""
    return start_day(site) - BURN_IN_DAYS


@lru_cache(maxsize=16)
def outdoor_c(site: SyntheticSite) -> np.ndarray:
    """Daily mean outdoors (C), SPAN_DAYS values from `first_day`."""
    days = (np.arange(SPAN_DAYS) + first_day(site)).astype("datetime64[D]")
    innovations = stream(site.seed, site.site, "weather").standard_normal(SPAN_DAYS)
    return climate.daily_mean_c(PLACES[site.place].climate, days, innovations)


@lru_cache(maxsize=16)
def rooms(site: SyntheticSite) -> tuple[Room, ...]:
    """One room per system: short HVAC trips 3/yr, a failed unit 0.5/yr, a drifted setpoint 0.3/yr."""
    found = []
    for system in layout(site).systems:
        rng = stream(site.seed, site.site, "room", system.number)
        setpoint, period = rng.uniform(23.5, 26.0), rng.uniform(900, 1700)
        origin, years = first_day(site), SPAN_DAYS / 365.25
        trips = rng.poisson(3.0 * years)
        starts = (origin + rng.uniform(0, SPAN_DAYS, trips)) * DAY_S
        lengths = rng.uniform(0.5, 3.0, trips) * 3600
        failed, drifted = rng.poisson(0.5 * years), rng.poisson(0.3 * years)
        begin = origin + rng.uniform(0, SPAN_DAYS, failed + drifted)
        days = np.concatenate([rng.uniform(1, 5, failed), rng.uniform(14, 45, drifted)])
        extra = np.concatenate([rng.uniform(2, 4, failed), np.full(drifted, 2.0)])
        kind = np.repeat([1.0, 0.0], [failed, drifted])
        trips_s = np.stack([starts, starts + lengths], axis=1)
        own_heat = rng.uniform(6.0, 12.0)
        found.append(
            Room(setpoint, own_heat, period, trips_s, np.stack([begin, begin + days, extra, kind], axis=1))
        )
    return tuple(found)


@lru_cache(maxsize=16)
def room_daily_c(site: SyntheticSite) -> np.ndarray:
    """Mean room temperature (systems, SPAN_DAYS) in C, warm spells included, short trips left out."""
    days = np.arange(SPAN_DAYS) + first_day(site)
    daily = []
    for room in rooms(site):
        setpoint = np.full(SPAN_DAYS, room.setpoint_c)
        for begin, end, extra, _ in room.warm_spells:
            setpoint += extra * np.clip(np.minimum(days + 1, end) - np.maximum(days, begin), 0.0, 1.0)
        daily.append(thermal.room_pull(setpoint, outdoor_c(site), 1.0, room.own_heat_k)[0])
    return np.array(daily)
