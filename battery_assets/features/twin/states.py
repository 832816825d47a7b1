"""The digital twin of each jar at an instant: circuit, charge, health and wear.

Parameters come from the month's discharges where they show them, otherwise from a prior that is named as
such in ocv_params_json. On float nothing of the circuit but the ohmic reading can be seen.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.charge.ocv_curve import OCV_V_PER_K, SOC_PCT, acid_v
from battery_assets.features.health.estimate import BY_COURSE, LIKELY_END, WEAR_OUT
from battery_assets.features.health.faults import OPEN, OPEN_MOHM
from battery_assets.features.samples.blocks import SIX
from battery_assets.features.samples.runs import numbers
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.features.twin.circuit import WORST_RMSE_V, calibration, circuit
from battery_assets.features.twin.jar_model import NAMES, TwinParameters
from battery_assets.features.twin.readings import week_of_readings
from battery_assets.physics.ageing import ageing_factor
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema

# Corrosion layer d = k τ^0.8 with thermal years τ (SOURCES 8.4, k 20 to 50 µm); the low end stays longest
# within the column, which holds 99,999.999 nm.
CORROSION_NM = 20_000.0
LEAST_FADE_PCT = -30.0  # of the column: a jar that holds far more than its first capacity was told
LARGEST_LAYER_NM = 99_999.999
MOST_F = 999_999.0
EVIDENCE = ("resistance", "discharge", "capacity_test")
# The filter's own state is added where it was walked.
SCHEMA = {name: kind for name, kind in polars_schema(t.digital_twin_state).items() if name != "filter_json"}


def twin_states(
    jars: pl.DataFrame,
    charge: pl.DataFrame,
    health: pl.DataFrame,
    features_24h: pl.DataFrame,
    discharges: pl.DataFrame,
    parameters: TwinParameters,
    at: datetime,
    shown: Mapping[str, tuple[datetime, float]] | None = None,
) -> pl.DataFrame:
    """Rows of digital_twin_state (but for filter_json), one per jar and in the order of jars, at an instant.

    jars: battery_id, installed_date, initial_capacity_ah, initial_resistance_mohm, capacity_ah. charge:
    battery_id, soc_pct, soc_std_pct of the filter. health: as state_of_health returns it. features_24h: rows
    of feature_store (the last up to `at` counts; t_mean averages over all of them). discharges: as
    discharge_windows returns them. parameters: of the same jars, as identified by then. shown: until when,
    and with what rms error (V), a discharge of the month identified a jar.

    r0_mohm is the 5 s direct-current resistance: from the current's steps in a discharge, else the ohmic
    readings of the last week × 1.3, else the baseline × 1.3. r1, c1, r2, c2: fitted to all discharges of the
    month together where they allow it and the value lies in its valid range; else the prior of SOURCES 1.3 at
    the jar's SOC, scaled with its ohmic reading. ocv_params_json says which ("source" fit or prior,
    "r0_source", "not_valid": fitted values that were thrown away), and holds the jar's own open-circuit
    curve, the age of each kind of evidence, and quantiles of the days until the jar likely ends.
    calibration_rmse_v is that of the circuit on the latest discharge, predicted without it where there are
    several ("rmse_of"), else that of the jar's identification; NULL without a discharge in the month.
    sei_thickness_nm is the equivalent positive-grid corrosion layer, a model state that nobody measured.
    power_fade_pct = (1 − R_initial/R) · 100 at 25 °C; capacity_fade_pct against the initial capacity.
    """
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    facts = _facts_at(jars, charge, health, features_24h, at)
    windows = discharges.partition_by("battery_id", as_dict=True)
    curves = {name: row for name, row in zip(parameters.battery_id, parameters.values, strict=True)}
    rows = [
        _state(
            jar,
            windows.get((jar["battery_id"],)),
            curves[jar["battery_id"]],
            at,
            (shown or {}).get(jar["battery_id"]),
        )
        for jar in facts.to_dicts()
    ]
    return _opened(pl.DataFrame(rows, schema=SCHEMA))


def _opened(rows: pl.DataFrame) -> pl.DataFrame:
    """The twins; one whose circuit is beyond that of any jar gives nothing at its terminals."""
    opened = (pl.col("r0_mohm") > OPEN_MOHM).fill_null(value=False) & (pl.col("fault") != OPEN).fill_null(
        value=True
    )
    nothing = {"soh_pct": 0.0, "soh_lower_pct": 0.0, "soh_upper_pct": 0.0, "capacity_fade_pct": 100.0}
    return rows.with_columns(
        *(
            pl.when(opened & pl.col(name).is_not_null()).then(value).otherwise(name).alias(name)
            for name, value in nothing.items()
        ),
        working_soh_pct=pl.when(opened)
        .then(pl.coalesce("working_soh_pct", "soh_pct"))
        .otherwise("working_soh_pct"),
        fault=pl.when(opened).then(pl.lit(OPEN)).otherwise("fault"),
    )


def _facts_at(
    jars: pl.DataFrame,
    charge: pl.DataFrame,
    health: pl.DataFrame,
    features_24h: pl.DataFrame,
    at: datetime,
) -> pl.DataFrame:
    latest = week_of_readings(features_24h.filter(pl.col("feature_ts") <= at))
    facts = jars.select(
        pl.col("battery_id").cast(pl.String),
        "installed_date", "initial_capacity_ah", "initial_resistance_mohm", "capacity_ah",
    )  # fmt: skip
    for part in (charge.select("battery_id", "soc_pct", "soc_std_pct"), health, latest):
        keyed = part.with_columns(pl.col("battery_id").cast(pl.String)).unique("battery_id")
        facts = facts.join(keyed, on="battery_id", how="left", maintain_order="left")
    warm = numbers(facts, "t_mean").astype(float)
    at_25 = resistance_at_25c(
        numbers(facts, "r_internal_latest").astype(float), np.nan_to_num(warm, nan=25.0)
    )
    installed = pl.col("installed_date").cast(pl.Date)
    years = (pl.lit(at.date()) - installed).dt.total_days() / 365.25
    thermal = years.clip(lower_bound=0.0) * pl.Series(ageing_factor(np.nan_to_num(warm, nan=25.0)))
    return facts.with_columns(
        at_25_mohm=pl.Series(at_25, dtype=pl.Float64).fill_nan(None), thermal_years=thermal
    )


OF_JAR = "r_internal_latest", "initial_resistance_mohm", "initial_capacity_ah"


def _state(
    jar: dict,
    windows: pl.DataFrame | None,
    curve: np.ndarray,
    at: datetime,
    shown: tuple[datetime, float] | None,
) -> dict:
    """One row of the table."""
    reading, initial, first_ah = (jar[name] for name in OF_JAR)
    ohmic, soh, rated = reading or initial, jar["soh_pct"], jar["capacity_ah"]
    working = jar.get("working_soh_pct") or soh
    calibrated = calibration(windows, (working or 100.0) / 100.0 * rated if rated else None, ohmic)
    used = calibrated.fit if calibrated is not None and calibrated.fit.rmse_v <= WORST_RMSE_V else None
    values, not_valid = circuit(jar["soc_pct"], ohmic, used)
    r0_source = "discharge_step" if used and used.r0_from_step and "r0_mohm" not in not_valid else (
        "ohmic_reading" if reading else "initial_resistance"
    )  # fmt: skip
    layer = None if jar["thermal_years"] is None else CORROSION_NM * jar["thermal_years"] ** 0.8
    branches = sum(ohm is not None for ohm in (used.r1_ohm, used.r2_ohm)) if used else 0
    circuit_json = {
        "source": "fit" if branches else "prior",
        "fitted_branches": branches,
        "r0_source": r0_source if ohmic else None,
        "not_valid": not_valid,
        "window_offset_v": None if used is None else round(used.offset_v, 4),
        "evidence_age_days": {
            kind: days if days is None else round(days, 1)
            for kind in EVIDENCE
            for days in [jar.get(f"{kind}_age_days")]
        },
        # Of which the jars of a string are drawn together.
        "likely_end_days": [None if jar.get(name) is None else round(jar[name], 1) for name in LIKELY_END],
        BY_COURSE: jar.get(BY_COURSE),
        "rmse_of": ("held_out_window" if calibrated.held_out else "fitted_window")
        if calibrated
        else "identification"
        if shown
        else None,
    }
    carried = (
        "soc_pct", "soc_std_pct", "soh_pct", "soh_std_pct", "soh_lower_pct", "soh_upper_pct", "evidence",
        "evidence_age_days", "fault", "lost_v", "working_soh_pct", *WEAR_OUT,
    )  # fmt: skip
    return {
        "state_id": identity("twin", jar["battery_id"], at.isoformat()),
        "battery_id": jar["battery_id"],
        "captured_at": at,
        **{name: jar.get(name) for name in carried},
        **values,
        "ocv_params_json": json.dumps(circuit_json | _curve(curve) | _film(layer)),
        "sei_thickness_nm": None if layer is None else min(layer, LARGEST_LAYER_NM),
        "capacity_fade_pct": max(100.0 - soh * rated / first_ah, LEAST_FADE_PCT)
        if soh is not None and rated and first_ah
        else None,
        "power_fade_pct": (1.0 - initial / jar["at_25_mohm"]) * 100.0
        if initial and jar["at_25_mohm"]
        else None,
        "calibration_rmse_v": calibrated.rmse_v if calibrated else shown[1] if shown else None,
        "last_calibrated_at": calibrated.at if calibrated else shown[0] if shown else None,
    }


def as_they_are(rows: pl.DataFrame, cells: Mapping[str, float]) -> pl.DataFrame:
    """Rows of twins of six cells, as of the cells that their jars have: ohms and volts fall with them.

    cells: of the jars that have other than six, as `blocks.cells_of` gives it.
    """
    if not cells:
        return rows
    share = pl.col("battery_id").replace_strict(
        {jar: count / SIX for jar, count in cells.items()}, default=1.0, return_dtype=pl.Float64
    )
    ohms = ("r0_mohm", "r1_mohm", "r2_mohm", "calibration_rmse_v")
    farads = [pl.col(name) / share for name in ("c1_f", "c2_f")]
    # A block of one cell has six times the farads of a jar: more than the column may hold are not told.
    believable = [pl.when(farad < MOST_F).then(farad) for farad in farads]
    return rows.with_columns(pl.col(ohms) * share, *believable)


def _curve(values: np.ndarray) -> dict:
    """The jar's own open-circuit curve: what was fitted of it, and its voltages at the SOC of the table."""
    p = dict(zip(NAMES, values.tolist(), strict=True))
    depth = 1.0 - (1.0 - SOC_PCT / 100.0) * p["capacity_ah"] / p["acid_ah"]
    volts = [acid_v(float(z), p["acid_volume"])[0] + p["offset_v"] for z in depth]
    return {
        "curve": "acid balance of a 12 V AGM jar, present C10 basis, 25 C",
        "offset_v": round(p["offset_v"], 5),
        "acid_volume": round(p["acid_volume"], 5),
        "acid_ah": round(p["acid_ah"], 3),
        "soc_pct": SOC_PCT.tolist(),
        "ocv_v": [round(v, 4) for v in volts],
        "ocv_v_per_k": OCV_V_PER_K,
    }


def _film(layer_nm: float | None) -> dict:
    """What the layer in sei_thickness_nm is: lead-acid has no SEI."""
    return {
        "film_type": "positive_grid_corrosion",
        "film_nm": None if layer_nm is None else round(layer_nm, 1),
        "film_note": "model state, not measured",
    }
