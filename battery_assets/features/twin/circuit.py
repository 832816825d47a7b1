"""The equivalent circuit of a jar: R0 and two RC branches, from a month's discharges or from what is known
before, each value within the range that a 12 V jar can have.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from battery_assets.features.charge.ocv_curve import open_circuit_v
from battery_assets.features.samples.runs import numbers
from battery_assets.features.twin.two_rc import TwoRc, Window, fit_two_rc, unseen_rmse_v

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
FIT_S, FIT_SAMPLES = 2700.0, 18.0  # over a longer stretch than needed the resistances are no longer one


@dataclass(frozen=True)
class Calibration:
    """A circuit and how far it is off: on the latest window without having seen it (`held_out`), or on the
    only one; until when it was seen."""

    fit: TwoRc
    rmse_v: float
    held_out: bool
    at: datetime


def calibration(
    windows: pl.DataFrame | None, capacity_ah: float | None, ohmic_mohm: float | None, soc_pct: float = 100.0
) -> Calibration | None:
    """The circuit that a jar's windows of the month show together, as discharge_windows returns them.

    capacity_ah: present C10. ohmic_mohm: the last reading. None without windows that can be fitted.
    """
    if windows is None or not ohmic_mohm or not capacity_ah:
        return None
    parts = windows.sort("window_start", "ts").partition_by("window_start", maintain_order=True)
    shown = [_window(part, capacity_ah) for part in parts]
    prior = prior_circuit(soc_pct, ohmic_mohm)
    means = 1e-3 * (prior["r1_mohm"] or 0.0), 1e-3 * (prior["r2_mohm"] or 0.0)
    r0 = ohmic_mohm * DC5S_FACTOR * 1e-3
    fit = fit_two_rc(shown, r0, means)
    if fit is None or not np.isfinite(fit.rmse_v):
        return None
    before = fit_two_rc(shown[:-1], r0, means) if len(shown) > 1 else None
    unseen = unseen_rmse_v(before, shown[-1]) if before is not None else np.nan
    held_out = bool(np.isfinite(unseen))
    return Calibration(fit, unseen if held_out else fit.rmse_v, held_out, parts[-1]["ts"][-1])


def _window(part: pl.DataFrame, capacity_ah: float) -> Window:
    us = part["ts"].dt.epoch("us").to_numpy()
    longest = max(FIT_S, FIT_SAMPLES * float(np.median(np.diff(us))) / 1e6) if len(us) > 1 else FIT_S
    used = part.filter(pl.Series((us - us[0]) / 1e6 <= longest))
    seconds = (used["ts"].dt.epoch("us").to_numpy() - us[0]) / 1e6
    current = numbers(used, "current_a").astype(float)
    step_ah = 0.5 * (current[1:] + current[:-1]) * np.diff(seconds) / 3600.0
    soc = 100.0 + 100.0 * np.concatenate([[0.0], np.cumsum(step_ah)]) / capacity_ah
    warm = np.nan_to_num(numbers(used, "temperature_c").astype(float), nan=25.0)
    return Window(seconds, current, numbers(used, "voltage_v").astype(float), open_circuit_v(soc, warm))


def circuit(
    soc_pct: float | None, ohmic_mohm: float | None, fit: TwoRc | None
) -> tuple[dict[str, float | None], list[str]]:
    """r0 … c2 in mΩ and F, and the names of fitted values out of range, for which the prior stands."""
    prior = prior_circuit(100.0 if soc_pct is None else soc_pct, ohmic_mohm)
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


def prior_circuit(soc_pct: float, ohmic_mohm: float | None) -> dict[str, float | None]:
    """The table of SOURCES 1.3 at a SOC, scaled with the jar's ohmic reading; all None without one."""
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
