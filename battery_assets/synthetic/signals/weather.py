"""The site's long weather and its rooms: outdoor days, and HVAC trouble.

All of it spans thirty years before the first month (so that the fleet is in a steady state) to the horizon.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics import climate, thermal
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, start_day
from battery_assets.synthetic.layout import System, layout
from battery_assets.synthetic.site import HORIZON_YEARS, PLACES, SyntheticSite

BURN_IN_DAYS = 30 * 365
SPAN_DAYS = BURN_IN_DAYS + HORIZON_YEARS * 366 + 40
SELF_HEAT_K = 0.3  # float heat of 0.3-0.7 W over 1.2 W/K


# Rooms of one site are kept alike; a room in eight of DC systems is ventilated, not cooled (convention).
SITE_SETPOINT_C, ROOM_SETPOINT_K, UNCOOLED_SHARE = (22.0, 27.5), 0.8, 1 / 8
COOLED_HEAT_K, VENTILATED_HEAT_K = (6.0, 12.0), (2.5, 5.0)
# Of the usual cooling rate: some units are small for their room, and it follows load and weather.
STRENGTH = (0.3, 1.0)
# The equipment's heat follows its load: whole on weekdays from eight to six local time (convention).
OFF_HOURS_LOAD, WORK_H, ZONE_H = 0.6, (8, 18), 7
WARMS_K_H = 12.0  # with the air's own lag 4-8 K/h at first when a unit fails (SOURCES 2)


@dataclass(frozen=True)
class Room:
    """A battery room: setpoint (C), its equipment's heat at full load (K above the outdoors that it settles
    at without cooling), strength of its cooling (0: it has none), HVAC trips (start_s, end_s), warm spells
    (from day, to day, K, failed 1/0).
    """

    setpoint_c: float
    own_heat_k: float
    strength: float
    saw_period_s: float
    trips_s: np.ndarray
    warm_spells: np.ndarray


def load_share(second: np.ndarray) -> np.ndarray:
    """Share of its full load that equipment draws at seconds since 1970: offices work on weekdays."""
    hours = np.asarray(second) / 3600.0 + ZONE_H
    weekday = (hours // 24 + 3) % 7 < 5  # 1970-01-01 was a Thursday
    working = (hours % 24 >= WORK_H[0]) & (hours % 24 < WORK_H[1])
    return np.where(weekday & working, 1.0, OFF_HOURS_LOAD)


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
    kept_c = stream(site.seed, site.site, "rooms").uniform(*SITE_SETPOINT_C)
    return tuple(_room(site, system, kept_c) for system in layout(site).systems)


def _room(site: SyntheticSite, system: System, kept_c: float) -> Room:
    rng = stream(site.seed, site.site, "room", system.number)
    built = stream(site.seed, site.site, "room as built", system.number)
    setpoint, strength = kept_c + built.uniform(-1, 1) * ROOM_SETPOINT_K, built.uniform(*STRENGTH)
    period, origin, years = rng.uniform(900, 1700), first_day(site), SPAN_DAYS / 365.25
    if system.kind != "UPS" and built.random() < UNCOOLED_SHARE:
        none = np.empty((0, 2)), np.empty((0, 4))
        return Room(setpoint, built.uniform(*VENTILATED_HEAT_K), 0.0, period, *none)
    trips = rng.poisson(3.0 * years)
    starts = (origin + rng.uniform(0, SPAN_DAYS, trips)) * DAY_S
    trips_s = np.stack([starts, starts + rng.uniform(0.5, 3.0, trips) * 3600], axis=1)
    failed, drifted = rng.poisson(0.5 * years), rng.poisson(0.3 * years)
    begin = origin + rng.uniform(0, SPAN_DAYS, failed + drifted)
    days = np.concatenate([rng.uniform(1, 5, failed), rng.uniform(14, 45, drifted)])
    extra = np.concatenate([rng.uniform(2, 4, failed), np.full(drifted, 2.0)])
    kind = np.repeat([1.0, 0.0], [failed, drifted])
    spells = np.stack([begin, begin + days, extra, kind], axis=1)
    return Room(setpoint, built.uniform(*COOLED_HEAT_K), strength, period, trips_s, spells)


@lru_cache(maxsize=16)
def room_daily_c(site: SyntheticSite) -> np.ndarray:
    """Mean room temperature (systems, SPAN_DAYS) in C, warm spells included, short trips left out."""
    days = np.arange(SPAN_DAYS) + first_day(site)
    load = load_share(days[:, None] * DAY_S + 3600.0 * np.arange(24)).mean(axis=1)
    daily = []
    for room in rooms(site):
        setpoint = np.full(SPAN_DAYS, room.setpoint_c)
        for begin, end, extra, _ in room.warm_spells:
            setpoint += extra * np.clip(np.minimum(days + 1, end) - np.maximum(days, begin), 0.0, 1.0)
        heat = room.own_heat_k * load
        daily.append(thermal.room_pull(setpoint, outdoor_c(site), room.strength, heat)[0])
    return np.array(daily)
