"""Jars of a string as they may be: draws of charge, capacity, resistance and make around what the twin says.

The twin's health is the mean of a posterior with its 5 and 95 % quantiles: what a jar may be lies around it
as these say, skewed where it may be a fast one. A quarter of the variance is shared by the string (one model
of ageing, one temperature, one instrument). Of its make, a jar that a discharge has shown is drawn as the
twin identified it, any other as the population (SOURCES 6).
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from battery_assets.features.ride_through.kinetics import (
    KINETICS,
    KINETICS_SD,
    POPULATION_SD,
    scale_for_test,
)
from battery_assets.features.samples.runs import numbers
from battery_assets.physics.ageing import capacity_scale
from battery_assets.physics.discharge import Jars, State, ohmic_factor
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120

# Where the twin gives no deviation of its own: 5 points without a capacity test in the year (SOURCES 6).
SOH_SD_PCT = 5.0
UNKNOWN_SOH_SD_PCT = 10.0
Z_90 = 1.645  # deviations from the middle to the 5 and 95 % quantiles
LEAST_SD_PCT = 0.7  # a jar's own scatter about its course, the twin's SMOOTH_PCT
# Of the variance, what the jars of a string share: measured in the generator's sites for health (0.12 with a
# test, more without), assumed for the make, since no source parts batches from jars.
COMMON_SHARE = 0.25
FLOAT_SOC_SD_PCT, OTHER_SOC_SD_PCT, OWN_SOC_SD_PCT = 2.0, 5.0, 0.5  # charged in series, so alike
FULL_PCT = 98.0
# The twin's R0 is that of 5 s of direct current: 1.2 to 1.4 times what an instrument reads (SOURCES 1.3).
DC5S_FACTOR, DC5S_SD, OWN_OHMIC_SD, UNKNOWN_OHMIC_SD = 1.3, 0.05, 0.03, 0.15
TEMPERATURE_SD_K = 1.0


@dataclass(frozen=True)
class JarStates:
    """The jars of one string, one entry each: what is known of them, with standard deviations.

    soc, soh: share (soh of the rated C10). soh_below, soh_above: deviations to either side. mohm:
    instrument's resistance at 25 °C. rated_ah: of the jar. cells: that still work. made, made_sd (3, J): ln
    of KINDS against the reference jar; shown: where a discharge told it. known: False where nothing but the
    rest of the string speaks for a jar.
    """

    soc: np.ndarray
    soc_sd: np.ndarray
    soh: np.ndarray
    soh_below: np.ndarray
    soh_above: np.ndarray
    mohm: np.ndarray
    temperature_c: np.ndarray
    cells: np.ndarray
    rated_ah: np.ndarray
    made: np.ndarray
    made_sd: np.ndarray
    shown: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, jars: pl.DataFrame) -> "JarStates":
        """From rows of digital_twin_state with temperature_c, cells and rated_ah; NULL is not known.

        A jar without state takes the string's medians, with a deviation of 10 points. Of health soh_std_pct
        counts, else the interval, else 5 points; of the make KINETICS where the columns are there. Of 24 jars
        drawn from the interval, which holds a jar of any true health, one would always be worn out.
        """
        names = ("soc_pct", "soh_pct", "r0_mohm", "temperature_c", "rated_ah", "cells")
        soc, soh, r0, warm, rated, cells = (numbers(jars, name).astype(float) for name in names)
        finite = np.isfinite(soh)
        warm = _filled(warm, 25.0)
        soc = _filled(soc, 100.0)
        mohm = r0 / DC5S_FACTOR / ohmic_factor(warm)
        soc_sd = np.where(soc >= FULL_PCT, FLOAT_SOC_SD_PCT, OTHER_SOC_SD_PCT)
        made, made_sd = _made(jars)
        return cls(
            soc=soc / 100.0,
            soc_sd=_stated(jars, "soc_std_pct", soc_sd) / 100.0,
            soh=_filled(soh, 100.0) / 100.0,
            soh_below=_side(jars, soh - column(jars, "soh_lower_pct")) / 100.0,
            soh_above=_side(jars, column(jars, "soh_upper_pct") - soh) / 100.0,
            mohm=_filled(mohm, HX12_120.ohmic_mohm),
            temperature_c=warm,
            cells=np.nan_to_num(cells, nan=HX12_120.cells),
            rated_ah=_filled(rated, HX12_120.rated_ah),
            made=made,
            made_sd=made_sd,
            shown=np.isfinite(column(jars, KINETICS[0])),
            known=finite,
        )

    def like_the_string(self, jar: int, *fields: str) -> "JarStates":
        """The same string with these fields of one jar set to the string's medians."""
        changed = {name: getattr(self, name).copy() for name in fields}
        for name, values in changed.items():
            middle = np.median(getattr(self, name), axis=-1)
            values[..., jar] = HX12_120.cells if name == "cells" else middle
        return replace(self, **changed)


def _filled(values: np.ndarray, otherwise: float) -> np.ndarray:
    good = np.isfinite(values)
    return np.where(good, values, np.median(values[good]) if good.any() else otherwise)


def column(jars: pl.DataFrame, name: str) -> np.ndarray:
    """A column as floats; NaN where it is NULL or not there."""
    return numbers(jars, name).astype(float) if name in jars.columns else np.full(jars.height, np.nan)


def _stated(jars: pl.DataFrame, name: str, otherwise: np.ndarray | float) -> np.ndarray:
    stated = column(jars, name)
    return np.where(stated > 0, stated, otherwise)


def _side(jars: pl.DataFrame, reach_pct: np.ndarray) -> np.ndarray:
    """Deviation of health to one side, in points: as stated, else from how far the interval reaches there."""
    finite = np.isfinite(column(jars, "soh_pct"))
    by_quantile = np.where(np.isfinite(reach_pct), np.maximum(reach_pct / Z_90, LEAST_SD_PCT), 0.0)
    otherwise = np.where(by_quantile > 0, by_quantile, SOH_SD_PCT)
    return np.where(finite, _stated(jars, "soh_std_pct", otherwise), UNKNOWN_SOH_SD_PCT)


def _made(jars: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """ln of the jars' make and its deviation (3, J); not yet shown: the string's and the population's."""
    logs = [_filled(column(jars, name), 0.0) for name in KINETICS]
    sds = [_stated(jars, name, sd) for name, sd in zip(KINETICS_SD, POPULATION_SD, strict=True)]
    return np.stack(logs), np.stack(sds)


@dataclass(frozen=True)
class JarDraws:
    """Draws of one string, (draws, jars): charge and health as shares, mΩ at 25 °C, °C.

    made (3, draws, jars): ln of KINDS against the reference jar. luck: where a draw's health stands among
    what the jar may be, in deviations.
    """

    soc: np.ndarray
    soh: np.ndarray
    mohm: np.ndarray
    temperature_c: np.ndarray
    made: np.ndarray
    luck: np.ndarray

    @classmethod
    def exactly(cls, jars: JarStates) -> "JarDraws":
        """One draw, in which the jars are as they are said to be."""
        return cls(
            jars.soc[None], jars.soh[None], jars.mohm[None], jars.temperature_c[None], jars.made[:, None],
            np.zeros((1, jars.soh.size)),
        )  # fmt: skip


def jar_draws(states: JarStates, draws: int, rng: np.random.Generator) -> JarDraws:
    """What the jars of a string may be, given what is known of them."""
    count = states.soh.size
    common = rng.standard_normal((7, draws, 1))
    own = rng.standard_normal((7, draws, count))
    mixed = np.sqrt(COMMON_SHARE) * common + np.sqrt(1.0 - COMMON_SHARE) * own
    luck = mixed[1]
    ohmic = DC5S_SD * common[2] + np.where(states.known, OWN_OHMIC_SD, UNKNOWN_OHMIC_SD) * own[2]
    soc_sd = np.sqrt(np.maximum(states.soc_sd**2 - (OWN_SOC_SD_PCT / 100) ** 2, 0.0))
    return JarDraws(
        np.clip(states.soc + soc_sd * common[0] + OWN_SOC_SD_PCT / 100 * own[0], 0.0, 1.0),
        np.clip(states.soh + luck * np.where(luck < 0, states.soh_below, states.soh_above), 0.1, 1.3),
        states.mohm * np.exp(ohmic),
        states.temperature_c + TEMPERATURE_SD_K * np.repeat(common[3], count, axis=1),
        states.made[:, None] + states.made_sd[:, None] * mixed[4:7],
        luck,
    )


def as_physics(states: JarStates, draws: JarDraws) -> tuple[Jars, State]:
    """The draws as the discharge model takes them, (draws, jars), for jars of the string's median rating
    scaled to 120 Ah."""
    size = states.rated_ah / np.median(states.rated_ah)
    to_reference = np.median(states.rated_ah) / HX12_120.rated_ah
    # What a make changes in the 10 h test is in the health already.
    of_test = np.exp(np.tensordot(scale_for_test(), draws.made, axes=1))
    scale = capacity_scale(draws.soh) * HX12_120.acceptance_scale * of_test
    nothing = np.zeros(scale.shape)
    removed_ah = (1.0 - draws.soc) * draws.soh * HX12_120.rated_ah
    jars = Jars(
        scale * size, draws.mohm * to_reference / HX12_120.ohmic_mohm, draws.temperature_c,
        np.broadcast_to(states.cells, scale.shape), nothing, nothing, *np.exp(draws.made),
    )  # fmt: skip
    depth = 1.0 - removed_ah / (HX12_120.depth_capacity_ah * scale)
    return jars, State(depth, nothing.copy(), nothing.copy())
