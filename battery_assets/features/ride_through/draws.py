"""Jars of a string as they may be: draws of charge, capacity and resistance around what the twin says.

What the twin says of a jar is off by an error that its whole string shares (one model of ageing, one
temperature, one instrument) and by one of its own. The own errors must not simply be added once more to
estimates that already carry them: of 24 jars some would always come out too weak. Each jar's deviation from
its string's median is therefore drawn from what is left of it when the estimate's noise is allowed for, under
a prior in which most jars of a string are alike and a few are much weaker (SOURCES 3.4).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import polars as pl

from battery_assets.features.samples.runs import numbers
from battery_assets.physics.ageing import capacity_scale
from battery_assets.physics.discharge import Jars, State, discharge, ohmic_factor
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah
from battery_assets.physics.ride import records

# Where the twin gives no deviation of its own: 5 points without a capacity test in the year (SOURCES 6).
SOH_SD_PCT = 5.0
UNKNOWN_SOH_SD_PCT = 10.0
COMMON_SHARE = 0.5  # of the variance: wear of the jars of a string is correlated by half (SOURCES 3.4)
ALIKE_SD_PCT = 2.0  # jars of one batch when new (SOURCES 3.3)
WEAK_SHARE, WEAK_BELOW_PCT, WEAK_SD_PCT = 0.15, 8.0, 12.0  # accelerated and failing jars (SOURCES 3.4)
FLOAT_SOC_SD_PCT, OTHER_SOC_SD_PCT, OWN_SOC_SD_PCT = 2.0, 5.0, 0.5  # charged in series, so alike
FULL_PCT = 98.0
# The twin's R0 is that of 5 s of direct current: 1.2 to 1.4 times what an instrument reads (SOURCES 1.3).
DC5S_FACTOR, DC5S_SD, OWN_OHMIC_SD = 1.3, 0.05, 0.03
TEMPERATURE_SD_K = 1.0
# Products differ (SOURCES 6): depth ±2 %, acid ±3 %, exchange current and depletion ±15 %. Half of the
# variance is taken as the batch's. The other half, between jars of equal capacity in the 10 h test, shows at
# the rates of a ride-through: depletion ±11 % is 3.5 % of the charge that a jar gives within an hour.
BATCH = 0.5**0.5
POPULATION_SD = {
    "depth_capacity_ah": 0.02 * BATCH,
    "acid_ml_per_ah": 0.03 * BATCH,
    "exchange_a": 0.15 * BATCH,
    "depletion_per_a": 0.15 * BATCH,
}
OWN_FAST_SD = 0.035
TEN_HOUR_GRID = np.arange(0.0, 20 * 3600.0, 60.0)


@dataclass(frozen=True)
class JarStates:
    """The jars of one string, one entry each: what is known of them, with standard deviations.

    soc, soh: share (soh of the rated C10). mohm: instrument's resistance at 25 °C. rated_ah: of the jar.
    cells: that still work. known: False where nothing but the rest of the string speaks for a jar.
    """

    soc: np.ndarray
    soc_sd: np.ndarray
    soh: np.ndarray
    soh_sd: np.ndarray
    mohm: np.ndarray
    temperature_c: np.ndarray
    cells: np.ndarray
    rated_ah: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, jars: pl.DataFrame) -> "JarStates":
        """From rows of digital_twin_state with temperature_c, cells and rated_ah; NULL is not known.

        A jar without state takes the string's medians, with a deviation of 10 points. soh_std_pct and
        soc_std_pct are used where the columns are there, else the defaults of SOURCES 6.
        """
        names = ("soc_pct", "soh_pct", "r0_mohm", "temperature_c", "rated_ah", "cells")
        soc, soh, r0, warm, rated, cells = (numbers(jars, name).astype(float) for name in names)
        known = np.isfinite(soh)
        warm = _filled(warm, 25.0)
        soc = _filled(soc, 100.0)
        mohm = r0 / DC5S_FACTOR / ohmic_factor(warm)
        soc_sd = np.where(soc >= FULL_PCT, FLOAT_SOC_SD_PCT, OTHER_SOC_SD_PCT)
        return cls(
            soc=soc / 100.0,
            soc_sd=_stated(jars, "soc_std_pct", soc_sd) / 100.0,
            soh=_filled(soh, 100.0) / 100.0,
            soh_sd=np.where(known, _stated(jars, "soh_std_pct", SOH_SD_PCT), UNKNOWN_SOH_SD_PCT) / 100.0,
            mohm=_filled(mohm, HX12_120.ohmic_mohm),
            temperature_c=warm,
            cells=np.nan_to_num(cells, nan=HX12_120.cells),
            rated_ah=_filled(rated, HX12_120.rated_ah),
            known=known,
        )

    def like_the_string(self, jar: int, *fields: str) -> "JarStates":
        """The same string with these fields of one jar set to the string's medians."""
        changed = {name: getattr(self, name).copy() for name in fields}
        for name, values in changed.items():
            values[jar] = HX12_120.cells if name == "cells" else np.median(getattr(self, name))
        return replace(self, **changed)


def _filled(values: np.ndarray, otherwise: float) -> np.ndarray:
    good = np.isfinite(values)
    return np.where(good, values, np.median(values[good]) if good.any() else otherwise)


def _stated(jars: pl.DataFrame, column: str, otherwise: np.ndarray | float) -> np.ndarray:
    stated = numbers(jars, column).astype(float)
    return np.where(stated > 0, stated, otherwise)


@dataclass(frozen=True)
class JarDraws:
    """Draws of one string, (draws, jars): charge and health as shares, mΩ at 25 °C, °C.

    fast: what a jar gives at high rate, relative to others of its health.
    """

    soc: np.ndarray
    soh: np.ndarray
    mohm: np.ndarray
    temperature_c: np.ndarray
    fast: np.ndarray

    @classmethod
    def exactly(cls, jars: JarStates, fast: np.ndarray | None = None) -> "JarDraws":
        """One draw, in which the jars are as they are said to be."""
        alike = np.ones(jars.soc.size) if fast is None else fast
        values = (jars.soc, jars.soh, jars.mohm, jars.temperature_c, alike)
        return cls(*(value[None] for value in values))


def jar_draws(states: JarStates, draws: int, rng: np.random.Generator) -> JarDraws:
    """What the jars of a string may be, given what is known of them."""
    shape, jars = (draws, states.soh.size), states.soh.size
    common = rng.standard_normal((4, draws, 1))
    own = rng.standard_normal((4, draws, jars))
    ohmic = DC5S_SD * common[2] + np.where(states.known, OWN_OHMIC_SD, 0.15) * own[2]
    soc_sd = np.sqrt(np.maximum(states.soc_sd**2 - (OWN_SOC_SD_PCT / 100) ** 2, 0.0))
    return JarDraws(
        np.clip(states.soc + soc_sd * common[0] + OWN_SOC_SD_PCT / 100 * own[0], 0.0, 1.0),
        np.clip(_health(states, common[1], own[1], rng.random(shape)), 0.1, 1.3),
        states.mohm * np.exp(ohmic),
        states.temperature_c + TEMPERATURE_SD_K * common[3],
        np.exp(OWN_FAST_SD * own[3]),
    )


def _health(known: JarStates, common: np.ndarray, own: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """Draws of the jars' health: the string's shared error, and each jar's own deviation under the prior."""
    middle = np.median(known.soh)
    off = known.soh - middle
    noise = np.maximum(np.sqrt(1.0 - COMMON_SHARE) * known.soh_sd, 1e-6)
    # The estimates scatter by the jars' own difference and by their noise; what is more than noise is real.
    scatter = 1.4826 * np.median(np.abs(off))
    alike = max(np.sqrt(max(scatter**2 - np.median(noise) ** 2, 0.0)), ALIKE_SD_PCT / 100)
    parts = [
        _posterior(off, noise, mean, sd, share)
        for mean, sd, share in (
            (0.0, alike, 1.0 - WEAK_SHARE),
            (-WEAK_BELOW_PCT / 100, WEAK_SD_PCT / 100, WEAK_SHARE),
        )
    ]
    (bulk_mean, bulk_sd, bulk), (weak_mean, weak_sd, weak) = parts
    is_weak = luck < weak / (bulk + weak)
    deviation = np.where(is_weak, weak_mean + weak_sd * own, bulk_mean + bulk_sd * own)
    told = known.soh_sd[known.known] if known.known.any() else known.soh_sd
    shared = np.sqrt(COMMON_SHARE) * np.median(told)
    return middle + shared * common + deviation


def _posterior(
    off: np.ndarray, noise: np.ndarray, mean: float, sd: float, share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and sd of a deviation seen as `off` under a normal prior, and how well the prior explains it."""
    total = sd**2 + noise**2
    explains = share * np.exp(-0.5 * (off - mean) ** 2 / total) / np.sqrt(total) + 1e-300
    return mean + (off - mean) * sd**2 / total, np.sqrt(sd**2 * noise**2 / total), explains


@lru_cache(maxsize=8)
def products(draws: int, seed: int = 0) -> tuple[tuple[Vrla12V120Ah, float], ...]:
    """Parameter sets of the products that a string may be made of, each with its capacity's scale.

    All give the rated capacity in the 10 h test: health is measured against that, so what differs between
    products is how they behave at other rates. The first is the calibrated one.
    """
    rng = np.random.default_rng(seed)
    factors = np.exp(rng.standard_normal((draws, len(POPULATION_SD))) * list(POPULATION_SD.values()))
    factors[0] = 1.0
    made = []
    for row in factors:
        changed = {name: getattr(HX12_120, name) * f for name, f in zip(POPULATION_SD, row, strict=True)}
        jar = replace(HX12_120, **changed)
        made.append((jar, _scale_for_rating(jar)))
    return tuple(made)


@lru_cache(maxsize=8)
def product_records(draws: int) -> tuple[np.ndarray, np.ndarray]:
    """`products` as `rides` takes them, and their scales, each (draws,)."""
    made = products(draws)
    return records(tuple(jar for jar, _ in made)), np.array([scale for _, scale in made])


def _scale_for_rating(jar: Vrla12V120Ah) -> float:
    """Scale of the capacity with which a new jar gives its rating in the 10 h test to 1.80 V per cell."""
    scale = 1.0
    for _ in range(2):
        new = Jars.new(1, scale)
        ran = discharge(new, TEN_HOUR_GRID, current_a=-jar.rated_ah / 10, stop_jar_v=1.8 * jar.cells, jar=jar)
        scale *= jar.rated_ah / ran.removed_ah
    return scale


def as_physics(
    states: JarStates, draws: JarDraws, draw: int | slice, product_scale: float | np.ndarray
) -> tuple[Jars, State]:
    """One draw as the discharge model takes it, for jars of the string's median rating scaled to 120 Ah.

    A slice takes many, (draws, jars), with a column of scales.
    """
    size = states.rated_ah / np.median(states.rated_ah)
    to_reference = np.median(states.rated_ah) / HX12_120.rated_ah
    scale = capacity_scale(draws.soh[draw]) * product_scale * draws.fast[draw]
    nothing = np.zeros(scale.shape)
    removed_ah = (1.0 - draws.soc[draw]) * draws.soh[draw] * HX12_120.rated_ah
    jars = Jars(
        scale * size, draws.mohm[draw] * to_reference / HX12_120.ohmic_mohm, draws.temperature_c[draw],
        states.cells, nothing, nothing,
    )  # fmt: skip
    depth = 1.0 - removed_ah / (HX12_120.depth_capacity_ah * scale)
    return jars, State(depth, nothing.copy(), nothing.copy())
