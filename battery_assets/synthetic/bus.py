"""Ripple on each system's bus, minute by minute: the rectifier's lines through its capacitor and the string.

Capacitors of a system lose capacitance over months now and then and are exchanged; the phase unbalance
drifts.
"""

from functools import lru_cache

import numpy as np

from battery_assets.physics import ripple
from battery_assets.physics.random_streams import stream, wander
from battery_assets.synthetic.layout import System, layout
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.weather import BURN_IN_DAYS, SPAN_DAYS, first_day

CAPACITOR_FAULTS_PER_YEAR = 0.2
INVERTER_FACTOR = 3.0  # a UPS inverter ripples its battery 2-5 times as much while it discharges [GK]


@lru_cache(maxsize=16)
def capacitor_faults(site: SyntheticSite) -> tuple[np.ndarray, ...]:
    """Per system the (first day, day of exchange, loss by then 0-1) of failing bus capacitors."""
    found = []
    years = (SPAN_DAYS - BURN_IN_DAYS) / 365.25
    for system in layout(site).systems:
        rng = stream(site.seed, site.site, "capacitor", system.number)
        count = rng.poisson(CAPACITOR_FAULTS_PER_YEAR * years)
        begin = first_day(site) + BURN_IN_DAYS + rng.uniform(-60, years * 365.25, count)
        found.append(
            np.stack([begin, begin + rng.uniform(90, 270, count), rng.uniform(0.6, 0.95, count)], axis=1)
        )
    return tuple(found)


def capacitor_loss(site: SyntheticSite, system: int, when: float) -> float:
    """Share of capacitance lost at a day number with its fraction."""
    loss = 0.0
    for begin, exchanged, by_then in capacitor_faults(site)[system]:
        if begin <= when < exchanged:
            loss = max(loss, by_then * (when - begin) / (exchanged - begin))
    return loss


def _levels(site: SyntheticSite, system: System, when: float, dc_v: float, string_ohm: float) -> np.ndarray:
    sound = ripple.Source(inductance_h=system.inductance_h, unbalance=system.unbalance)
    source = ripple.aged_source(sound, capacitor_loss(site, system.number, when))
    volts, amperes = ripple.spectrum(source, dc_v, string_ohm)
    return np.array([ripple.rms(volts), ripple.rms(amperes)])


def ripple_day(site: SyntheticSite, day: int, string_ohm: np.ndarray, current_a: np.ndarray):
    """Rms ripple voltage (V) and current (A), (strings, n) each, for string resistances and currents."""
    strings, samples = current_a.shape
    dc_v = 13.6 * site.jars_per_string
    slow = 1 + 0.06 * wander(site.seed, (site.site, "ripple"), day, strings, 48, samples)
    noise = stream(site.seed, site.site, "ripple noise", day).standard_normal(
        (2, strings, samples), np.float32
    )
    share = np.linspace(0.0, 1.0, samples, endpoint=False)
    out = np.empty((2, strings, samples))
    for string in range(strings):
        system = layout(site).system(string)
        edges = [_levels(site, system, day + part, dc_v, string_ohm[string]) for part in (0.0, 0.999)]
        inverter = INVERTER_FACTOR if system.kind == "UPS" else 0.5
        factor = slow[string] * np.where(current_a[string] < -1.0, inverter, 1.0)
        for kind in (0, 1):
            level = edges[0][kind] + share * (edges[1][kind] - edges[0][kind])
            out[kind, string] = level * factor * (1 + 0.02 * noise[kind, string])
    return out[0], out[1]
