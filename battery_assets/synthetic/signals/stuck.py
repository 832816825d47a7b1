"""Sensors that are stuck: a jar's voltage or temperature channel repeats one reading for hours or days."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, month_days, month_of_day
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.sensors import jar_sensors
from battery_assets.synthetic.site import SyntheticSite

PER_CHANNEL_YEAR = 0.02  # convention
MEDIAN_S, LONGEST_S = 8 * 3600.0, 4 * DAY_S
GRID_S = 900  # a channel sticks at a quarter of an hour
VOLTAGE, TEMPERATURE = 0, 1


@dataclass(frozen=True)
class Spell:
    """A channel of the sensor at a place, stuck from `start_s` until `end_s` (s since 1970)."""

    channel: int
    place: int
    start_s: int
    end_s: float


@lru_cache(maxsize=64)
def _spells(site: SyntheticSite, month: int) -> tuple[Spell, ...]:
    rng, places = stream(site.seed, site.site, "stuck", month), site.strings * site.jars_per_string
    first, following = month_days(month)
    spells = []
    for _ in range(rng.poisson(2 * places * PER_CHANNEL_YEAR / 12)):
        start = int(rng.integers(first * DAY_S // GRID_S, following * DAY_S // GRID_S)) * GRID_S
        lasts = min(max(MEDIAN_S * rng.lognormal(0, 1.0), 3600.0), LONGEST_S)
        spells.append(Spell(int(rng.integers(2)), int(rng.integers(places)), start, start + lasts))
    return tuple(spells)


def stuck_on(site: SyntheticSite, day: int) -> list[Spell]:
    """Spells that touch a day (number), in the order in which they began."""
    months = sorted({month_of_day(day - LONGEST_S // DAY_S - 1), month_of_day(day)})
    spells = [spell for month in months for spell in _spells(site, month)]
    touching = [s for s in spells if s.start_s < (day + 1) * DAY_S and s.end_s > day * DAY_S]
    return sorted(touching, key=lambda spell: (spell.start_s, spell.place, spell.channel))


@lru_cache(maxsize=256)
def true_at_start(site: SyntheticSite, spell: Spell) -> float:
    """What the channel should have read when it stuck, so that a later day repeats the same value."""
    coarse = replace(site, interval_s=GRID_S)
    day, second = divmod(spell.start_s, DAY_S)
    solved = electrical_day.__wrapped__(coarse, day)
    if spell.channel == VOLTAGE:
        return float(solved.jar_v[spell.place, second // GRID_S])
    return float(solved.jar_c[spell.place, second // 60])


def stuck_channels(site: SyntheticSite, day: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """First and past-last stuck sample (2, places, 2) of the voltage and temperature channels, true values.

    A place without a stuck channel has an empty span.
    """
    places = site.strings * site.jars_per_string
    span, value = np.zeros((2, places, 2), np.int64), np.zeros((2, places))
    for spell in stuck_on(site, day):
        begin, end = (
            np.clip((s - day * DAY_S) / DAY_S, 0, 1) * samples for s in (spell.start_s, spell.end_s)
        )
        span[spell.channel, spell.place] = int(np.ceil(begin)), int(end)
        # The channel keeps what it showed, so its error stays that of the day on which it stuck.
        then, now = (
            jar_sensors(site, d)[1 + spell.channel][spell.place] for d in (spell.start_s // DAY_S, day)
        )
        gain = jar_sensors(site, day)[0][spell.place] if spell.channel == VOLTAGE else 1.0
        value[spell.channel, spell.place] = true_at_start(site, spell) + (then - now) / gain
    return span, value
