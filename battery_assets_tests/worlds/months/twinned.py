"""Jars with a known circuit, and days in which they are discharged."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from battery_assets.features.health.estimate import WEAR_OUT
from battery_assets.features.twin.jar_model import prior_parameters
from battery_assets.features.twin.states import twin_states
from battery_assets_tests.worlds.months.telemetry_days import (
    instants,
    jar_rows,
    string_rows,
    telemetry,
    units,
)

DAY = date(2026, 3, 1)


AT = datetime(2026, 4, 1, tzinfo=UTC)


TRUE = {"r0": 6.0e-3, "r1": 2.0e-3, "tau1": 30.0, "r2": 12.0e-3, "tau2": 1500.0}


def circuit_v(seconds: np.ndarray, current: np.ndarray, ah: float = 120.0, **change: float) -> np.ndarray:
    """Terminal voltage of a two-RC jar from full, stepped by 0.1 s; the current holds between samples."""
    p = TRUE | change
    soc, v1, v2, out = 1.0, 0.0, 0.0, []
    for k in range(len(seconds)):
        out.append(11.65 + 1.24 * soc + p["r0"] * current[k] + v1 + v2)
        if k + 1 < len(seconds):
            for _ in range(round((seconds[k + 1] - seconds[k]) * 10)):
                v1 += 0.1 / p["tau1"] * (p["r1"] * current[k] - v1)
                v2 += 0.1 / p["tau2"] * (p["r2"] * current[k] - v2)
                soc += 0.1 * current[k] / 3600 / ah
    return np.array(out)


def discharge_day(minutes: float = 15.0, step_s: int = 5, **change: float):
    """Two jars that float, discharge at 60 A from 10:00 and float again; jar b has twice the R0 of jar a."""
    us = instants(DAY, step_s)
    start = 10 * 3600
    seconds = (us - us[0]) / 1e6 - start
    during = (seconds >= 0) & (seconds < 60 * minutes)
    current = np.where(during, -60.0, 0.05)
    inside = (seconds >= 0) & (seconds < 60 * minutes + 900)
    frames = []
    for name, factor in (("a", 1.0), ("b", 2.0)):
        volts = np.full(len(us), 13.6)
        flow = np.where(during, -60.0, 0.0)[inside]
        volts[inside] = circuit_v(seconds[inside], flow, r0=factor * TRUE["r0"], **change)
        frames.append(jar_rows(name, us, volts))
    strings = string_rows("s1", us, current, np.where(during, "discharge", "idle"))
    return telemetry(DAY, pl.concat(frames), strings)


def known(*ids: str, **columns) -> pl.DataFrame:
    plain = {
        "installed_date": pl.lit(date(2022, 4, 1), pl.Date),
        "initial_capacity_ah": pl.lit(122.0),
        "initial_resistance_mohm": pl.lit(4.0),
    }
    return units(*ids).with_columns(**(plain | columns))


def features(*ids: str, mohm: float | None = 4.4, temp_c: float = 25.0) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": list(ids)}).with_columns(
        feature_ts=pl.lit(AT, pl.Datetime("us", "UTC")),
        r_internal_latest=pl.lit(mohm, pl.Float64),
        t_mean=pl.lit(temp_c),
    )


def twins(
    jars: pl.DataFrame, discharges: pl.DataFrame, soc: float = 100.0, soh: float = 95.0, **kw
) -> pl.DataFrame:
    ids = jars["battery_id"].to_list()
    charge = jars.select("battery_id", soc_pct=pl.lit(soc), soc_std_pct=pl.lit(2.0))
    health = jars.select(
        "battery_id", soh_pct=pl.lit(soh), soh_std_pct=pl.lit(5.0), soh_lower_pct=pl.lit(soh - 6),
        soh_upper_pct=pl.lit(soh + 4), evidence=pl.lit("age"), evidence_age_days=pl.lit(None, pl.Float64),
        **{name: pl.lit(days) for name, days in zip(WEAR_OUT, (600.0, 1500.0, 3000.0), strict=True)},
    )  # fmt: skip
    parameters = prior_parameters(
        tuple(ids), np.full(len(ids), 120.0), np.full(len(ids), soh), np.full(len(ids), 4.4)
    )
    return twin_states(jars, charge, health, features(*ids, **kw), discharges, parameters, AT)
