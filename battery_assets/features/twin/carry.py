"""What one month's twin hands over to the next: filter state and parameters of each jar as a JSON document.

Numbers are written in full, so that a month that is run again starts from the very same state.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from battery_assets.features.health.evidence import FITS
from battery_assets.features.samples.runs import numbers
from battery_assets.features.samples.strings import Units
from battery_assets.features.twin import fit_kernels as fit
from battery_assets.features.twin.filter import TwinState, initial_twin_state
from battery_assets.features.twin.identify import Identified, population_spread
from battery_assets.features.twin.jar_model import (
    ACID_AH,
    CAPACITY_AH,
    DEPLETION,
    NAMES,
    R0_OHM,
    TwinParameters,
    prior_parameters,
)

# Share of the population's spread by which a parameter may wander in a month: ohms and offset of the rest
# voltage; the make of a jar (depletion, exchange current, acid) far less, as it was built in.
FORGETS, FORGETS_MADE = 0.25, 0.05
_MADE = [fit.LN_DEPLETION, fit.LN_EXCHANGE, fit.LN_VOLUME]
LEAST_RATIO, MOST_RATIO = 0.2, 5.0


@dataclass(frozen=True)
class Carried:
    """Of J jars: parameters, how well ln acid … ln volume are known (J, 8; the population's spread where
    nothing was identified), and the health (%) and ohmic resistance (mΩ at 25 °C) that stand behind them."""

    parameters: TwinParameters
    theta_sd: np.ndarray
    soh_pct: np.ndarray
    ohmic_mohm: np.ndarray


def documents_of(rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The newest document of each battery_id in rows of digital_twin_state (captured_at, filter_json)."""
    kept = rows.filter(pl.col("filter_json").is_not_null()).sort("captured_at")
    newest = kept.group_by("battery_id", maintain_order=True).agg(pl.col("filter_json").last())
    return {name: json.loads(text) for name, text in newest.iter_rows()}


def fits_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The discharge fits of earlier months, as state_of_health takes them (columns of FITS)."""
    kept = rows.filter(pl.col("filter_json").is_not_null())
    fits = [
        (name, json.loads(text).get("fit"))
        for name, text in kept.select("battery_id", "filter_json").iter_rows()
    ]
    fitted = [
        (name, datetime.fromisoformat(one["fitted_at"]), one["soh_pct"], one["soh_std_pct"])
        for name, one in fits
        if one and one["soh_pct"] is not None
    ]
    return pl.DataFrame(fitted, schema=FITS, orient="row")


def fits_now(identified: Identified) -> pl.DataFrame:
    """The fits of this month, columns of FITS; jars whose discharge shows no capacity are left out."""
    columns = {
        "battery_id": list(identified.parameters.battery_id), "fitted_at": identified.fitted_at,
        "soh_pct": identified.soh_pct, "soh_std_pct": identified.soh_std_pct,
    }  # fmt: skip
    return pl.DataFrame(columns, schema=FITS).filter(pl.col("soh_pct").is_finite())


def restored(
    documents: Mapping[str, dict[str, Any]],
    jars_day: pl.DataFrame,
    strings_day: pl.DataFrame,
    jars: pl.DataFrame,
) -> TwinState:
    """The state that the month before left; a jar without a document starts anew, from its first samples.

    jars_day, strings_day: of the first day, for those. jars: battery_id, string_id, capacity_ah.
    """
    units = Units.of(jars)
    state = initial_twin_state(jars_day, strings_day, jars)
    for k, name in enumerate(units.ids):
        document = documents.get(name)
        if document is None:
            continue
        state.at_us[k], state.counts[k] = document["at_us"], document["counts"]
        # A document of a twin without a bias has fewer states: what it lacks begins anew.
        size = len(document["x"])
        state.x[k, :size], state.cov[k, :size, :size] = (
            document["x"],
            np.array(document["cov"]).reshape(size, size),
        )
        s = units.string_of[k]
        if document["string_id"] == units.strings[s]:
            state.anchors[s], state.loads[s], state.zero_a[s] = (
                document[word] for word in ("anchors", "loads", "zero_a")
            )
    return state


def carried(
    documents: Mapping[str, dict[str, Any]],
    jars: pl.DataFrame,
    soh_pct: np.ndarray,
    ohmic_mohm: np.ndarray,
) -> Carried:
    """Parameters for jars (battery_id, string_id, capacity_ah; J of them) at a health and an ohmic reading.

    What was identified stays: capacity moves with the health since, ohmic resistance with the reading since.
    A jar without a document gets the prior. soh_pct, ohmic_mohm (J,): NaN where unknown, which moves nothing.
    """
    units = Units.of(jars)
    prior = prior_parameters(tuple(units.ids), units.rated_ah, soh_pct, ohmic_mohm)
    values, spread = prior.values.copy(), population_spread(len(units.ids), np.isfinite(ohmic_mohm))
    sd, wanders = spread.copy(), FORGETS * spread
    wanders[:, _MADE] = FORGETS_MADE * spread[:, _MADE]
    soh, ohm = soh_pct.astype(float).copy(), ohmic_mohm.astype(float).copy()
    for k, name in enumerate(units.ids):
        document = documents.get(name)
        if document is None or document.get("parameters") is None:
            continue
        values[k] = [document["parameters"].get(word, values[k, n]) for n, word in enumerate(NAMES)]
        health = _ratio(soh_pct[k], document["soh_pct"])
        values[k, [CAPACITY_AH, ACID_AH]] *= health
        values[k, DEPLETION] /= health
        values[k, R0_OHM] *= _ratio(ohmic_mohm[k], document["ohmic_mohm"])
        sd[k] = np.minimum(np.hypot(document["theta_sd"], wanders[k]), spread[k])
        soh[k] = soh[k] if np.isfinite(soh[k]) else _number(document["soh_pct"])
        ohm[k] = ohm[k] if np.isfinite(ohm[k]) else _number(document["ohmic_mohm"])
    # The capacity is asked of every discharge anew, and leaving float differs each time.
    free = [fit.LN_ACID, fit.SURFACE_V, fit.COUP_V]
    sd[:, free] = spread[:, free]
    return Carried(TwinParameters(tuple(units.ids), values), sd, soh, ohm)


def _ratio(now: float, before: float | None) -> float:
    if before is None or not np.isfinite(now) or before <= 0 or now <= 0:
        return 1.0
    return float(np.clip(now / before, LEAST_RATIO, MOST_RATIO))


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def updated(before: Carried, identified: Identified, soh_pct: np.ndarray) -> Carried:
    """With the parameters that the month's discharges showed, and the health (J,) that counts them in."""
    values, sd = before.parameters.values.copy(), before.theta_sd.copy()
    place = {name: k for k, name in enumerate(before.parameters.battery_id)}
    rows = [place[name] for name in identified.parameters.battery_id]
    values[rows], sd[rows] = identified.parameters.values, identified.theta_sd
    return Carried(TwinParameters(before.parameters.battery_id, values), sd, soh_pct, before.ohmic_mohm)


def documents(state: TwinState, hands_on: Carried, identified: Identified, units: Units) -> Sequence[str]:
    """The document of each jar, in order of `state`."""
    fitted = {name: k for k, name in enumerate(identified.parameters.battery_id)}
    out = []
    for k, name in enumerate(state.battery_id):
        s = int(units.string_of[k])
        parts = {
            "x": state.x[k].tolist(), "cov": state.cov[k].ravel().tolist(), "at_us": int(state.at_us[k]),
            "counts": state.counts[k].tolist(), "string_id": units.strings[s],
            "anchors": state.anchors[s].tolist(), "loads": state.loads[s].tolist(),
            "zero_a": float(state.zero_a[s]),
            "parameters": dict(zip(NAMES, hands_on.parameters.values[k].tolist(), strict=True)),
            "theta_sd": hands_on.theta_sd[k].tolist(), "soh_pct": _plain(hands_on.soh_pct[k]),
            "ohmic_mohm": _plain(hands_on.ohmic_mohm[k]), "fit": _fit(identified, fitted.get(name)),
        }  # fmt: skip
        out.append(json.dumps(parts))
    return out


def _fit(fitted: Identified, k: int | None) -> dict[str, Any] | None:
    if k is None:
        return None
    return {
        "fitted_at": fitted.fitted_at[k].isoformat(), "soh_pct": _plain(fitted.soh_pct[k]),
        "soh_std_pct": _plain(fitted.soh_std_pct[k]), "rmse_v": _plain(fitted.rmse_v[k]),
        "drawn_share": _plain(fitted.drawn_share[k]), "theta": fitted.theta[k].tolist(),
    }  # fmt: skip


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def numbers_of(frame: pl.DataFrame, ids: Sequence[str], column: str) -> np.ndarray:
    """A column of a frame with one row per battery_id, in the order of ids; NaN where it is not known."""
    order = pl.DataFrame({"battery_id": list(ids)}, schema={"battery_id": pl.String})
    keyed = frame.with_columns(pl.col("battery_id").cast(pl.String)).unique("battery_id")
    joined = order.join(keyed, on="battery_id", how="left", maintain_order="left")
    return numbers(joined, column).astype(float)
