"""Ripple of every string at any instant: its rectifier's state, or its inverter's draw, through its own ohms.

The rms values of the telemetry and the recorded waveforms are made of the same lines.
"""

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from battery_assets.physics.random_streams import stream, wander
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Lines, Source, inverter_lines, rectifier_lines
from battery_assets.synthetic.calendar import DAY_S, start_day
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import in_service
from battery_assets.synthetic.rectifier_faults import edges_s, one_phase_lost, standing, supply
from battery_assets.synthetic.schedule import events_touching
from battery_assets.synthetic.site import SyntheticSite

WANDER = 0.06  # load and mains move the ripple of a sound system by so much, 1 sd (convention)
CHANNEL_NOISE = 0.02
DISCHARGE_A = -1.0
LIMPING_HELD_C = 0.4  # conduction on two phases stops within the cycle: 0.3-0.5 C (SOURCES 4)


@lru_cache(maxsize=64)
def string_ohms(site: SyntheticSite, day: int) -> np.ndarray:
    """Resistance (ohm) of every string at the end of a day: its jars as they are, links and cable.

    Before the site's first month, of which no jars are known that left, as on its first day.
    """
    day = max(day, start_day(site))
    jars = condition(site, in_service(site, day, after_switch=True), day + 1.0).resistance_mohm
    return (jars + 0.06).reshape(site.strings, -1).sum(axis=1) / 1000 + 0.008


@lru_cache(maxsize=64)
def _minutes(site: SyntheticSite, day: int) -> np.ndarray:
    slow = wander(site.seed, (site.site, "ripple"), day, site.strings, 48, 1441, closed=True)
    return 1 + WANDER * slow


def wander_at(site: SyntheticSite, string: int, second: np.ndarray | float) -> np.ndarray:
    """Factor by which load and mains move a string's ripple at seconds of one day (s since 1970)."""
    day = int(np.min(second) // DAY_S)
    return np.interp(second, day * DAY_S + 60.0 * np.arange(1441), _minutes(site, day)[string])


def _source(site: SyntheticSite, string: int, when_s: float) -> tuple[Bridge, Source, float]:
    """Bridge and source as they stand, their open diode left out, and the string's resistance."""
    system = layout(site).system(string)
    built, now = supply(site, system), standing(site, system.number, when_s)
    bridge, source = built.bridge, built.source
    if capacitor := now.get("capacitor"):
        gone = (when_s - capacitor.begin_s) / (capacitor.end_s - capacitor.begin_s)
        source = source.aged(capacitor.level * gone)
    if unbalance := now.get("unbalance"):
        bridge = replace(bridge, unbalance=max(bridge.unbalance, unbalance.level))
    return bridge, source, float(string_ohms(site, int(when_s // DAY_S))[string])


def rectifier_at(site: SyntheticSite, string: int, when_s: float) -> Lines:
    """Lines at a string's terminals while its rectifier holds it, as it stands at an instant."""
    bridge, source, ohm = _source(site, string, when_s)
    dc_v = site.product.float_v_cell * site.product.cells * site.jars_per_string
    diode = standing(site, layout(site).system(string).number, when_s).get("open_diode")
    if diode is None:
        return rectifier_lines(bridge, source, dc_v, ohm)
    lines = rectifier_lines(replace(bridge, open_diode=True), source, dc_v, ohm)
    return lines.held_to(diode.level * site.product.rated_ah)


def limping_at(site: SyntheticSite, string: int, when_s: float) -> Lines:
    """Lines while the rectifier runs on two phases and the string carries the load."""
    bridge, source, ohm = _source(site, string, when_s)
    dc_v = site.product.float_v_cell * site.product.cells * site.jars_per_string
    lines = rectifier_lines(replace(bridge, lost_phase=True), source, dc_v, ohm)
    return lines.held_to(LIMPING_HELD_C * site.product.rated_ah)


def inverter_at(site: SyntheticSite, string: int, when_s: float) -> Lines:
    """Lines for each ampere that the load draws from the string."""
    _, source, ohm = _source(site, string, when_s)
    return inverter_lines(1.0, supply(site, layout(site).system(string)).load_unbalance, source, ohm)


def lines_at(site: SyntheticSite, string: int, when_s: float, current_a: float) -> Lines:
    """What a recorder at the string's terminals sees at an instant at which the string carries a current."""
    day, factor = when_s // DAY_S, float(wander_at(site, string, when_s))
    if current_a >= DISCHARGE_A:
        return rectifier_at(site, string, when_s).times(factor)
    if any(s == string and a <= when_s < b for s, a, b in _limping(site, int(day))):
        return limping_at(site, string, when_s).times(factor)
    return inverter_at(site, string, when_s).times(-current_a * factor)


@lru_cache(maxsize=4)
def _limping(site: SyntheticSite, day: int) -> tuple[tuple[int, float, float], ...]:
    """(string, from s, to s) of the day's transfers that a lost phase caused."""
    return tuple(
        (event.string, event.start_s, event.start_s + event.duration_s)
        for event in events_touching(site, day * DAY_S, (day + 1) * DAY_S)
        if one_phase_lost(site, event)
    )


def _levels(site: SyntheticSite, string: int, day: int, second: np.ndarray) -> np.ndarray:
    """Rms (2, n), V and A, while the rectifier holds the string, straight between faults' edges."""
    begin, end = day * DAY_S, (day + 1) * DAY_S
    marks = [begin, *edges_s(site, layout(site).system(string).number, begin, end), end]
    out = np.empty((2, second.size))
    for first, last in pairwise(marks):
        # The last millisecond before an edge, so that what begins at the edge is not yet there.
        ends = [rectifier_at(site, string, at) for at in (first, last - 1e-3)]
        inside = (second >= first) & (second < last)
        share = (second[inside] - first) / (last - first)
        a, b = (np.array([[lines.volts_rms], [lines.amps_rms]]) for lines in ends)
        out[:, inside] = a + share * (b - a)
    return out


@lru_cache(maxsize=64)
def ripple_heat_w(site: SyntheticSite, day: int) -> np.ndarray:
    """Heat (W) that ripple current leaves in a jar, mean over its string, (strings, 1440) by the minute.

    58 A rms through 4.2 mohm are 14 W. The inverter's ripple lasts minutes, and its heat is left out.
    """
    second = day * DAY_S + 60.0 * np.arange(1440)
    amps = np.stack([_levels(site, string, day, second)[1] for string in range(site.strings)])
    amps *= _minutes(site, day)[:, :1440]
    return amps**2 * (string_ohms(site, day) / site.jars_per_string)[:, None]


def ripple_truth(site: SyntheticSite, day: int, second: np.ndarray, current_a: np.ndarray) -> np.ndarray:
    """Rms of ripple voltage (V) and current (A), (2, strings, n), at seconds of a day with their currents."""
    out = np.stack([_levels(site, string, day, second) for string in range(site.strings)], axis=1)
    for string in range(site.strings):
        on = np.flatnonzero(current_a[string] < DISCHARGE_A)
        if on.size:
            unit = inverter_at(site, string, float(second[on[0]]))
            load = -current_a[string, on]
            out[:, string, on] = np.outer((unit.volts_rms, unit.amps_rms), load)
    for string, begin, end in _limping(site, day):
        on = (second >= begin) & (second < end) & (current_a[string] < DISCHARGE_A)
        lines = limping_at(site, string, begin)
        out[:, string, on] = np.array([[lines.volts_rms], [lines.amps_rms]])
    return out * np.stack([wander_at(site, string, second) for string in range(site.strings)])


def ripple_day(site: SyntheticSite, day: int, second: np.ndarray, current_a: np.ndarray):
    """Rms ripple voltage (V) and current (A), (strings, n) each, as the monitors measure them."""
    noise = stream(site.seed, site.site, "ripple noise", day).standard_normal(
        (2, *current_a.shape), np.float32
    )
    volts, amps = ripple_truth(site, day, second, current_a) * (1 + CHANNEL_NOISE * noise)
    return volts, amps
