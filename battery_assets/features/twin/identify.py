"""Which jar is it: parameters and health that the discharges of a month show, against what was known before.

A discharge shows acid, ohmic resistance, kinetics and the offset of the open-circuit voltage together, and a
partial one does not part them: so every jar is fitted with all of them free, each held by its prior spread.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from battery_assets.features.samples.runs import numbers
from battery_assets.features.twin import fit_kernels as kernel
from battery_assets.features.twin.jar_model import CAPACITY_SD, OFFSET_SD, SHARED, TwinParameters

# Prior spread of a jar against its product (SOURCES 1.2, 6), in the order of fit_kernels. Acid is that of the
# health known before and is handed in; so is the ohmic resistance.
CHART_SD, DEPLETION_SD, EXCHANGE_SD, VOLUME_SD = 0.020, 0.15, 0.15, 0.03
SURFACE_V, SURFACE_SD, COUP_V, COUP_SD = 0.10, 0.04, 0.10, 0.05
READING_SD, NO_READING_SD = 0.06, 0.30  # of ln R0: instrument and its step to direct current
HEALTH_SD = 0.15  # of ln acid: wider than the health is known, so that the discharge speaks for itself
# A model is wrong in the same direction for minutes: a window counts as so many independent looks.
MODEL_SD_V, LOOKS_PER_WINDOW, LOOKS_PER_HOUR = 0.008, 6.0, 6.0
SENSOR_SD_V = 0.005
# Past the knee a point of charge is many volts: there the model's error is one of charge.
KNEE_V, KNEE_SHARE = 2.5, 0.01
# The current sensor's gain, and what its zero on float leaves of its offset, are in the capacity as they are.
CURRENT_GAIN_SD, CURRENT_OFFSET_A = 0.005, 0.06
# On simulated jars of a population's spread the errors were 1.2 times the fit's deviation, and a point.
FIT_FACTOR, FIT_SD_PCT, SILENT_SD_PCT = 1.2, 1.0, 15.0
# What a model that was identified is still off by, and a capacity from discharge to discharge.
KNOWN_OFFSET_V, KNOWN_CAPACITY = 0.03, 0.02
SECONDS_BLIND = 20.0  # the first samples, where clocks differ and the dip falls
MOST_SAMPLES = 400


@dataclass(frozen=True)
class Identified:
    """Jars that a discharge could be fitted to: their parameters, and the health that it shows.

    soh_pct and soh_std_pct (J,): C10 that the discharge alone shows, as % of the rating, and its deviation;
    NaN where it shows none. rmse_v (J,). fitted_at: the end of each jar's last window. drawn_share (J,):
    largest Ah of a window over the rating. theta (J, 8) and its deviations, as in fit_kernels.
    """

    parameters: TwinParameters
    soh_pct: np.ndarray
    soh_std_pct: np.ndarray
    rmse_v: np.ndarray
    fitted_at: list[datetime]
    drawn_share: np.ndarray
    theta: np.ndarray
    theta_sd: np.ndarray


def population_spread(jars: int, ohmic_read: np.ndarray, offset_sd_v: float = CHART_SD) -> np.ndarray:
    """Prior deviation (J, 8) of jars that were never identified, columns as in fit_kernels.

    ohmic_read (J,): whether a reading of this jar stands behind its R0. offset_sd_v: 20 mV between jars of
    one product, 40 to 60 mV for a product whose chart is not known.
    """
    row = [HEALTH_SD, 1.0, offset_sd_v, DEPLETION_SD, EXCHANGE_SD, SURFACE_SD, COUP_SD, VOLUME_SD]
    sd = np.tile(row, (jars, 1))
    sd[:, kernel.LN_OHM] = np.where(ohmic_read, READING_SD, NO_READING_SD)
    return sd


def identified(
    windows: pl.DataFrame, prior: TwinParameters, spread: np.ndarray, rated_ah: np.ndarray
) -> Identified:
    """The jars of `prior` (J) that have windows, as discharge_windows returns them.

    spread (J, 8): how well each number of fit_kernels is known before. rated_ah (J,): C10 rating.
    """
    place = {name: k for k, name in enumerate(prior.battery_id)}
    fit = windows.filter(pl.col("battery_id").is_in(list(prior.battery_id)))
    parts = fit.sort("battery_id", "window_start", "ts").partition_by("battery_id", maintain_order=True)
    samples = [_samples(part, float(rated_ah[place[part["battery_id"][0]]])) for part in parts]
    parts = [part for part, own in zip(parts, samples, strict=True) if len(own[0]) >= 6]
    samples = [own for own in samples if len(own[0]) >= 6]
    names = tuple(part["battery_id"][0] for part in parts)
    last = np.cumsum([len(own[0]) for own in samples], dtype=np.int64)
    first = np.concatenate([[0], last[:-1]]).astype(np.int64)
    stacked = [
        np.concatenate(columns) if columns else np.empty(0) for columns in zip(*samples, strict=True)
    ] or [np.empty(0)] * 5
    rows = [place[name] for name in names]
    rated, sd = rated_ah[rows].astype(float), spread[rows]
    mean = np.tile([0.0] * kernel.UNKNOWNS, (len(names), 1))
    mean[:, kernel.SURFACE_V], mean[:, kernel.COUP_V] = SURFACE_V, COUP_V
    values, theta, cov, c10, c10_sd, rms = kernel.fit_jars(
        prior.values[rows], SHARED, mean, sd, rated, first, last, *stacked
    )
    flow = np.array([float(np.quantile(np.abs(numbers(part, "current_a")), 0.9)) for part in parts])
    counted = np.hypot(CURRENT_GAIN_SD, CURRENT_OFFSET_A / np.maximum(flow, 1.0))
    begun = np.array([_begin_in_doubt(part) for part in parts])
    soh, soh_sd = _shown_alone(c10 / rated[:, None], c10_sd, np.hypot(counted, begun))
    drawn = np.array([_drawn_ah(part) for part in parts])
    of_offset = np.sqrt(cov[:, kernel.OFFSET, kernel.OFFSET])
    values[:, OFFSET_SD] = np.minimum(np.hypot(KNOWN_OFFSET_V, of_offset), values[:, OFFSET_SD])
    values[:, CAPACITY_SD] = np.minimum(np.hypot(KNOWN_CAPACITY, c10_sd[:, 0]), values[:, CAPACITY_SD])
    return Identified(
        TwinParameters(names, values), soh, soh_sd, rms, [part["ts"][-1] for part in parts],
        drawn / rated, theta, np.sqrt(np.einsum("jii->ji", cov)),
    )  # fmt: skip


def _shown_alone(share: np.ndarray, log_sd: np.ndarray, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SOH in % and its deviation that the discharges show by themselves, (J,): the capacity known before, to
    which the fit was held, is taken out again, so that it does not speak twice. counted (J,): sd of ln of
    the charge that was counted."""
    # A capacity that stands at the end of its range does not move with the fit: nothing was shown.
    moves = (log_sd > 0).all(axis=1, keepdims=True)
    after, before = (1.0 / np.where(moves, log_sd, np.inf) ** 2).T
    gained = after - before
    logs = np.log(np.maximum(share, 1e-3))
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = np.where(gained > 0, (after * logs[:, 0] - before * logs[:, 1]) / gained, np.nan)
        own_sd = np.where(gained > 0, gained**-0.5, np.inf)
    soh = 100.0 * np.exp(np.clip(alone, -3.0, 0.5))
    sd = np.hypot(soh * np.hypot(FIT_FACTOR * own_sd, counted), FIT_SD_PCT)
    silent = ~(sd <= SILENT_SD_PCT)
    return np.where(silent, np.nan, soh), np.where(silent, np.nan, sd)


def _begin_in_doubt(jar: pl.DataFrame) -> float:
    """Share of a jar's longest window by which its load may have begun sooner or later, between samples."""
    spans = jar.group_by("window_start").agg(
        lasts=pl.col("ts").max() - pl.col("window_start").first(), step=pl.col("ts").diff().median()
    )
    longest = spans.sort("lasts").row(-1, named=True)
    return float(longest["step"] / longest["lasts"]) / np.sqrt(12.0)


def _samples(jar: pl.DataFrame, rated_ah: float) -> tuple[np.ndarray, ...]:
    """Of a jar's windows, thinned: seconds since the load began, drawn A, °C, V and weight (1/V²)."""
    out = []
    for window in jar.partition_by("window_start", maintain_order=True):
        us = window["ts"].dt.epoch("us").to_numpy()
        seconds = (us - window["window_start"].dt.epoch("us").to_numpy()) / 1e6
        drawn, volts = -numbers(window, "current_a").astype(float), numbers(window, "voltage_v").astype(float)
        temps = np.nan_to_num(numbers(window, "temperature_c").astype(float), nan=25.0)
        step = np.abs(np.diff(drawn, prepend=drawn[:1])) > 0.2 * np.abs(drawn).max(initial=1e-9)
        used = np.isfinite(volts) & (seconds >= SECONDS_BLIND) & ~step
        used[:-1] &= ~step[1:]
        used &= ~_stuck(volts)
        count = int(used.sum())
        looks = min(float(count), LOOKS_PER_WINDOW + LOOKS_PER_HOUR * float(seconds[-1]) / 3600.0)
        steep = KNEE_SHARE * np.maximum(_volts_per_rating(seconds, drawn, volts, rated_ah) - KNEE_V, 0.0)
        weight = used * looks / max(count, 1) / (MODEL_SD_V**2 + SENSOR_SD_V**2 + steep**2)
        thin = _thinned(seconds, step)
        kept = weight[thin] * (count / max(int(np.count_nonzero(weight[thin])), 1))
        out.append((seconds[thin], drawn[thin], temps[thin], volts[thin], kept))
    stacked = [np.concatenate(columns) for columns in zip(*out, strict=True)]
    stacked[3] = np.nan_to_num(stacked[3], nan=12.0)
    return tuple(stacked)


def _volts_per_rating(
    seconds: np.ndarray, drawn: np.ndarray, volts: np.ndarray, rated_ah: float
) -> np.ndarray:
    """Fall of the voltage in V per rated capacity drawn, over eleven samples; 0 where nothing is drawn."""
    share = np.concatenate([[0.0], np.cumsum(0.5 * (drawn[1:] + drawn[:-1]) * np.diff(seconds))])
    share /= 3600.0 * rated_ah
    wide = min(5, (len(volts) - 1) // 2)
    ahead = np.minimum(np.arange(len(volts)) + wide, len(volts) - 1)
    back = np.maximum(np.arange(len(volts)) - wide, 0)
    moved = share[ahead] - share[back]
    fall = np.nan_to_num(volts[back] - volts[ahead])
    return np.where(moved > 1e-5, fall / np.maximum(moved, 1e-5), 0.0)


def _thinned(seconds: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Which samples of a window are enough: all of the first minutes and at steps, fewer between."""
    stride = -(-len(seconds) // MOST_SAMPLES)
    near = step.copy()
    near[:-1] |= step[1:]
    return (
        (np.arange(len(seconds)) % stride == 0)
        | (seconds < 300.0) & (np.arange(len(seconds)) % 4 == 0)
        | near
    )


def _stuck(volts: np.ndarray) -> np.ndarray:
    """Samples of a stretch of at least six equal voltages: a sensor that stands still."""
    change = np.concatenate([[True], volts[1:] != volts[:-1]])
    run = np.cumsum(change) - 1
    return np.bincount(run)[run] >= 6


def _drawn_ah(jar: pl.DataFrame) -> float:
    amps = -numbers(jar, "current_a").astype(float)
    hours = jar["ts"].dt.epoch("us").to_numpy() / 3.6e9
    starts = jar["window_start"].dt.epoch("us").to_numpy()
    inside = starts[1:] == starts[:-1]
    moved = np.where(inside, 0.5 * (amps[1:] + amps[:-1]) * np.diff(hours), 0.0)
    return float(max(np.bincount(np.searchsorted(np.unique(starts), starts[1:]), moved, 1).max(), 0.0))
