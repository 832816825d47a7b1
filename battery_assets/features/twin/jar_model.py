"""The jar under load as the twin sees it: acid depletion inside the open-circuit voltage, asinh kinetics.

With D = −current (positive current charges), depth z = 1 − (1 − SOC) C/(Q q) of the acid, depletion x:

    SOC' = −D / (3600 C)     x' = (k/q g D − x)/τ_d,  g = 1 + kz (1 − z)²     v1' = (R1 D − v1)/τ1
    V = E(z − x) + E0 + kT (T − 25) − R0 D (1 + kR (1 − z)²) f − v1 − 6 A asinh(D / (2 I0 (z − x + z0)^α))

C is the present C10 capacity, Q the acid's, both in Ah at 25 °C; E depends on the acid's volume per Ah; q and
f are the laws by which acid that can be used and ohmic resistance follow the temperature T in °C (SOURCES
1.2, 1.3, 1.6).
The generator has an implementation of its own: nothing of it is used here.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from battery_assets.features.charge.ocv_curve import OCV_V_PER_K, acid_v
from battery_assets.features.samples.temperature import GAS_CONSTANT_J, REFERENCE_C, RESISTANCE_EA_J
from battery_assets.physics.ageing import capacity_scale
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

PER_K_COLD, PER_K_HOT, LEVEL_C = HX12_120.capacity_per_k_cold, HX12_120.capacity_per_k_hot, 45.0
# Columns of a jar's parameters.
CAPACITY_AH, ACID_AH, R0_OHM, R1_OHM, TAU1_S, DEPLETION, EXCHANGE_A, OFFSET_V, VOLUME = range(9)
OFFSET_SD, CAPACITY_SD = 9, 10
NAMES = (
    "capacity_ah", "acid_ah", "r0_ohm", "r1_ohm", "tau1_s", "depletion_per_a", "exchange_a", "offset_v",
    "acid_volume", "offset_sd_v", "capacity_sd",
)  # fmt: skip


# How far a product whose chart nobody has may lie from this one's, in V (makers differ by 0.1, SOURCES 1.2),
# and how well a capacity is known (of ln) that no discharge of the jar has shown.
PRODUCT_SD_V, STALE_SD = 0.080, 0.04


class Shared(NamedTuple):
    """What all jars have in common: SOURCES 1.3."""

    kinetic_v: float = 6.0 * HX12_120.kinetic_v
    alpha: float = HX12_120.exchange_exponent
    reserve: float = HX12_120.depth_reserve
    growth: float = HX12_120.depletion_growth
    diffusion_s: float = HX12_120.diffusion_s
    ohmic_growth: float = HX12_120.resistance_growth


SHARED = Shared()


@dataclass(frozen=True)
class TwinParameters:
    """Parameters of J jars: values (J, 11), columns as in NAMES, at 25 °C and positive (offset_v apart).

    Raises ValueError that names the parameter and jar for a value that no jar can have.
    """

    battery_id: tuple[str, ...]
    values: np.ndarray

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.battery_id), len(NAMES)):
            raise ValueError(
                f"parameters of {len(self.battery_id)} jars are {self.values.shape}, not (J, 11)"
            )
        for column, name in enumerate(NAMES):
            bad = ~np.isfinite(self.values[:, column])
            bad |= (self.values[:, column] <= 0) & (column != OFFSET_V)
            if bad.any():
                jar = self.battery_id[int(np.argmax(bad))]
                raise ValueError(
                    f"{name} of jar {jar} is {self.values[np.argmax(bad), column]}: "
                    "it must be a positive number (of the offset any); are two columns swapped?"
                )


def prior_parameters(
    battery_id: tuple[str, ...], rated_ah: np.ndarray, soh_pct: np.ndarray, ohmic_mohm: np.ndarray
) -> TwinParameters:
    """Parameters by rating, health and ohmic reading (at 25 °C, mΩ) alone, arrays (J,); NaN is unknown.

    Unknown health counts as 100 %, an unknown reading as that of a new jar of the rating. Everything scales
    per Ah of rating from the 120 Ah jar of SOURCES 1.3; depletion grows as the acid shrinks.
    """
    jar, size = HX12_120, np.where(np.isfinite(rated_ah), rated_ah, HX12_120.rated_ah) / HX12_120.rated_ah
    soh = np.where(np.isfinite(soh_pct), np.clip(soh_pct, 20.0, 130.0), 100.0) / 100.0
    ohm = np.where(np.isfinite(ohmic_mohm), ohmic_mohm, jar.ohmic_mohm / size) * 1e-3
    scale = capacity_scale(soh)
    values = np.empty((len(battery_id), len(NAMES)))
    values[:, CAPACITY_AH] = soh * jar.rated_ah * size
    values[:, ACID_AH] = scale * jar.acceptance_scale * jar.depth_capacity_ah * size
    values[:, R0_OHM] = ohm
    values[:, R1_OHM], values[:, TAU1_S] = jar.fast_mohm * 1e-3 / size, jar.fast_s
    values[:, DEPLETION] = jar.depletion_per_a / (scale * jar.acceptance_scale * size)
    values[:, EXCHANGE_A], values[:, OFFSET_V], values[:, VOLUME] = jar.exchange_a * size, 0.0, 1.0
    values[:, OFFSET_SD], values[:, CAPACITY_SD] = PRODUCT_SD_V, STALE_SD
    return TwinParameters(battery_id, values)


@njit(cache=True, nogil=True)
def ohmic_factor(temperature_c: float) -> float:
    """Ohmic resistance relative to 25 °C: the law of `temperature`, for loops."""
    kelvin = temperature_c + 273.15
    return math.exp(RESISTANCE_EA_J / GAS_CONSTANT_J * (1.0 / kelvin - 1.0 / (REFERENCE_C + 273.15)))


@njit(cache=True, nogil=True)
def acid_factor(temperature_c: float) -> float:
    """Acid that can be used relative to 25 °C: 0.6 %/K below, 0.18 %/K above up to 45 °C (SOURCES 1.6)."""
    above = min(temperature_c, LEVEL_C) - REFERENCE_C
    return 1.0 + (PER_K_COLD if above < 0 else PER_K_HOT) * above


@njit(cache=True, nogil=True)
def loaded_v(p, shared, drawn, soc, v1, x, temperature_c):
    """Voltage, and its derivatives by SOC and by depletion; `drawn` in A is positive on discharge."""
    ratio = p[CAPACITY_AH] / (p[ACID_AH] * acid_factor(temperature_c))
    z = 1.0 - (1.0 - soc) * ratio
    inside = z - x
    rest, slope = acid_v(inside, p[VOLUME])
    room = max(inside + shared.reserve, 1e-3)
    y = drawn / (2.0 * p[EXCHANGE_A] * room**shared.alpha)
    kinetic = shared.kinetic_v * shared.alpha * y / (room * math.sqrt(1.0 + y * y))
    ohm = p[R0_OHM] * ohmic_factor(temperature_c)
    volts = rest + p[OFFSET_V] + OCV_V_PER_K * (temperature_c - REFERENCE_C) - v1
    volts -= drawn * ohm * (1.0 + shared.ohmic_growth * (1.0 - z) ** 2)
    volts -= shared.kinetic_v * math.asinh(y)
    by_soc = ratio * (slope + kinetic + 2.0 * drawn * ohm * shared.ohmic_growth * (1.0 - z))
    return volts, by_soc, -(slope + kinetic)


@njit(cache=True, nogil=True)
def depletion_pull(p, shared, drawn, soc, temperature_c):
    """Depletion that a current would hold up in the end, and its slope by SOC; a charge pulls nothing."""
    if drawn <= 0.0:
        return 0.0, 0.0
    usable = acid_factor(temperature_c)
    ratio = p[CAPACITY_AH] / (p[ACID_AH] * usable)
    used = (1.0 - soc) * ratio
    steady = p[DEPLETION] / usable * drawn
    return steady * (1.0 + shared.growth * used**2), -2.0 * steady * shared.growth * used * ratio
