"""The digital twin of each jar at an instant: circuit, charge, health and wear (first version).

Parameters come from the month's discharges where they show them, otherwise from a prior that is named as
such in ocv_params_json. On float nothing of the circuit but the ohmic reading can be seen.
"""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets.features.ocv_curve import OCV_V, OCV_V_PER_K, SOC_PCT, open_circuit_v
from battery_assets.features.runs import numbers
from battery_assets.features.temperature import resistance_at_25c
from battery_assets.features.two_rc import TwoRc, fit_two_rc
from battery_assets.physics.ageing import ageing_factor
from battery_assets.tables.identity import identity

DC5S_FACTOR = 1.3  # R0 over 5 s of direct current to the instrument's reading: 1.2 to 1.4, SOURCES 1.3
NEW_MOHM = 4.25
# Table of SOURCES 1.3 for a new jar: charge transfer at small current + fast polarisation, and diffusion.
PRIOR_SOC_PCT = np.array([20.0, 50.0, 80.0, 100.0])
PRIOR_R1_MOHM = np.array([2.46, 1.09, 0.65, 0.50]) + 0.4
PRIOR_R2_MOHM = np.array([19.3, 15.2, 13.4, 12.9])
PRIOR_TAU1_S, PRIOR_TAU2_S = 30.0, 4740.0
# Beyond these an identified value is not one of a 12 V jar (SOURCES 1.3); c2_f ends at its column's width.
VALID = {
    "r0_mohm": (2.5, 40.0),
    "r1_mohm": (0.2, 10.0),
    "r2_mohm": (0.5, 60.0),
    "c1_f": (1e3, 200e3),
    "c2_f": (20e3, 999_999.0),
}
WORST_RMSE_V = 0.060  # twice the 30 mV of model error in SOURCES 6: a worse fit is kept as its rmse only
# Corrosion layer d = k τ^0.8 with thermal years τ (SOURCES 8.4, k 20 to 50 µm); the low end stays longest
# within the column, which holds 99,999.999 nm.
CORROSION_NM = 20_000.0
LARGEST_LAYER_NM = 99_999.999
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "state_id": pl.String,
    "battery_id": pl.String,
    "captured_at": pl.Datetime("us", "UTC"),
    "soc_pct": pl.Float64,
    "soh_pct": pl.Float64,
    "r0_mohm": pl.Float64,
    "r1_mohm": pl.Float64,
    "c1_f": pl.Float64,
    "r2_mohm": pl.Float64,
    "c2_f": pl.Float64,
    "ocv_params_json": pl.String,
    "sei_thickness_nm": pl.Float64,
    "capacity_fade_pct": pl.Float64,
    "power_fade_pct": pl.Float64,
    "calibration_rmse_v": pl.Float64,
    "last_calibrated_at": pl.Datetime("us", "UTC"),
}


def twin_states(
    jars: pl.DataFrame,
    soc_at_end: pl.DataFrame,
    health: pl.DataFrame,
    features_24h: pl.DataFrame,
    discharges: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    """Rows of digital_twin_state, one per jar and in the order of jars, captured at an instant.

    jars: battery_id, installed_date, initial_capacity_ah, initial_resistance_mohm, capacity_ah. soc_at_end:
    battery_id, soc_pct. health: battery_id, soh_pct. features_24h: rows of feature_store (the last up to `at`
    counts; t_mean averages over all of them). discharges: as discharge_windows returns them.

    r0_mohm is the 5 s direct-current resistance: from the current's steps in a discharge, else the last ohmic
    reading × 1.3, else the baseline × 1.3. r1, c1, r2, c2: fitted where a discharge of the month allows it
    and the value lies in its valid range; else the prior of SOURCES 1.3 at the jar's SOC, scaled with its
    ohmic reading. ocv_params_json says which ("source" fit or prior, "r0_source", "not_valid": fitted values
    that were thrown away). calibration_rmse_v and last_calibrated_at are NULL without a discharge in the
    month. sei_thickness_nm is the equivalent positive-grid corrosion layer, a model state that nobody
    measured. power_fade_pct = (1 − R_initial/R) · 100 at 25 °C; capacity_fade_pct against the initial
    capacity.
    """
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    known = _known(jars, soc_at_end, health, features_24h, at)
    windows = discharges.partition_by("battery_id", as_dict=True)
    rows = [_state(jar, windows.get((jar["battery_id"],)), at) for jar in known.to_dicts()]
    return pl.DataFrame(rows, schema=SCHEMA)


def _known(
    jars: pl.DataFrame,
    soc_at_end: pl.DataFrame,
    health: pl.DataFrame,
    features_24h: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    latest = (
        features_24h.filter(pl.col("feature_ts") <= at)
        .sort("feature_ts")
        .group_by("battery_id")
        .agg(pl.col("r_internal_latest").drop_nulls().last(), pl.col("t_mean").mean())
    )
    known = jars.select(
        pl.col("battery_id").cast(pl.String),
        "installed_date", "initial_capacity_ah", "initial_resistance_mohm", "capacity_ah",
    )  # fmt: skip
    for part in (soc_at_end.select("battery_id", "soc_pct"), health.select("battery_id", "soh_pct"), latest):
        keyed = part.with_columns(pl.col("battery_id").cast(pl.String)).unique("battery_id")
        known = known.join(keyed, on="battery_id", how="left", maintain_order="left")
    warm = numbers(known, "t_mean").astype(float)
    at_25 = resistance_at_25c(
        numbers(known, "r_internal_latest").astype(float), np.nan_to_num(warm, nan=25.0)
    )
    installed = pl.col("installed_date").cast(pl.Date)
    years = (pl.lit(at.date()) - installed).dt.total_days() / 365.25
    thermal = years.clip(lower_bound=0.0) * pl.Series(ageing_factor(np.nan_to_num(warm, nan=25.0)))
    return known.with_columns(
        at_25_mohm=pl.Series(at_25, dtype=pl.Float64).fill_nan(None), thermal_years=thermal
    )


def _state(jar: dict, windows: pl.DataFrame | None, at: datetime) -> dict:
    """One row of the table."""
    reading, initial = jar["r_internal_latest"], jar["initial_resistance_mohm"]
    ohmic = reading or initial
    fit, fitted_at = _calibration(jar, windows, ohmic)
    used = fit if fit is not None and fit.rmse_v <= WORST_RMSE_V else None
    circuit, not_valid = _circuit(jar["soc_pct"], ohmic, used)
    r0_source = "discharge_step" if used and used.r0_from_step and "r0_mohm" not in not_valid else (
        "ohmic_reading" if reading else "initial_resistance"
    )  # fmt: skip
    layer = None if jar["thermal_years"] is None else CORROSION_NM * jar["thermal_years"] ** 0.8
    soh, capacity, first_ah = jar["soh_pct"], jar["capacity_ah"], jar["initial_capacity_ah"]
    return {
        "state_id": identity("twin", jar["battery_id"], at.isoformat()),
        "battery_id": jar["battery_id"],
        "captured_at": at,
        "soc_pct": jar["soc_pct"],
        "soh_pct": soh,
        **circuit,
        "ocv_params_json": _ocv_json(used, r0_source if ohmic else None, not_valid, layer),
        "sei_thickness_nm": None if layer is None else min(layer, LARGEST_LAYER_NM),
        "capacity_fade_pct": 100.0 - soh * capacity / first_ah if soh and capacity and first_ah else None,
        "power_fade_pct": (1.0 - initial / jar["at_25_mohm"]) * 100.0
        if initial and jar["at_25_mohm"]
        else None,
        "calibration_rmse_v": None if fit is None else fit.rmse_v,
        "last_calibrated_at": fitted_at,
    }


def _calibration(
    jar: dict, windows: pl.DataFrame | None, ohmic_mohm: float | None
) -> tuple[TwoRc | None, datetime | None]:
    """Fit of the jar's latest discharge that can be fitted, and when that discharge ended."""
    if windows is None or not ohmic_mohm or not jar["capacity_ah"]:
        return None, None
    ah = jar["capacity_ah"] * (jar["soh_pct"] or 100.0) / 100.0
    for window in reversed(
        windows.sort("window_start", "ts").partition_by("window_start", maintain_order=True)
    ):
        seconds = window["ts"].dt.epoch("us").to_numpy() / 1e6
        seconds = seconds - seconds[0]
        current = window["current_a"].to_numpy()
        step_ah = 0.5 * (current[1:] + current[:-1]) * np.diff(seconds) / 3600.0
        soc = 100.0 + 100.0 * np.concatenate([[0.0], np.cumsum(step_ah)]) / ah
        ocv = open_circuit_v(soc, np.nan_to_num(numbers(window, "temperature_c").astype(float), nan=25.0))
        fit = fit_two_rc(
            seconds, current, window["voltage_v"].to_numpy(), ocv, ohmic_mohm * DC5S_FACTOR * 1e-3
        )
        if fit is not None and np.isfinite(fit.rmse_v):
            return fit, window["ts"][-1]
    return None, None


def _circuit(
    soc_pct: float | None, ohmic_mohm: float | None, fit: TwoRc | None
) -> tuple[dict[str, float | None], list[str]]:
    """r0 … c2 in mΩ and F, and the names of fitted values out of range, for which the prior stands."""
    prior = _prior(100.0 if soc_pct is None else soc_pct, ohmic_mohm)
    if fit is None:
        return prior, []
    fitted: dict[str, float | None] = {"r0_mohm": 1e3 * fit.r0_ohm if fit.r0_from_step else None}
    for k, (ohm, tau) in enumerate(((fit.r1_ohm, fit.tau1_s), (fit.r2_ohm, fit.tau2_s)), start=1):
        fitted[f"r{k}_mohm"] = None if not ohm else 1e3 * ohm
        fitted[f"c{k}_f"] = None if not ohm or not tau else tau / ohm
    not_valid = [name for name, value in fitted.items() if value and not _in_range(name, value)]
    for k in (1, 2):
        pair = f"r{k}_mohm", f"c{k}_f"
        # A branch stands or falls whole: its R and C come from one fit.
        if any(fitted[name] is None or name in not_valid for name in pair):
            fitted |= dict.fromkeys(pair)
    if "r0_mohm" in not_valid:
        fitted["r0_mohm"] = None
    return {name: fitted[name] if fitted[name] is not None else prior[name] for name in prior}, not_valid


def _in_range(name: str, value: float) -> bool:
    low, high = VALID[name]
    return low <= value <= high


def _prior(soc_pct: float, ohmic_mohm: float | None) -> dict[str, float | None]:
    if not ohmic_mohm:
        return dict.fromkeys(("r0_mohm", "r1_mohm", "c1_f", "r2_mohm", "c2_f"))
    scale = ohmic_mohm / NEW_MOHM
    r1 = scale * float(np.interp(soc_pct, PRIOR_SOC_PCT, PRIOR_R1_MOHM))
    r2 = scale * float(np.interp(soc_pct, PRIOR_SOC_PCT, PRIOR_R2_MOHM))
    return {
        "r0_mohm": ohmic_mohm * DC5S_FACTOR,
        "r1_mohm": r1,
        "c1_f": min(PRIOR_TAU1_S / r1 * 1e3, VALID["c2_f"][1]),
        "r2_mohm": r2,
        "c2_f": min(PRIOR_TAU2_S / r2 * 1e3, VALID["c2_f"][1]),
    }


def _ocv_json(fit: TwoRc | None, r0_source: str | None, not_valid: list[str], layer_nm: float | None) -> str:
    """The OCV curve, where the circuit came from, and what the layer in sei_thickness_nm is."""
    branches = 0 if fit is None else (fit.r1_ohm is not None) + (fit.r2_ohm is not None)
    return json.dumps(
        {
            "source": "fit" if branches else "prior",
            "fitted_branches": branches,
            "r0_source": r0_source,
            "not_valid": not_valid,
            "curve": "acid balance of a 12 V AGM jar, C10 basis, 25 C",
            "soc_pct": SOC_PCT.tolist(),
            "ocv_v": OCV_V.tolist(),
            "ocv_v_per_k": OCV_V_PER_K,
            "window_offset_v": None if fit is None else round(fit.offset_v, 4),
            "film_type": "positive_grid_corrosion",
            "film_nm": None if layer_nm is None else round(layer_nm, 1),
            "film_note": "model state, not measured",
        }
    )
