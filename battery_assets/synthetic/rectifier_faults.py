"""What goes wrong with a system's rectifier: capacitor, unbalanced phases, an open diode, a lost phase.

Rates and durations are conventions, to be replaced by a fleet's own (SOURCES 4). Each system has streams of
its own over the site's life, so any instant of any month can be asked by itself.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics.random_streams import stream
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.layout import System, layout
from battery_assets.synthetic.schedule import Event
from battery_assets.synthetic.signals.weather import BURN_IN_DAYS, SPAN_DAYS, first_day
from battery_assets.synthetic.site import SyntheticSite

CAPACITORS_PER_YEAR, CAPACITOR_DAYS, CAPACITOR_LOSS = 0.2, (90.0, 270.0), (0.6, 0.95)
UNBALANCES_PER_YEAR, UNBALANCE_MEDIAN_H, UNBALANCE = 1.5, 18.0, (0.03, 0.08)
DIODES_PER_YEAR, DIODE_HOURS, DIODE_HELD_C = 0.15, (4.0, 72.0), (0.3, 0.5)
# In one of ten short transfers a single phase is lost: the rectifier limps on, the string carries the load.
LOST_PHASE_SHARE = 0.1
TWELVE_PULSE_SHARE = 1 / 3
# Unbalanced part of the load, rms share of DC that an inverter draws at 100 Hz; a DC load draws little.
UPS_LOAD_UNBALANCE, DC_LOAD_UNBALANCE = (0.08, 0.20), 0.02


@dataclass(frozen=True)
class Supply:
    """A system's rectifier as it was built: bridge, source, how unbalanced its load is.

    Its control gives the boost voltage at mains of -15 %: 1.24 of float. An open diode of six pulses leaves
    5/6 of that, so float is held, and only ripple and heat tell of it.
    """

    bridge: Bridge
    source: Source
    load_unbalance: float


@dataclass(frozen=True)
class Fault:
    """A trouble from `begin_s` to `end_s` (s since 1970), when it is repaired or passes by itself.

    `level`: share of the capacitance lost by the end, share by which a phase is low, or, of an open diode,
    the current (in C) that the string's ripple is held to where conduction is discontinuous.
    """

    kind: str
    begin_s: float
    end_s: float
    level: float


@lru_cache(maxsize=256)
def supply(site: SyntheticSite, system: System) -> Supply:
    """A system's rectifier: UPS with six or twelve pulses, DC systems with six."""
    rng = stream(site.seed, site.site, "topology", system.number)
    # why: the second draw is of nothing any more; without it every site's loads would be others.
    twelve, _, load = rng.random(3)
    is_ups = system.kind == "UPS"
    low, high = UPS_LOAD_UNBALANCE
    return Supply(
        Bridge(12 if is_ups and twelve < TWELVE_PULSE_SHARE else 6, system.unbalance),
        Source(inductance_h=system.inductance_h),
        low + (high - low) * load if is_ups else DC_LOAD_UNBALANCE,
    )


@lru_cache(maxsize=16)
def faults(site: SyntheticSite) -> tuple[tuple[Fault, ...], ...]:
    """Every fault of every system's rectifier in the site's life, in order of time."""
    return tuple(
        tuple(
            sorted((*_capacitors(site, n), *_unbalances(site, n), *_diodes(site, n)), key=lambda f: f.begin_s)
        )
        for n in range(len(layout(site).systems))
    )


def _drawn(site: SyntheticSite, name: str, system: int, yearly: float):
    """The stream of a kind of fault, and the days on which it begins."""
    rng = stream(site.seed, site.site, name, system)
    years = (SPAN_DAYS - BURN_IN_DAYS) / 365.25
    count = rng.poisson(yearly * years)
    return rng, first_day(site) + BURN_IN_DAYS + rng.uniform(-60, years * 365.25, count)


def _made(kind: str, begin: np.ndarray, lasts_days: np.ndarray, level: np.ndarray) -> list[Fault]:
    whole = np.round(begin * DAY_S), np.round((begin + lasts_days) * DAY_S)
    return [Fault(kind, *map(float, row)) for row in zip(*whole, level, strict=True)]


def _capacitors(site: SyntheticSite, system: int) -> list[Fault]:
    rng, begin = _drawn(site, "capacitor", system, CAPACITORS_PER_YEAR)
    return _made(
        "capacitor", begin, rng.uniform(*CAPACITOR_DAYS, begin.size), rng.uniform(*CAPACITOR_LOSS, begin.size)
    )


def _unbalances(site: SyntheticSite, system: int) -> list[Fault]:
    rng, begin = _drawn(site, "unbalance", system, UNBALANCES_PER_YEAR)
    days = np.clip(UNBALANCE_MEDIAN_H / 24 * rng.lognormal(0, 0.9, begin.size), 1 / 12, 7.0)
    return _made("unbalance", begin, days, rng.uniform(*UNBALANCE, begin.size))


def _diodes(site: SyntheticSite, system: int) -> list[Fault]:
    rng, begin = _drawn(site, "diode", system, DIODES_PER_YEAR)
    days = rng.uniform(*DIODE_HOURS, begin.size) / 24
    return _made("open_diode", begin, days, rng.uniform(*DIODE_HELD_C, begin.size))


def standing(site: SyntheticSite, system: int, when_s: float) -> dict[str, Fault]:
    """By kind, the faults of a system at an instant."""
    return {fault.kind: fault for fault in faults(site)[system] if fault.begin_s <= when_s < fault.end_s}


def edges_s(site: SyntheticSite, system: int, from_s: float, to_s: float) -> list[float]:
    """Instants within a span at which a fault of a system begins or ends."""
    both = [edge for fault in faults(site)[system] for edge in (fault.begin_s, fault.end_s)]
    return sorted(edge for edge in both if from_s < edge < to_s)


def one_phase_lost(site: SyntheticSite, event: Event) -> bool:
    """Whether a transfer was made because a single phase went away."""
    if event.kind != "transfer":
        return False
    # All strings of the site see the same mains, whatever system they hang on.
    return bool(stream(site.seed, site.site, "lost phase", event.start_s).random() < LOST_PHASE_SHARE)


def repairs(site: SyntheticSite, from_s: float, to_s: float) -> list[tuple[System, Fault]]:
    """Faults that somebody repaired within a span: capacitors exchanged, diodes replaced."""
    return [
        (system, fault)
        for system in layout(site).systems
        for fault in faults(site)[system.number]
        if fault.kind != "unbalance" and from_s <= fault.end_s < to_s
    ]
