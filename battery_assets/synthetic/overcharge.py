"""Chargers that hold too much and no longer compensate, with one cabinet of their system short of air.

It happens to a system about once in twenty years (convention). A young string shrugs it off; an old one in a
hot room may pass the point of no return, and then runs away by the heat equation alone (SOURCES 2).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, start_day
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.site import HORIZON_YEARS, SyntheticSite

PER_SYSTEM_YEAR = 0.05
EXCESS_V_CELL, COOLING_LEFT, AIR_K, LASTS_DAYS = (0.07, 0.13), (0.12, 0.40), (4.0, 10.0), (4.0, 15.0)


@dataclass(frozen=True)
class Overcharge:
    """A system's charger holds `excess_v_cell` above 2.27 V while the air of one string is blocked.

    `start_s` and `end_s` in seconds since 1970; `cooling` is the share of the string's cooling that is left,
    `air_k` how much warmer the air around it is.
    """

    system: int
    string: int
    start_s: float
    end_s: float
    excess_v_cell: float
    cooling: float
    air_k: float


@lru_cache(maxsize=16)
def overcharges(site: SyntheticSite) -> tuple[Overcharge, ...]:
    """All of a site's life, in order."""
    spells = []
    for system in layout(site).systems:
        rng = stream(site.seed, site.site, "overcharge", system.number)
        for _ in range(rng.poisson(PER_SYSTEM_YEAR * HORIZON_YEARS)):
            start = (start_day(site) + rng.uniform(10, HORIZON_YEARS * 365)) * DAY_S
            string = system.strings[int(rng.integers(len(system.strings)))]
            lasts = rng.uniform(*LASTS_DAYS) * DAY_S
            drawn = [float(rng.uniform(*span)) for span in (EXCESS_V_CELL, COOLING_LEFT, AIR_K)]
            spells.append(Overcharge(system.number, string, float(start), float(start + lasts), *drawn))
    return tuple(sorted(spells, key=lambda spell: spell.start_s))


def overcharged(site: SyntheticSite, from_s: float, to_s: float) -> list[Overcharge]:
    """Those that touch a span of time (s since 1970)."""
    return [spell for spell in overcharges(site) if spell.start_s < to_s and spell.end_s > from_s]


def laid_over(site: SyntheticSite, spells: list[Overcharge], second: np.ndarray):
    """Excess V/cell (NaN where compensated), share of cooling left, K of warmer air: each (strings, n)."""
    shape = (site.strings, second.size)
    excess, blocked, air = np.full(shape, np.nan), np.ones(shape), np.zeros(shape)
    systems = layout(site).system_of_string[:, None]
    for spell in spells:
        inside = (second >= spell.start_s) & (second < spell.end_s)
        excess[(systems == spell.system) & inside] = spell.excess_v_cell
        blocked[spell.string, inside] = spell.cooling
        air[spell.string, inside] = spell.air_k
    return excess, blocked, air
