"""Charge under load of batteries that the twin's chart was not made for: real records, and simulated makers."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from battery_assets.features.twin.filter import filtered_day, initial_twin_state
from battery_assets.features.twin.jar_model import TwinParameters, prior_parameters
from battery_assets.ingest.discharge_tests.record import read_discharge_test
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets_tests.worlds.estimation import scores, world
from battery_assets_tests.worlds.oracles import (
    AGM,
    CELLS,
    TUBULAR,
    battery_curve,
    data_folder,
    removed_ah,
)

RECORD_AH = 100.0  # what is printed on the batteries of the real records
FULL_SD = 0.02
# Acid of another concentration is ±0.11 V in a jar, more or less of it another slope (SOURCES 1.2).
STRONGER, MORE = 0.05, 0.10
KNOWN_SD = 0.03  # of the capacity
SEED, HEALTHS = 79, (1.0, 0.85)


class Followed(NamedTuple):
    """Of a record: rms and worst error of the filter's SOC, rms of counting with the rating, sd at its end."""

    rms: float
    worst: float
    counted_rms: float
    sd: float


def real_record(path: Path) -> Followed:
    """The filter with nothing but the rating of a real battery, from full to its lowest voltage.

    The truth: what it had given by then is all that it had.
    """
    curve = battery_curve(read_discharge_test(path))
    last = int(np.nanargmin(curve.voltage_v)) + 1
    out, volts = removed_ah(curve)[:last], CELLS * curve.voltage_v[:last]
    start = datetime(2026, 3, 2, 1, tzinfo=UTC).timestamp()
    ts = pl.Series("ts", ((start + curve.time_s[:last]) * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    ts = ts.dt.replace_time_zone("UTC")
    current = curve.current_a[:last]
    jars_day = pl.DataFrame({"ts": ts, "battery_id": "a", "voltage_v": volts, "temperature_c": 25.0})
    strings_day = pl.DataFrame(
        {"ts": ts, "string_id": "a", "voltage_v": np.nan_to_num(volts, nan=12.0), "current_a": current,
         "mode": np.where(current < -1.0, "discharge", "idle")}
    )  # fmt: skip
    units = world.units(["a"]).with_columns(capacity_ah=pl.lit(RECORD_AH))
    state = initial_twin_state(jars_day, strings_day, units)
    state.x[0, 0], state.cov[0, 0, 0] = 1.0, FULL_SD**2
    unknown = np.array([np.nan])
    prior = prior_parameters(("a",), np.array([RECORD_AH]), unknown, unknown)
    soc, after = filtered_day(jars_day, strings_day, units, prior, state)
    truth = 1.0 - out / out[-1]
    off, counted = 100.0 * (soc - truth), 100.0 * (1.0 - out / RECORD_AH - truth)
    sd = float(after.frame()["soc_std_pct"][0])
    return Followed(rms(off), float(np.nanmax(np.abs(off))), rms(counted), sd)


def rms(off: np.ndarray) -> float:
    """Root mean square without what is not known."""
    return float(np.sqrt(np.nanmean(off**2)))


def other_makers(rng: np.random.Generator, count: int, soh: float) -> list[world.Jar]:
    """Jars of makers whose acid is stronger or weaker, more or less, than that of the twin's chart."""
    made = []
    for k in range(count):
        one = world.jar(rng, soh, 1.0 + 2.3 * (1.0 - soh))
        own = replace(
            one.own,
            acid_mass_fraction=HX12_120.acid_mass_fraction * (1.0 + STRONGER * (-1) ** k),
            acid_ml_per_ah=one.own.acid_ml_per_ah * (1.0 + rng.uniform(-MORE, MORE)),
        )
        c10 = world.true_c10(own, one.capacity_scale, one.resistance_scale)
        made.append(replace(one, own=own, c10_ah=c10))
    return made


def other_makers_rms(seed: int, count: int, soh: float) -> dict[str, float]:
    """RMS error of the SOC in points in each of the benchmark's cases, by priors and a capacity known to 3 %."""
    rng = np.random.default_rng(seed)
    jars = other_makers(rng, count, soh)
    known = np.array([jar.soh_pct for jar in jars]) * rng.normal(1.0, KNOWN_SD, count)
    prior = as_known(jars, known)
    return {case: scores.soc_rmse(rng, jars, prior, *load) for case, load in scores.CASES.items()}


def as_known(jars: list[world.Jar], soh_pct: np.ndarray) -> TwinParameters:
    """What is known of jars without any discharge: rating, health, an ohmic reading."""
    ohm = np.array([jar.ohmic_mohm for jar in jars])
    return prior_parameters(tuple(scores.names_of(jars)), np.full(len(jars), HX12_120.rated_ah), soh_pct, ohm)


def measure_others(small: bool) -> dict[str, float]:
    """The worst rms of the SOC over the benchmark's cases, of simulated makers with other acid."""
    of_cases = [
        other_makers_rms(SEED, 4 if small else 24, soh).values() for soh in HEALTHS[: 1 if small else None]
    ]
    return {"soc_other_maker_points": max(max(errors) for errors in of_cases)}


def measure_real(small: bool) -> dict[str, float]:
    """Rms of the SOC on real records with priors only, beside counting with the rating."""
    folder = data_folder()
    agm, tubular = real_record(folder / AGM), [real_record(folder / name) for name in TUBULAR]
    worst = max(tubular, key=lambda one: one.rms - one.counted_rms)
    return {
        "soc_agm_points": agm.rms,
        "soc_agm_counted_points": agm.counted_rms,
        "soc_tubular_over_counted_points": worst.rms - worst.counted_rms,
    }
