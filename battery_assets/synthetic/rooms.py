"""A day in the battery rooms: air, dew point, HVAC and the temperature of every jar, minute by minute.

Rooms and jars are first-order bodies that forget; four days of run-up make a day independent of where one
began.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics import climate, thermal
from battery_assets.physics.open_circuit import open_circuit_v
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.discharges import run
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.schedule import events_touching
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.weather import Room, first_day, outdoor_c, rooms

RUN_UP_DAYS = 4
MINUTES = 1440
INDOOR_HUMIDITY_PCT = 52.0
SAW_K = 0.3
FLOAT_HEAT_W = 0.4


@dataclass(frozen=True)
class RoomDay:
    """Minutes 0..1440 of a day, (systems, 1441): air and dew point in C, and whether HVAC is in trouble."""

    air_c: np.ndarray
    dew_c: np.ndarray
    fault: np.ndarray
    running: np.ndarray


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
    for start, end, extra, kind in room.warm_spells:
        inside = (second >= start * DAY_S) & (second < end * DAY_S)
        setpoint += extra * inside
        failed |= inside & (kind > 0)
    return tripped, setpoint, failed


@lru_cache(maxsize=8)
def _run_up(site: SyntheticSite, day: int) -> tuple[np.ndarray, RoomDay]:
    begin = day - RUN_UP_DAYS
    minute = np.arange((RUN_UP_DAYS + 1) * MINUTES + 1)
    second = begin * DAY_S + minute * 60.0
    outdoor, wet = _outdoors(site, begin, RUN_UP_DAYS + 1)
    air, dew, fault, running = [], [], [], []
    for room in rooms(site):
        tripped, setpoint, failed = _troubles(room, second)
        target, rate = thermal.room_pull(setpoint, outdoor, ~tripped)
        air.append(thermal.lag(target[None], rate[None], 60.0, target[:1])[0])
        dry = thermal.dew_point_c(setpoint, INDOOR_HUMIDITY_PCT)
        dew.append(thermal.lag(np.where(tripped, wet, dry)[None], rate[None] / 2, 60.0, dry[:1])[0])
        fault.append(tripped | failed)
        running.append((second % room.saw_period_s) < 0.6 * room.saw_period_s)
    last = slice(RUN_UP_DAYS * MINUTES, None)
    whole = np.array(air)
    parts = (np.array(part)[:, last] for part in (air, dew, fault, running))
    return whole, RoomDay(*parts)


def room_day(site: SyntheticSite, day: int) -> RoomDay:
    """The rooms of a site on a day number."""
    return _run_up(site, day)[1]


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
            / HX12_120.rated_ah
        )
        watts = thermal.discharge_heat_w(load.jar_v.mean(axis=0), open_circuit_v(1 - drained), load.current_a)
        joules = np.concatenate([[0.0], np.cumsum(watts[:-1] * np.diff(load.time_s))])
        edges = np.append(since, since[-1] + 60.0)
        heat[event.string] += np.diff(np.interp(edges, load.time_s, joules)) / 60.0
        heat[event.string] += thermal.charge_heat_w(
            happened.recharge.current(second - happened.charge_start_s)
        )
    return heat


def jar_day_c(site: SyntheticSite, day: int, warmer_k: np.ndarray) -> np.ndarray:
    """Surface temperature (C) of every jar at minutes 0..1440, (jars, 1441), `warmer_k` above the room."""
    air, _ = _run_up(site, day)
    heat = _event_heat_w(site, day - RUN_UP_DAYS, air.shape[1]) + FLOAT_HEAT_W
    around = air[layout(site).system_of_string] + heat / HX12_120.cooling_w_k
    rate = np.array([[thermal.jar_rate_per_s()]])
    rise = thermal.lag(around, np.repeat(rate, len(around), axis=0), 60.0, around[:, :60].mean(axis=1))
    string_c = rise[:, RUN_UP_DAYS * MINUTES :]
    return np.repeat(string_c, site.jars_per_string, axis=0) + warmer_k
