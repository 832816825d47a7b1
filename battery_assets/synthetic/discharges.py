"""The events that load a string, simulated jar by jar with each jar's true health, then recharged."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from battery_assets.physics import ageing, recharge
from battery_assets.physics.discharge import (
    COUP_FALL_S,
    COUP_RISE_S,
    Discharge,
    Jars,
    State,
    discharge,
    jar_voltage,
    ohmic_factor,
)
from battery_assets.physics.random_streams import stream
from battery_assets.physics.recharge import Recharge
from battery_assets.physics.ten_hour_test import made_for_health
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import STRAP, SWITCH_S, in_service, lives
from battery_assets.synthetic.schedule import LONGEST_TEST_S, Event
from battery_assets.synthetic.signals.weather import SELF_HEAT_K, first_day, room_daily_c
from battery_assets.synthetic.site import SyntheticSite

LINK_OHM = 0.06e-3  # one inter-jar connector
REST_S = 3600.0  # a tested string stands open for an hour before it is charged
NET_V = (0.06, 0.15)  # by which a jar's voltage comes back from its dip, SOURCES 1.6
DIP_S = np.concatenate([np.arange(0.0, 75.0, 3.0), np.arange(75.0, 600.0, 25.0)])
# A load of C/10 and more takes the surface charge with the double layer's, in seconds; what diffuses is left.
SURFACE_LEFT = 0.15
# Both electrodes of a 120 Ah cell, 10 F/Ah (convention), and how far over rest float holds a cell.
DOUBLE_LAYER_F, FLOAT_OVER_V = 1200.0, 0.1
OPEN_TEST_S = 60.0  # a test that draws no current is given up
SULFATE_OHM = 0.04  # 0.8 V more at 20 A in a jar that sulfation has brought to 80 %, convention
WEAKEST_V_CELL = 1.6  # a test stops before it reverses a jar
BOOST_ENDS_C = 0.02
BOOST_HOLD_S = 2 * 3600.0
LONGEST_BOOST_S = 15 * 3600.0  # EnerSys HX manual, SOURCES 1.6
GRID_S = np.concatenate([np.arange(0, 600) * 0.1, 60 + np.arange(480) * 0.5, 300 + np.arange(11_000) * 5.0])


@dataclass(frozen=True)
class Run:
    """An event as it happened: the discharge, the rest after it, and the recharge.

    `deviation_v` is how far each jar stands from its share of the string when the charger returns.
    """

    event: Event
    load: Discharge
    rest: Discharge | None
    recharge: Recharge
    charger_v: float
    deviation_v: np.ndarray
    boosts: bool
    ohmic_v: np.ndarray
    rated_ah: float

    def float_left_v(self, since_s: np.ndarray, float_v) -> np.ndarray:
        """What is left of float's overvoltage (V) at seconds under load; the double layer gives it up.

        `float_v` is what the string, or each of its jars (jars, 1), stood at. The ohmic part drops at once:
        that is the step which a fast capture shows.
        """
        start, ohmic = (self.load.jar_v[:, 0], self.ohmic_v)
        if np.ndim(float_v) == 0:
            start, ohmic = start.sum(), ohmic.sum()
        else:
            start, ohmic = start[:, None], ohmic[:, None]
        layer_s = DOUBLE_LAYER_F * FLOAT_OVER_V / max(-float(self.load.current_a[0]), 1.0)
        return (float_v - start + ohmic) * np.exp(-since_s / layer_s)

    @property
    def load_s(self) -> float:
        """Duration of the discharge."""
        return float(self.load.time_s[-1])

    @property
    def charge_start_s(self) -> float:
        """Seconds since 1970 when the charger returns."""
        return self.event.start_s + self.load_s + (REST_S if self.rest else 0.0)

    @property
    def boost_s(self) -> float:
        """How long the charger holds the boost limit."""
        charge = self.recharge
        tapered_s = charge.constant_s + charge.taper_s * np.log(
            charge.current_a / (BOOST_ENDS_C * self.rated_ah)
        )
        return min(tapered_s + BOOST_HOLD_S, LONGEST_BOOST_S)

    @property
    def end_v(self) -> float:
        """String voltage (V) at the end of the discharge, links included."""
        links = self.load.jar_v.shape[0] * LINK_OHM
        return float(self.load.jar_v[:, -1].sum() + self.load.current_a[-1] * links)


def calm_temperature_c(site: SyntheticSite, string: int, day: int, warmer_k: np.ndarray) -> np.ndarray:
    """Temperature (C) of a string's jars on a day without events, from the room's daily mean."""
    system = layout(site).system_of_string[string]
    return room_daily_c(site)[system, day - first_day(site)] + warmer_k + SELF_HEAT_K


def jars_of_event(site: SyntheticSite, event: Event) -> Jars:
    """The string's jars as the event finds them: health, resistance, temperature, transients of leaving
    float.
    """
    day, second = divmod(event.start_s, DAY_S)
    rows = in_service(site, int(day), after_switch=second >= SWITCH_S)
    own = rows[event.string * site.jars_per_string : (event.string + 1) * site.jars_per_string]
    now = condition(site, own, event.start_s / DAY_S)
    temperature = calm_temperature_c(site, event.string, int(day), now.warmer_k)
    rng, n, share = stream(site.seed, site.site, "transients", event.key), own.size, site.world.six_cells
    # The dip shows only at C/10 and above; how far it stands out says little about health, so it is drawn.
    strong = event.watts / (12.5 * share) + event.amps >= site.product.rated_ah / 10
    net = share * (rng.uniform(*NET_V) * rng.uniform(0.65, 1.35, n)).clip(*NET_V)
    surface = SURFACE_LEFT if strong else 1.0
    # A short leaves the SOH with five cells' energy; the remaining cells keep their capacity.
    whole = np.where(now.cells > 0, now.soh * site.product.cells / np.maximum(now.cells, 1e-9), 1.0)
    made = lives(site).take(own)
    scale = ageing.capacity_scale(whole) * site.product.acceptance_scale
    jars = Jars(
        made_for_health(scale, made.acid, made.exchange, made.depletion, site.product),
        now.resistance_mohm / site.product.ohmic_mohm, temperature, now.cells,
        share * surface * rng.uniform(0.06, 0.15) * rng.uniform(0.8, 1.2, n), np.zeros(n),
        made.acid, made.exchange, made.depletion,
    )  # fmt: skip
    return replace(jars, coup_de_fouet_v=_dip_v(site, event, jars, net)) if strong else jars


def _dip_v(site: SyntheticSite, event: Event, jars: Jars, net_v: np.ndarray) -> np.ndarray:
    """Amplitudes (V) of a coup de fouet that comes back by `net_v` at the best moment after its lowest.

    Until then a mean jar's own voltage falls: by 0.02 V at C/10, by 0.2 V at C. The dip makes that good.
    """
    watts, amps = (event.watts, None) if event.watts > 0 else (None, -event.amps)
    own = discharge(jars, DIP_S, current_a=amps, power_w=watts, jar=site.product).jar_v.mean(axis=0)
    dip = np.exp(-DIP_S / COUP_RISE_S) - np.exp(-DIP_S / COUP_FALL_S)
    lowest, depth = int(dip.argmax()), np.zeros(net_v.size)
    for _ in range(2):  # the lowest moment of both together is some seconds after the dip's own
        after = slice(lowest + 1, None)
        gained = (net_v[:, None] + own[lowest] - own[after]) / (dip[lowest] - dip[after])
        depth = gained.min(axis=1)
        lowest = int((own - depth.mean() * dip)[DIP_S < 90].argmin())
    return depth


def _load(site: SyntheticSite, event: Event, jars: Jars) -> Discharge:
    count = jars.cells.size
    grid = np.append(GRID_S[event.duration_s > GRID_S], event.duration_s)
    is_test = event.kind == "capacity_test"
    made = site.product
    string_v, jar_v = event.stop_v_cell * made.cells * count, WEAKEST_V_CELL * made.cells if is_test else 0.0
    if event.watts > 0:
        return discharge(jars, grid, power_w=event.watts, stop_string_v=string_v, stop_jar_v=jar_v, jar=made)
    return discharge(jars, grid, current_a=-event.amps, stop_string_v=string_v, stop_jar_v=jar_v, jar=made)


def broken_strings(site: SyntheticSite, strings: tuple[int, ...], when_s: float) -> dict[int, np.ndarray]:
    """Of these strings those that carry no load at a moment, with the slots whose strap has given way."""
    day, second = divmod(when_s, DAY_S)
    rows = in_service(site, int(day), after_switch=second >= SWITCH_S)
    jars = lives(site)
    opened = (jars.sudden[rows] == STRAP) & (jars.opens_day[rows] <= when_s / DAY_S)
    slots = opened.reshape(site.strings, -1)
    return {s: np.flatnonzero(slots[s]) for s in strings if slots[s].any()}


def run(site: SyntheticSite, event: Event) -> Run:
    """Simulate an event that loads its string. Raises ValueError for one that does not.

    A string with an open strap carries nothing: its current is 0, the other strings of its system carry more.
    """
    return _run(site.by_minutes, event)


@lru_cache(maxsize=512)
def _run(site: SyntheticSite, event: Event) -> Run:
    if not event.discharges:
        raise ValueError(f"{event.kind} of string {event.string} carries no load")
    own = layout(site).system(event.string).strings
    broken = broken_strings(site, own, event.start_s)
    if event.string in broken:
        return _open_run(site, event, [s for s in own if s not in broken], broken[event.string])
    shared = 1.0 if event.kind == "capacity_test" else len(own) / (len(own) - len(broken))
    loaded = replace(event, watts=event.watts * shared, amps=event.amps * shared)
    jars = jars_of_event(site, event)
    load = _load(site, loaded, jars)
    rest, state, is_test = None, load.state, event.kind == "capacity_test"
    calm = replace(jars, surface_charge_v=0 * jars.cells, coup_de_fouet_v=0 * jars.cells)
    if is_test:
        rest = discharge(calm, np.arange(0, REST_S + 1, 5.0), current_a=0.0, state=state, jar=site.product)
        state = rest.state
    back = recharge.recharge(load.removed_ah, layout(site).system(event.string).charge_a, site.product)
    volts = jar_voltage(calm, _relaxed(state), back.current_a, site.product)
    volts += charge_excess_v(site, event, back.current_a)
    deviation = volts - jars.cells / jars.cells.sum() * volts.sum()
    ohmic = load.current_a[0] * jars.resistance_scale * site.product.ohmic_mohm / 1000
    ohmic = ohmic * ohmic_factor(jars.temperature_c)
    return Run(event, load, rest, back, float(volts.sum()), deviation, is_test, ohmic, site.product.rated_ah)


def ending_jar(site: SyntheticSite, event: Event) -> str | None:
    """The id of the jar that is lowest when the string, loaded as in an event, reaches its end voltage.

    None where the string carries nothing.
    """
    whole = run(site, replace(event, duration_s=LONGEST_TEST_S)).load
    if not whole.current_a[-1]:
        return None
    day, second = divmod(event.start_s, DAY_S)
    rows = in_service(site, int(day), after_switch=second >= SWITCH_S)
    slot = event.string * site.jars_per_string + int(whole.jar_v[:, -1].argmin())
    return battery_ids(site)[rows[slot]]


def charge_excess_v(site: SyntheticSite, event: Event, current_a: float) -> np.ndarray:
    """How much more (V) sulfated jars of a string take while they are charged (SOURCES 3.2)."""
    day = int(event.start_s // DAY_S)
    rows = in_service(site, day, after_switch=True).reshape(site.strings, -1)[event.string]
    return SULFATE_OHM * site.world.six_cells * current_a * condition(site, rows, float(day)).sulfation


def _open_run(site: SyntheticSite, event: Event, sound: list[int], opened: np.ndarray) -> Run:
    """An event on a string whose strap has opened: jars at rest, the open one takes what the bus leaves."""
    jars = replace(jars_of_event(site, event), coup_de_fouet_v=np.zeros(site.jars_per_string))
    grid = np.append(GRID_S[event.duration_s > GRID_S], event.duration_s)
    grid = grid[grid <= OPEN_TEST_S] if event.kind == "capacity_test" else grid
    load = discharge(jars, grid, current_a=0.0, jar=site.product)
    bus_v = np.zeros(grid.size)
    if sound and event.kind != "capacity_test":
        beside = run(site, replace(event, string=sound[0])).load
        bus_v = np.interp(grid, beside.time_s, beside.jar_v.sum(axis=0))
    rest = load.jar_v.sum(axis=0) - load.jar_v[opened].sum(axis=0)
    load.jar_v[opened] = (bus_v - rest) / opened.size
    nothing, still = Recharge(0.0, 1.0, 1.0), np.zeros(site.jars_per_string)
    # The open jar leaves its float voltage at once; the others give up their overvoltage as at any rest.
    at_once = still.copy()
    at_once[opened] = load.jar_v[opened, 0] - site.product.float_v_cell * site.product.cells
    return Run(event, load, None, nothing, float(bus_v[-1]), still, False, at_once, site.product.rated_ah)


def _relaxed(state: State) -> State:
    """The state at the charger's return, held where the open-circuit polynomial is valid."""
    return State(state.depth, np.clip(state.depletion, -0.3, state.depth), state.fast_v)
