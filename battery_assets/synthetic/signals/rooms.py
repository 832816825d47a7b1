"""A day in the battery rooms: air, dew point, HVAC and the temperature of every jar, minute by minute.

Rooms and jars are first-order bodies that forget; four days of run-up make a day independent of where one
began.
"""

from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from battery_assets.physics import climate, float_heat, thermal
from battery_assets.physics.open_circuit import open_circuit_v
from battery_assets.synthetic.calendar import DAY_S, start_day
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.discharges import run
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import RUNAWAY, SWITCH_S, in_service, lives
from battery_assets.synthetic.overcharge import Overcharge, laid_over, overcharged
from battery_assets.synthetic.recent import RecentDays
from battery_assets.synthetic.schedule import events_touching
from battery_assets.synthetic.signals.bus import ripple_heat_w
from battery_assets.synthetic.signals.weather import (
    WARMS_K_H,
    Room,
    first_day,
    load_share,
    outdoor_c,
    rooms,
)
from battery_assets.synthetic.site import SyntheticSite

RUN_UP_DAYS = 4
MINUTES = 1440
INDOOR_HUMIDITY_PCT = 52.0
SAW_K = 0.3
RESTART_S = 180.0  # of compressors after the generator took over
CATCHING_UP_K = 0.6


@dataclass(frozen=True)
class RoomDay:
    """Minutes of a span, (systems, n): air and dew point in C, whether HVAC is in trouble, whether it cools,
    and how much of its dead band's saw-tooth is there (none while it is out or cannot keep up).
    """

    air_c: np.ndarray
    dew_c: np.ndarray
    fault: np.ndarray
    running: np.ndarray
    saw: np.ndarray


@dataclass(frozen=True)
class JarDay:
    """Minutes 0..1440 of a day: `jar_c` (jars, 1441), `excess_v_cell` (strings, 1441) that a charger wrongly
    holds (NaN where it compensates), and the minute at which each string's charger was cut (inf: it was not).
    `stopped_min` (strings, 1441): minutes since a charger stopped for the heat of its string, -1: it charges.
    """

    jar_c: np.ndarray
    excess_v_cell: np.ndarray
    cut: np.ndarray
    stopped_min: np.ndarray


def _outdoors(site: SyntheticSite, day: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Air and dew point outdoors, by the minute, for `days` days from `day` (closing minute included)."""
    minute = np.arange(days * MINUTES + 1)
    index = day - first_day(site) + np.arange(-1, days + 1)
    noon = (np.arange(-1, days + 1) + 0.5) * MINUTES
    mean = np.interp(minute, noon, outdoor_c(site)[index])
    air = mean + climate.diurnal_c(np.datetime64(day, "D"), minute / 60.0)
    wet = climate.daily_humidity_pct((day + np.arange(-1, days + 1)).astype("datetime64[D]"))
    return air, thermal.dew_point_c(mean, np.interp(minute, noon, wet))


def _troubles(room: Room, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether cooling is lost, the setpoint that holds (C), and whether a unit has failed, at each moment."""
    tripped, failed = np.zeros(second.size, bool), np.zeros(second.size, bool)
    setpoint = np.full(second.size, room.setpoint_c)
    near = (room.trips_s[:, 1] > second[0]) & (room.trips_s[:, 0] < second[-1])
    for start, end in room.trips_s[near]:
        tripped |= (second >= start) & (second < end)
    standing = room.warm_spells[:, 1] * DAY_S > second[0], room.warm_spells[:, 0] * DAY_S <= second[-1]
    for start, end, extra, kind in room.warm_spells[standing[0] & standing[1]]:
        inside = (second >= start * DAY_S) & (second < end * DAY_S)
        # A second unit is too small alone: the room warms by some kelvin within the hour.
        warmed = 1 - np.exp(-np.maximum(second - start * DAY_S, 0.0) * WARMS_K_H / (3600.0 * extra))
        setpoint += extra * inside * (warmed if kind > 0 else 1.0)
        failed |= inside & (kind > 0)
    return tripped, setpoint, failed


def _without_power(site: SyntheticSite, second: np.ndarray) -> np.ndarray:
    """Moments at which the cooling has no supply: an outage until the generator, and its restart after it."""
    dark = np.zeros(second.size, bool)
    for event in events_touching(site, second[0] - 7200, second[-1]):
        if event.kind == "outage":
            ends = event.start_s + event.duration_s + RESTART_S
            dark |= (second + 60 > event.start_s) & (second < ends)
    return dark


def _room(room: Room, second, outdoor, wet, dark) -> tuple[np.ndarray, ...]:
    tripped, setpoint, failed = _troubles(room, second)
    lost = tripped | dark
    cooled, heat = room.strength > 0, room.own_heat_k * load_share(second)
    target, rate = thermal.room_pull(setpoint, outdoor, room.strength * ~lost, heat)
    air = thermal.lag(target[None], rate[None], 60.0, target[:1])[0]
    dry = thermal.dew_point_c(setpoint, INDOOR_HUMIDITY_PCT)
    indoors = np.where(lost | (not cooled), wet, dry)
    dew = thermal.lag(indoors[None], rate[None] / 2, 60.0, indoors[:1])[0]
    # A unit that pulls a warm room down, or works for one that failed, does not pause.
    busy = failed | (air > target.min() + CATCHING_UP_K) & (air > setpoint + CATCHING_UP_K)
    held = (~lost & ~busy & cooled).astype(float)
    saw = thermal.lag(held[None], np.array([[thermal.COOLING_PER_S]]), 60.0, held[:1])[0]
    cooling = (second % room.saw_period_s) < 0.6 * room.saw_period_s
    return air, np.minimum(dew, air), tripped | failed, ~lost & cooled & (busy | cooling), saw


@lru_cache(maxsize=8)
def _rooms_since(site: SyntheticSite, begin: int, days: int) -> RoomDay:
    second = begin * DAY_S + np.arange(days * MINUTES + 1) * 60.0
    outdoor, wet = _outdoors(site, begin, days)
    dark = _without_power(site, second)
    parts = zip(*(_room(room, second, outdoor, wet, dark) for room in rooms(site)), strict=True)
    return RoomDay(*(np.array(part) for part in parts))


def room_day(site: SyntheticSite, day: int) -> RoomDay:
    """The rooms of a site on a day number, minutes 0..1440."""
    whole = _rooms_since(site.by_minutes, day - RUN_UP_DAYS, RUN_UP_DAYS + 1)
    parts = (whole.air_c, whole.dew_c, whole.fault, whole.running, whole.saw)
    return RoomDay(*(part[:, RUN_UP_DAYS * MINUTES :] for part in parts))


def saw_k(site: SyntheticSite, second: np.ndarray) -> np.ndarray:
    """Saw-tooth (K) of the cooling's dead band at seconds since 1970, (systems, n)."""
    phase = np.array([second / room.saw_period_s for room in rooms(site)]) % 1.0
    return SAW_K * np.where(phase < 0.6, 1 - 2 * phase / 0.6, 2 * (phase - 0.6) / 0.4 - 1)


def _event_heat_w(site: SyntheticSite, begin: int, minutes: int) -> np.ndarray:
    """Mean heat per jar (W) from discharges and recharges, (strings, minutes)."""
    heat = np.zeros((site.strings, minutes))
    second = begin * DAY_S + np.arange(minutes) * 60.0
    for event in events_touching(site, second[0], second[-1]):
        if not event.discharges:
            continue
        happened = run(site, event)
        load, since = happened.load, second - event.start_s
        drained = (
            np.concatenate([[0.0], np.cumsum(-load.current_a[:-1] * np.diff(load.time_s))])
            / 3600
            / site.product.rated_ah
        )
        rested = open_circuit_v(1 - drained, jar=site.product)
        watts = thermal.discharge_heat_w(load.jar_v.mean(axis=0), rested, load.current_a)
        joules = np.concatenate([[0.0], np.cumsum(watts[:-1] * np.diff(load.time_s))])
        edges = np.append(since, since[-1] + 60.0)
        heat[event.string] += np.diff(np.interp(edges, load.time_s, joules)) / 60.0
        heat[event.string] += thermal.charge_heat_w(
            happened.recharge.current(second - happened.charge_start_s)
        )
    return heat


@lru_cache(maxsize=64)
def _on_float(site: SyntheticSite, day: int) -> tuple[np.ndarray, ...]:
    """Shift of ln i, working cells, share of own cooling and rack offset (K) of each place on a day.

    Before the site's first day, which only a run-up looks at, the jars of that day stand in.
    """
    day = max(day, start_day(site))
    now = condition(site, in_service(site, day, after_switch=True), day + SWITCH_S / DAY_S)
    return now.float_shift, now.cells, now.cooling, now.warmer_k


def _spells(site: SyntheticSite, from_s: float, to_s: float) -> list[Overcharge]:
    """Overcharges that touch a span; one ends where the string that ran away is renewed."""
    jars, spells = lives(site), []
    for spell in overcharged(site, from_s, to_s):
        own = (jars.position // site.jars_per_string == spell.string) & (jars.sudden == RUNAWAY)
        own &= (jars.end_day * DAY_S >= spell.start_s) & (jars.end_day * DAY_S <= spell.end_s)
        renewed = jars.replaced[own] * DAY_S + SWITCH_S
        spells.append(replace(spell, end_s=float(min([spell.end_s, *renewed]))))
    return [spell for spell in spells if spell.end_s > from_s]


def _begin(site: SyntheticSite, day: int) -> int:
    """First day of the run-up: four days forget where one began, but not while a string may run away."""
    spells = _spells(site, (day - RUN_UP_DAYS) * DAY_S, (day + 1) * DAY_S)
    return min([day - RUN_UP_DAYS, *(int(spell.start_s // DAY_S) - RUN_UP_DAYS for spell in spells)])


@partial(RecentDays, most_bytes=48_000_000)
def jar_day(site: SyntheticSite, day: int) -> JarDay:
    """Temperature of every jar on a day, warmed by its own float current, with what chargers do wrong."""
    begin = _begin(site, day)
    days, first = day - begin + 1, (day - begin) * MINUTES
    second = begin * DAY_S + np.arange(days * MINUTES + 1) * 60.0
    air = _rooms_since(site, begin, days).air_c[layout(site).system_of_string]
    spells = _spells(site, second[0], second[-1])
    excess, blocked, warmer_air = laid_over(site, spells, second)
    by_day = [
        np.stack(parts, axis=1)
        for parts in zip(*(_on_float(site, begin + n) for n in range(days)), strict=True)
    ]
    shift, cells, cooling, rack = by_day
    heat = _event_heat_w(site, begin, second.size)
    heat[:, :-1] += np.concatenate([ripple_heat_w(site, begin + n) for n in range(days)], axis=1)
    jar_c, cut, stopped_min = float_heat.float_temperatures(
        air + warmer_air,
        heat,
        excess,
        blocked,
        shift,
        cells,
        rack[:, -1],
        cooling,
        first,
        jar=site.product,
    )
    return JarDay(jar_c, excess[:, first:], np.where(cut < 0, np.inf, cut - first), stopped_min)
