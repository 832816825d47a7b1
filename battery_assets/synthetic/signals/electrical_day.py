"""True voltages and currents of a UTC day: each string solved as a string, its events laid over float."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from battery_assets.physics import float_charge
from battery_assets.physics.open_circuit import open_circuit_v
from battery_assets.physics.random_streams import stream, wander
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.condition import Condition, condition
from battery_assets.synthetic.discharges import LINK_OHM, Run, broken_strings, run
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import SWITCH_S, in_service, lives
from battery_assets.synthetic.schedule import GENERATOR_RUN_S, Event, events_touching
from battery_assets.synthetic.signals.rooms import MINUTES, JarDay, jar_day
from battery_assets.synthetic.site import SyntheticSite

CHARGER_WANDER_V = 0.1  # per string of 24 [GK]
JAR_WANDER_V = 0.003
BOOST_DECAY_S = 600.0
# A raised limit is reached in minutes; a full string takes 0.03-0.06 C then, decaying within the hour; a
# lowered one it meets from above, and takes nothing until it has come down to 20 mV a jar (convention).
RISES_S, TAKES_C, TAKES_S = 300.0, (0.03, 0.06), (1200.0, 2400.0)
GIVES_BACK_S, MEETS_V = 1200.0, 0.02
REST_DECAY_S = 2 * 3600.0  # surface charge of a jar at rest, SOURCES 1.6


@dataclass(frozen=True)
class ElectricalDay:
    """Truth of a day at the site's interval: n samples, P jars by position, S strings.

    `second` (n,) since 1970; `jar_v` (P, n) float32; `jar_c` (P, 1441) by the minute; `string_v`, `current_a`
    (S, n); `before`, `after` rows of `lives` by position around the swaps; flags (S, n) latch what happened
    since the previous sample.
    """

    second: np.ndarray
    jar_v: np.ndarray
    jar_c: np.ndarray
    string_v: np.ndarray
    current_a: np.ndarray
    before: np.ndarray
    after: np.ndarray
    resistance_mohm: tuple[np.ndarray, np.ndarray]
    equalize: np.ndarray
    generator: np.ndarray
    transfer: np.ndarray


def _jar_grids(site: SyntheticSite, day: int, before: np.ndarray, after: np.ndarray, jar_c: np.ndarray):
    """Float shift, working cells (P, 1441) and mohm at the day's ends."""
    minute = np.arange(MINUTES + 1)
    swapped = minute >= SWITCH_S // 60
    marks = {rows_at: condition(site, rows, day + rows_at[1]) for rows_at, rows in (
        (("b", 0.0), before), (("b", 1.0), before), (("a", 0.0), after), (("a", 1.0), after))}  # fmt: skip
    begin, end = marks["b", 0.0], marks["a", 1.0]
    share = minute / MINUTES

    def along(first: Condition, last: Condition) -> np.ndarray:
        return first.float_shift[:, None] + share * (last.float_shift - first.float_shift)[:, None]

    shift = along(begin, marks["b", 1.0])
    moved = before != after
    shift[moved] = np.where(swapped, along(marks["a", 0.0], end)[moved], shift[moved])
    shift += site.product.tafel_per_k * (jar_c - 25.0)
    per_volt = site.product.tafel_per_v / site.product.cells
    places = len(before)
    shift += (
        per_volt
        * JAR_WANDER_V
        * site.world.six_cells
        * wander(site.seed, (site.site, "jar"), day, places, 144, MINUTES + 1, closed=True)
    )
    # A cell shorts at the day's swap hour, which is as good a moment as any.
    cells = np.where(swapped, end.cells[:, None], begin.cells[:, None])
    return shift, cells, (begin.resistance_mohm, end.resistance_mohm)


def _setpoint_v(site: SyntheticSite, day: int, warm: JarDay, samples: int) -> np.ndarray:
    """What each string's charger holds on float (V), compensated for its system's mean jar temperature."""
    jars = site.jars_per_string
    plan, count = layout(site), len(layout(site).systems)
    sensed = [warm.jar_c[system.strings[0] * jars : (system.strings[-1] + 1) * jars].mean(axis=0)
              for system in plan.systems]  # fmt: skip
    at = np.arange(samples) * (MINUTES / samples)
    error = np.array([system.setpoint_error for system in plan.systems])
    cells = site.product.cells * jars
    over = warm.excess_v_cell[[system.strings[0] for system in plan.systems]]
    fixed = site.product.float_v_cell + over
    compensated = float_charge.setpoint_v_cell(np.array(sensed), site.product)
    limits = np.where(np.isnan(over), compensated, fixed)
    held = [np.interp(at, np.arange(MINUTES + 1), row) for row in limits]
    slow = wander(site.seed, (site.site, "charger slow"), day, count, 12, samples)
    fast = wander(site.seed, (site.site, "charger"), day, count, 288, samples)
    moves = CHARGER_WANDER_V * site.world.six_cells * jars / 24 * (0.8 * slow + 0.6 * fast)
    # The strings of a system hang on one bus.
    return (np.array(held) * cells * (1 + error[:, None]) + moves)[plan.system_of_string]


def _boost_gain_v(site: SyntheticSite) -> float:
    """How far (V) the boost limit of a string lies above its float voltage at 25 C."""
    gain_v_cell = site.product.boost_v_cell - site.product.float_v_cell
    return gain_v_cell * site.product.cells * site.jars_per_string


def _recharge_lift_v(
    site: SyntheticSite, happened: Run, second: np.ndarray, held_v: np.ndarray
) -> np.ndarray:
    """Departure (V) of the string from its float setpoint while it is recharged; 0 afterwards."""
    since = second - happened.charge_start_s
    boost = np.zeros(since.size)
    if happened.boosts:
        boost = _boost_gain_v(site) * np.exp(-np.maximum(since - happened.boost_s, 0.0) / BOOST_DECAY_S)
    limit = held_v + boost
    gap = np.maximum(limit - happened.charger_v, 0.0) * happened.recharge.voltage_gap(since)
    return np.where(since < 0, 0.0, boost - gap)


def _equalize_lift_v(site: SyntheticSite, event: Event, second: np.ndarray) -> np.ndarray:
    gain = _boost_gain_v(site)
    since = second - event.start_s
    over = np.maximum(since - event.duration_s, 0.0)
    return np.where(since < 0, 0.0, gain * np.minimum(since / RISES_S, 1.0) * np.exp(-over / BOOST_DECAY_S))


def _equalize_a(site: SyntheticSite, event: Event, second: np.ndarray) -> np.ndarray:
    """Current (A) beside the float law that a full string takes at a raised limit: amperes for an hour.

    Acid and double layer follow the higher voltage; how much they take differs from one time to another.
    """
    rng = stream(site.seed, site.site, "equalize current", event.key)
    most = min(rng.uniform(*TAKES_C) * site.product.rated_ah, layout(site).system(event.string).charge_a)
    since = second - event.start_s
    inside = (since >= 0) & (since < event.duration_s)
    taken = most * np.minimum(since / RISES_S, 1.0) * np.exp(-np.maximum(since, 0) / rng.uniform(*TAKES_S))
    return np.where(inside, taken, 0.0)


def _given_back(site: SyntheticSite, ends_s: float, second: np.ndarray) -> np.ndarray:
    """Share of the float law's current that flows after a limit is lowered.

    None while the string stands above its charger, whose rectifiers only give; then all of it again.
    """
    gain_v = (site.product.boost_v_cell - site.product.float_v_cell) * site.product.cells
    down_s = ends_s + BOOST_DECAY_S * np.log(gain_v / (MEETS_V * site.world.six_cells))
    back = 1 - np.exp(-np.maximum(second - down_s, 0.0) / GIVES_BACK_S)
    return np.where(second < ends_s, 1.0, back)


def _overlay(happened: Run, second: np.ndarray, jar_v: np.ndarray, current_a: np.ndarray) -> None:
    """Write an event over the float solution of its string: discharge and rest, then recharge."""
    event = happened.event
    since = second - event.start_s
    for part, offset in ((happened.load, 0.0), (happened.rest, happened.load_s)):
        if part is None:
            continue
        inside = np.flatnonzero((since >= offset) & (since < offset + part.time_s[-1]))
        if inside.size:
            at = since[inside] - offset
            left = happened.float_left_v(at, jar_v[:, inside]) if part is happened.load else 0.0
            jar_v[:, inside] = np.stack([np.interp(at, part.time_s, row) for row in part.jar_v]) + left
            current_a[inside] = np.interp(at, part.time_s, part.current_a)
    back = np.flatnonzero(second >= happened.charge_start_s)
    if back.size:
        at = second[back] - happened.charge_start_s
        current_a[back] += happened.recharge.current(at)
        fading = happened.recharge.missing_charge(at).astype(np.float32)
        jar_v[:, back] += happened.deviation_v.astype(np.float32)[:, None] * fading


def _parted(
    site: SyntheticSite, string: int, slots: np.ndarray, second: np.ndarray, moved: np.ndarray
) -> tuple[float, float]:
    """From when to when (s since 1970) a cracked strap is open: from the first load until it is replaced."""
    day = int(second[0] // DAY_S)
    places = string * site.jars_per_string + slots
    opens_s = float(lives(site).opens_day[in_service(site, day, after_switch=False)[places]].min()) * DAY_S
    until = second[0] + SWITCH_S if moved[places].all() else second[0] + DAY_S
    loads = [event.start_s for event in events_touching(site, opens_s, second[0] + DAY_S)
             if event.string == string and event.discharges and event.start_s >= opens_s]  # fmt: skip
    return min(loads, default=np.inf), until


def _rest_open(site, second, parted, slots, string_v, jar_c, jar_v, current_a) -> None:
    """Jars of a string that is open: no current, sound ones rest, the open one has the rest of the bus."""
    inside = np.flatnonzero((second >= parted[0]) & (second < parted[1]))
    if not inside.size:
        return
    rested = open_circuit_v(1.0, jar_c.mean(axis=1), site.product)[:, None]
    fading = np.exp(-(second[inside] - parted[0]) / REST_DECAY_S)
    jar_v[:, inside] = rested + (jar_v[:, inside] - rested) * fading
    current_a[inside] = 0.0
    if not slots.size:
        return
    jar_v[slots[:, None], inside] = 0.0
    jar_v[slots[:, None], inside] = (string_v[inside] - jar_v[:, inside].sum(axis=0)) / slots.size


def _stops(stopped_min: np.ndarray, begin_s: float) -> list[tuple[float, float]]:
    """From when to when (s since 1970) a string's charger does not charge, since its battery is too hot."""
    off = np.concatenate([[False], stopped_min[:MINUTES] >= 0, [False]])
    first, last = np.flatnonzero(np.diff(off.astype(int)) > 0), np.flatnonzero(np.diff(off.astype(int)) < 0)
    return [(begin_s + 60.0 * (a - stopped_min[a]), begin_s + 60.0 * b)
            for a, b in zip(first.tolist(), last.tolist(), strict=True)]  # fmt: skip


def _rest_without_charger(site, warm: JarDay, second, string_v, jar_c, jar_v, current) -> None:
    """Strings whose charger was cut for good, or has stopped until they are cooler: no current, at rest."""
    for string in range(site.strings):
        spans = _stops(warm.stopped_min[string], second[0])
        if np.isfinite(warm.cut[string]):
            until = np.isnan(warm.excess_v_cell[string]) & (np.arange(MINUTES + 1) > warm.cut[string])
            ends = second[0] + 60.0 * (until.argmax() if until.any() else MINUTES + 1)
            spans.append((second[0] + 60.0 * warm.cut[string], ends))
        own = slice(string * site.jars_per_string, (string + 1) * site.jars_per_string)
        for span in spans:
            nobody = np.array([], int)
            _rest_open(site, second, span, nobody, string_v[string], jar_c[own], jar_v[own], current[string])


def _flags(events: list[Event], second: np.ndarray, interval: int, strings: int):
    """Equalising, generator test and transfer flags; they latch what happened since the previous sample."""
    flags = {
        name: np.zeros((strings, second.size), dtype=bool) for name in ("equalize", "generator", "transfer")
    }

    def mark(name: str, event: Event, lasts_s: float) -> None:
        span = (second >= event.start_s) & (second - interval < event.start_s + lasts_s)
        flags[name][event.string] |= span

    for event in events:
        if event.kind == "equalize":
            mark("equalize", event, event.duration_s + BOOST_DECAY_S)
        if event.kind == "generator_test":
            mark("generator", event, GENERATOR_RUN_S)
        if event.kind in ("transfer", "outage") or (event.kind == "generator_test" and event.discharges):
            mark("transfer", event, event.duration_s)
    return flags


def _charged_above_float(site: SyntheticSite, events, runs, second: np.ndarray, current: np.ndarray) -> None:
    """Lay over the float law's current (strings, n) what equalizing takes, and none right after a boost."""
    for event in events:
        if event.kind == "equalize":
            own = current[event.string]
            own *= _given_back(site, event.start_s + event.duration_s, second)
            own += _equalize_a(site, event, second)
    for happened in runs:
        if happened.boosts:
            ends_s = happened.charge_start_s + happened.boost_s
            current[happened.event.string] *= _given_back(site, ends_s, second)


@lru_cache(maxsize=2)
def electrical_day(site: SyntheticSite, day: int) -> ElectricalDay:
    """Solve a day (number since 1970-01-01) of a site; made from its own streams alone."""
    second = day * DAY_S + np.arange(0, DAY_S, site.interval_s, dtype=float)
    before, after = in_service(site, day, after_switch=False), in_service(site, day, after_switch=True)
    warm = jar_day(site.by_minutes, day)
    jar_c = warm.jar_c
    shift, cells, resistance = _jar_grids(site, day, before, after, jar_c)
    held = _setpoint_v(site, day, warm, second.size)
    events = events_touching(site, day * DAY_S, (day + 1) * DAY_S)
    runs = [run(site, event) for event in events if event.discharges]
    string_v = held.copy()
    for happened in runs:
        s = happened.event.string
        string_v[s] += _recharge_lift_v(site, happened, second, held[s])
    for event in events:
        if event.kind == "equalize":
            string_v[event.string] += _equalize_lift_v(site, event, second)
    jar_v, current = float_charge.share_voltage(string_v, shift, cells, site.jars_per_string, site.product)
    _charged_above_float(site, events, runs, second, current)
    _rest_without_charger(site, warm, second, string_v, jar_c, jar_v, current)
    for string, slots in broken_strings(site, tuple(range(site.strings)), day * DAY_S + SWITCH_S - 1).items():
        own = slice(string * site.jars_per_string, (string + 1) * site.jars_per_string)
        parted = _parted(site, string, slots, second, before != after)
        _rest_open(site, second, parted, slots, string_v[string], jar_c[own], jar_v[own], current[string])
    for happened in runs:
        s = happened.event.string
        own = slice(s * site.jars_per_string, (s + 1) * site.jars_per_string)
        _overlay(happened, second, jar_v[own], current[s])
    links = current * LINK_OHM * site.jars_per_string
    total = jar_v.reshape(site.strings, site.jars_per_string, -1).sum(axis=1, dtype=np.float64) + links
    flags = _flags(events, second, site.interval_s, site.strings)
    return ElectricalDay(second, jar_v, jar_c, total, current, before, after, resistance, **flags)
