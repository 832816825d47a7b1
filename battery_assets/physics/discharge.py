"""Discharge of jars in series: acid diffusion inside the open-circuit voltage, kinetics, ohmic drop.

With D = -current_a (positive current charges), s the capacity scale, z the depth and x the acid depletion:

    z' = -D / (3600 Q s)     x' = (kd/s (1 + kz (1-z)^2) D - x) / tau_d     v1' = (Rf D - v1) / tau_1
    V  = 6 U(z-x) + k (T-25) - D R0 - v1 - 6 A asinh(D / (2 I0 (z-x+z0)^alpha)) - CDF + SC

CDF is the coup de fouet, SC the surface charge, R0 = R25 (1 + kR (1-z)^2) exp(Ea/R (1/T - 1/298.15)),
asinh the Butler-Volmer kinetics. Time to cut-off on the 28 points of a data sheet, 5 min to 20 h: worst
6.1 %, rms 3.3 %, rated 10 h test -1.8 % (`physics.calibration`, SOURCES 1.3).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from battery_assets.physics.capacity_law import capacity_factor
from battery_assets.physics.open_circuit import LEAST_DEPTH, cell_voltage, full_acid
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

GAS_J_MOL_K = 8.314462618
SURFACE_CHARGE_S = 180.0  # decays within 2-4 min under load [GK]
COUP_FALL_S, COUP_RISE_S = 20.0, 120.0  # trough at 40-60 s, gone by 5-8 min [GK]


class Constants(NamedTuple):
    """What the compiled loop needs of a parameter set."""

    acid_mol: float
    water_kg: float
    most_used: float  # of the depth, before the acid balance turns negative
    q_as: float
    a_v: float
    i0_a: float
    alpha: float
    kd: float
    kz: float
    tau_d: float
    z0: float
    k_r: float
    r0_ohm: float
    rf_ohm: float
    tau_1: float
    k_ocv: float


@dataclass(frozen=True)
class Jars:
    """Jars in series, one entry per jar: what ageing, temperature and the moment make of the parameter set.

    `capacity_scale` and `resistance_scale` multiply the parameter set; `cells` is 6, or 5 with a shorted
    cell;
    `surface_charge_v` and `coup_de_fouet_v` are the amplitudes at the start of a discharge from float.
    `acid_scale`, `exchange_scale` and `depletion_scale` are what a jar has of the set's acid, exchange
    current and acid depletion (spread of manufacture, SOURCES 6).
    """

    capacity_scale: np.ndarray
    resistance_scale: np.ndarray
    temperature_c: np.ndarray
    cells: np.ndarray
    surface_charge_v: np.ndarray
    coup_de_fouet_v: np.ndarray
    acid_scale: np.ndarray | float = 1.0
    exchange_scale: np.ndarray | float = 1.0
    depletion_scale: np.ndarray | float = 1.0

    @classmethod
    def new(cls, count: int = 1, capacity_scale=1.0, resistance_scale=1.0, temperature_c=25.0) -> "Jars":
        """Sound jars without the transients of leaving float."""
        values = (capacity_scale, resistance_scale, temperature_c, 6.0, 0.0, 0.0)
        return cls(*(np.full(count, value, dtype=float) for value in values))


@dataclass(frozen=True)
class State:
    """Depth z, acid depletion x and fast polarisation v1 (V) of every jar."""

    depth: np.ndarray
    depletion: np.ndarray
    fast_v: np.ndarray

    @classmethod
    def full(cls, count: int = 1, depth: float = 1.0) -> "State":
        """Rested jars at one depth."""
        return cls(np.full(count, depth), np.zeros(count), np.zeros(count))


@dataclass(frozen=True)
class Discharge:
    """A finished run: time (K,), jar voltage (jars, K), current (K,), how it ended, and the last state."""

    time_s: np.ndarray
    jar_v: np.ndarray
    current_a: np.ndarray
    reason: str
    state: State

    @property
    def removed_ah(self) -> float:
        """Ampere-hours taken out."""
        mean = (self.current_a[1:] + self.current_a[:-1]) / 2
        return float(-np.sum(mean * np.diff(self.time_s)) / 3600)


def ohmic_factor(temperature_c, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Ohmic resistance relative to 25 C, about -0.6 %/K (Arrhenius, 4.4 kJ/mol)."""
    kelvin = np.asarray(temperature_c, dtype=float) + 273.15
    return np.exp(jar.ohmic_activation_j_mol / GAS_J_MOL_K * (1 / kelvin - 1 / 298.15))


def constants(jar: Vrla12V120Ah = HX12_120) -> Constants:
    """The parameter set as the compiled loop reads it."""
    acid, water = full_acid(jar)
    # A product with less acid than the reference set has used it up sooner.
    most_used = (1 - LEAST_DEPTH) * (acid / full_acid(HX12_120)[0])
    return Constants(
        acid, water, most_used, 3600.0 * jar.depth_capacity_ah, jar.kinetic_v, jar.exchange_a,
        jar.exchange_exponent, jar.depletion_per_a, jar.depletion_growth, jar.diffusion_s, jar.depth_reserve,
        jar.resistance_growth, jar.ohmic_mohm / 1000, jar.fast_mohm / 1000, jar.fast_s, jar.ocv_v_per_k,
    )  # fmt: skip


@numba.njit(cache=True)
def at_rest(c, z, x, r_scale, acid, exchange_scale):
    """What the voltage is made of before any current: rested cell (V), twice the exchange current, ohms."""
    inside = z - x
    r0 = c.r0_ohm * r_scale * (1 + c.k_r * (1 - z) ** 2)
    exchange = 2 * c.i0_a * exchange_scale * max(inside + c.z0, 1e-3) ** c.alpha
    held = max(inside, 1 - acid * c.most_used)
    return cell_voltage(held, c.acid_mol * acid, c.water_kg * acid), exchange, r0


@numba.njit(cache=True)
def loaded_v(c, drawn, rested, exchange, r0, v1, warmer, cells):
    """Voltage under a current (A, positive is drawn), from what `at_rest` found; transients left out."""
    per_cell = rested - c.a_v * math.asinh(drawn / exchange)
    return cells * per_cell + c.k_ocv * warmer - drawn * r0 - v1


@numba.njit(cache=True)
def _jar_v(c, drawn, z, x, v1, r_scale, warmer, cells, acid, exchange_scale):
    rested, exchange, r0 = at_rest(c, z, x, r_scale, acid, exchange_scale)
    return loaded_v(c, drawn, rested, exchange, r0, v1, warmer, cells)


@numba.njit(cache=True, nogil=True)
def _run(c, time_s, level, by_power, stop_string_v, stop_jar_v, jars, state, jar_v, current_a):
    scale, r_scale, temperature, cells, surface, coup, acid, exchange, depletion = jars
    z, x, v1 = state
    rested, exchange_a, ohm = np.empty(z.size), np.empty(z.size), np.empty(z.size)
    drawn = level / 12.5 if by_power else level
    for k in range(time_s.size):
        t = time_s[k]
        if k > 0:
            dt = t - time_s[k - 1]
            keep_x, keep_1 = math.exp(-dt / c.tau_d), math.exp(-dt / c.tau_1)
            for j in range(z.size):
                pull = c.kd * depletion[j] / scale[j] * (1 + c.kz * (1 - z[j]) ** 2) * drawn
                z[j] -= drawn * dt / (c.q_as * scale[j])
                x[j] = keep_x * x[j] + (1 - keep_x) * pull
                v1[j] = keep_1 * v1[j] + (1 - keep_1) * c.rf_ohm * drawn
        lift = math.exp(-t / SURFACE_CHARGE_S)
        dip = math.exp(-t / COUP_RISE_S) - math.exp(-t / COUP_FALL_S)
        # A constant power is found in rounds: what no current changes is worked out before them.
        for j in range(z.size):
            rested[j], exchange_a[j], ohm[j] = at_rest(c, z[j], x[j], r_scale[j], acid[j], exchange[j])
        total, lowest = 0.0, 1e9
        for _ in range(3 if by_power else 1):
            total, lowest = 0.0, 1e9
            for j in range(z.size):
                warmer = temperature[j] - 25.0
                v = loaded_v(c, drawn, rested[j], exchange_a[j], ohm[j], v1[j], warmer, cells[j])
                v += lift * surface[j] - dip * coup[j]
                jar_v[j, k] = v
                total += v
                lowest = min(lowest, v)
            if by_power:
                drawn = level * z.size / max(total, 1.0)
        current_a[k] = -drawn
        if level > 0 and (total <= stop_string_v or lowest <= stop_jar_v):
            return k + 1
    return time_s.size


def discharge(
    jars: Jars,
    time_s: np.ndarray,
    *,
    current_a: float | None = None,
    power_w: float | None = None,
    state: State | None = None,
    stop_string_v: float = 0.0,
    stop_jar_v: float = 0.0,
    jar: Vrla12V120Ah = HX12_120,
) -> Discharge:
    """Discharge a string at constant current (A, negative) or constant power (W per jar, positive).

    Stops at the first time where the string's sum or any jar reaches its stop voltage; a current of 0 rests.
    Raises ValueError unless exactly one of current and power is given, with a sign that discharges.
    """
    if (current_a is None) == (power_w is None):
        raise ValueError("give either current_a or power_w")
    if (current_a or 0.0) > 0 or (power_w or 0.0) < 0:
        raise ValueError(f"positive current charges; got {current_a=}, {power_w=} for a discharge")
    state = state or State.full(jars.cells.size)
    time_s = np.asarray(time_s, dtype=float)
    jar_v = np.empty((jars.cells.size, time_s.size))
    current = np.empty(time_s.size)
    moving = tuple(np.array(part, dtype=float) for part in (state.depth, state.depletion, state.fast_v))
    level = -(current_a or 0.0) if power_w is None else power_w
    used = _run(
        constants(jar), time_s, float(level), power_w is not None, stop_string_v, stop_jar_v,
        effective(jars), moving, jar_v, current,
    )  # fmt: skip
    reason = (
        "time" if used == time_s.size else "string" if jar_v[:, used - 1].sum() <= stop_string_v else "jar"
    )
    return Discharge(time_s[:used], jar_v[:, :used], current[:used], reason, State(*moving))


def jar_voltage(jars: Jars, state: State, current_a: float, jar: Vrla12V120Ah = HX12_120) -> np.ndarray:
    """Voltage (V) of every jar in a state at a current (A, positive charges), transients left out."""
    c, (_, r_scale, temperature, cells, _, _, acid, exchange, _) = constants(jar), effective(jars)
    parts = zip(
        state.depth, state.depletion, state.fast_v, r_scale, temperature - 25.0, cells, acid, exchange,
        strict=True,
    )  # fmt: skip
    return np.array([_jar_v(c, -float(current_a), *part) for part in parts])


def effective(jars: Jars) -> tuple[np.ndarray, ...]:
    """Jars as the loop reads them: temperature folded into capacity and ohmic scale."""
    return (
        jars.capacity_scale * capacity_factor(jars.temperature_c),
        jars.resistance_scale * ohmic_factor(jars.temperature_c),
        jars.temperature_c.astype(float), jars.cells.astype(float),
        jars.surface_charge_v.astype(float), jars.coup_de_fouet_v.astype(float),
        *(np.full(jars.cells.shape, own, dtype=float)
          for own in (jars.acid_scale, jars.exchange_scale, jars.depletion_scale)),
    )  # fmt: skip
